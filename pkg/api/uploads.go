package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/media"
)

// uploads are files that come in pieces, as the public side sees them: what they
// say no with is a problem.
type uploads struct{ *media.Uploads }

// MaxBytes is what one upload may have.
func (u uploads) MaxBytes() int64 { return media.MaxBytes }

// Create begins an upload.
func (u uploads) Create(length int64, contentType string) (string, time.Time, error) {
	id, expires, err := u.Uploads.Create(length, contentType)
	return id, expires, uploadRefusal(err)
}

// Append goes on with one.
func (u uploads) Append(id string, offset int64, from io.Reader) (int64, time.Time, error) {
	ends, expires, err := u.Uploads.Append(id, offset, from)
	return ends, expires, uploadRefusal(err)
}

// Take is all of a finished one.
func (u uploads) Take(id string) ([]byte, string, error) {
	content, contentType, err := u.Uploads.Take(id)
	return content, contentType, uploadRefusal(err)
}

func uploadRefusal(err error) error {
	switch {
	case errors.Is(err, media.ErrOffset):
		return web.Refuse(http.StatusConflict, "wrong_offset", "Upload-Offset", "The upload does not end there. Ask with HEAD where it ends, and go on from there.")
	case errors.Is(err, media.ErrUnfinished):
		return web.Refuse(http.StatusConflict, "unfinished_upload", "uploads", "One of them is not finished. Go on with it, then send the report again.")
	case errors.Is(err, media.ErrLength):
		return web.Refuse(http.StatusRequestEntityTooLarge, "too_large", "Upload-Length", "At most %d bytes, and no more than were announced.", media.MaxBytes)
	case errors.Is(err, media.ErrPieces):
		return web.Refuse(http.StatusGone, "too_many_pieces", "", "The upload came in too many small pieces. Begin it again.")
	case errors.Is(err, media.ErrCut):
		return web.CutShort()
	case errors.Is(err, media.ErrFull):
		problem := web.Refuse(http.StatusServiceUnavailable, "no_room", "", "There is no room for uploads now. Send smaller files with the report itself, or try later.")
		problem.Header = map[string]string{"Retry-After": "600"}
		return problem
	}
	return err
}
