package public

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Uploads keeps files that come in pieces until a report takes them. Ids are
// secrets of those who made them. Errors are crisis.ErrNotFound or problems.
type Uploads interface {
	// MaxBytes is what one may have.
	MaxBytes() int64
	Create(length int64, contentType string) (id string, expires time.Time, err error)
	// Append adds what begins at an offset, and returns where the upload ends now.
	Append(id string, offset int64, from io.Reader) (ends int64, expires time.Time, err error)
	State(id string) (offset, length int64, expires time.Time, err error)
	// Take is all of a finished upload; Used says that a report has it.
	Take(id string) (content []byte, contentType string, err error)
	Used(id string)
	Drop(id string) error
}

// tusVersion is the one version of the protocol for resumable uploads.
// Source: https://tus.io/protocols/resumable-upload
const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,expiration,termination"
	uploadType    = "application/offset+octet-stream"
	// uploadsMost is how many uploads one report may have.
	uploadsMost = 10
)

func (s *Site) uploadRoutes() []web.Route {
	if s.Uploads == nil {
		return nil
	}
	const all, one = "/api/v1/uploads", "/api/v1/uploads/:id"
	route := func(method, path, summary string, status int, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: path, Access: web.Anyone, Tag: "uploads", Summary: summary, Status: status, Handler: tus(handler)}
	}
	return []web.Route{
		route("OPTIONS", all, "What of tus 1.0.0 is understood", http.StatusNoContent, s.aboutUploads),
		route("POST", all, "Begin a resumable upload of Upload-Length bytes; Location is where it goes on", http.StatusCreated, s.createUpload),
		route("HEAD", one, "How far an upload got", http.StatusOK, s.uploadState),
		route("PATCH", one, "Go on with an upload at Upload-Offset", http.StatusNoContent, s.appendUpload),
		route("DELETE", one, "Drop an upload", http.StatusNoContent, s.dropUpload),
		route("POST", one, "PATCH or DELETE by X-HTTP-Method-Override, where a proxy lets no others through", http.StatusNoContent, s.overrideUpload),
	}
}

// tus checks the protocol's version and names ours, in refusals too.
func tus(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header, request := c.Response().Header(), c.Request()
		header.Set("Tus-Resumable", tusVersion)
		header.Set("Cache-Control", "no-store")
		if request.Method != http.MethodOptions && request.Header.Get("Tus-Resumable") != tusVersion {
			header.Set("Tus-Version", tusVersion)
			return web.Refuse(http.StatusPreconditionFailed, "tus_version", "Tus-Resumable", "Send Tus-Resumable: %s.", tusVersion)
		}
		err := next(c)
		if errors.Is(err, crisis.ErrNotFound) {
			return web.Refuse(http.StatusNotFound, "no_such_upload", "", "There is no such upload, or its time is over. Begin it again.")
		}
		return err
	}
}

func (s *Site) aboutUploads(c echo.Context) error {
	header := c.Response().Header()
	header.Set("Tus-Version", tusVersion)
	header.Set("Tus-Extension", tusExtensions)
	header.Set("Tus-Max-Size", strconv.FormatInt(s.Uploads.MaxBytes(), 10))
	return c.NoContent(http.StatusNoContent)
}

// createUpload is limited like a report: it is the beginning of one.
func (s *Site) createUpload(c echo.Context) error {
	if _, program := s.Submitter(c); !program {
		if err := s.Submissions.Allow(s.Callers.Of(c.Request()), "Too many uploads from your network at once."); err != nil {
			return err
		}
	}
	length, err := number(c, "Upload-Length")
	if err != nil {
		return err
	}
	contentType, err := claimedType(c.Request().Header.Get("Upload-Metadata"))
	if err != nil {
		return err
	}
	id, expires, err := s.Uploads.Create(length, contentType)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/uploads/"+id)
	expiring(c, expires)
	return c.NoContent(http.StatusCreated)
}

func (s *Site) uploadState(c echo.Context) error {
	offset, length, expires, err := s.Uploads.State(c.Param("id"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Upload-Length", strconv.FormatInt(length, 10))
	reached(c, offset, expires)
	return c.NoContent(http.StatusOK)
}

func (s *Site) appendUpload(c echo.Context) error {
	if c.Request().Header.Get("Content-Type") != uploadType {
		return web.Refuse(http.StatusUnsupportedMediaType, "wrong_type", "", "Send %s.", uploadType)
	}
	offset, err := number(c, "Upload-Offset")
	if err != nil {
		return err
	}
	ends, expires, err := s.Uploads.Append(c.Param("id"), offset, c.Request().Body)
	if err != nil {
		return err
	}
	reached(c, ends, expires)
	return c.NoContent(http.StatusNoContent)
}

func (s *Site) dropUpload(c echo.Context) error {
	if err := s.Uploads.Drop(c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Site) overrideUpload(c echo.Context) error {
	switch c.Request().Header.Get("X-HTTP-Method-Override") {
	case http.MethodPatch:
		return s.appendUpload(c)
	case http.MethodDelete:
		return s.dropUpload(c)
	}
	return web.Refuse(http.StatusMethodNotAllowed, "wrong_method", "", "Use HEAD, PATCH or DELETE.")
}

func expiring(c echo.Context, expires time.Time) {
	c.Response().Header().Set("Upload-Expires", expires.UTC().Format(http.TimeFormat))
}

func reached(c echo.Context, offset int64, expires time.Time) {
	c.Response().Header().Set("Upload-Offset", strconv.FormatInt(offset, 10))
	expiring(c, expires)
}

func number(c echo.Context, header string) (int64, error) {
	n, err := strconv.ParseInt(c.Request().Header.Get(header), 10, 64)
	if err != nil || n < 0 {
		return 0, web.BadField(header, "Send a number of bytes.")
	}
	return n, nil
}

// claimedType is the media type among an upload's metadata: pairs of a key and a
// value in base64, separated by commas. Nothing else of it is kept: a file's name
// can say who its sender is.
func claimedType(metadata string) (string, error) {
	for pair := range strings.SplitSeq(metadata, ",") {
		key, encoded, _ := strings.Cut(strings.TrimSpace(pair), " ")
		value, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return "", web.BadField("Upload-Metadata", "Write pairs of a key and a value in base64, separated by commas.")
		}
		if key != "filetype" {
			continue
		}
		if mediaType, _, err := mime.ParseMediaType(string(value)); err == nil && len(mediaType) <= 100 {
			return mediaType, nil
		}
	}
	return "application/octet-stream", nil
}

// takeUploads puts the files that a report names as uploads behind it, as parts of
// a multipart body; the channel makes sure that all are there. Call done when the
// report was taken, or not: the uploads of a taken one wait a little longer, for
// the case that its answer is lost and it comes again.
func (s *Site) takeUploads(c echo.Context, submission *Submission) (done func(taken bool), err error) {
	var named struct {
		Uploads []string `json:"uploads"`
	}
	mediaType, _, _ := mime.ParseMediaType(submission.Header.Get("Content-Type"))
	if s.Uploads == nil || mediaType != "application/json" || json.Unmarshal(submission.Body, &named) != nil || len(named.Uploads) == 0 {
		return func(bool) {}, nil // what is wrong with the body the channel says
	}
	if len(named.Uploads) > uploadsMost {
		return nil, web.Refuse(http.StatusBadRequest, "too_many", "uploads", "At most %d.", uploadsMost)
	}
	release, err := s.weighUploads(c, named.Uploads)
	if err != nil {
		return nil, err
	}
	if err := s.compose(submission, named.Uploads); err != nil {
		release()
		return nil, err
	}
	return func(taken bool) {
		release()
		for _, id := range named.Uploads {
			if taken {
				s.Uploads.Used(id)
			}
		}
	}, nil
}

// weighUploads reserves room for uploads in memory.
func (s *Site) weighUploads(c echo.Context, ids []string) (release func(), err error) {
	var total int64
	for _, id := range ids {
		_, length, _, err := s.Uploads.State(id)
		if errors.Is(err, crisis.ErrNotFound) {
			return nil, web.Refuse(http.StatusBadRequest, "no_such_upload", "uploads", "One of them is not there, or its time is over. Upload the file again.")
		}
		if err != nil {
			return nil, err
		}
		total += length
	}
	limit := s.Door.BodyBytes()
	if total > limit {
		return nil, web.Refuse(http.StatusRequestEntityTooLarge, "too_large", "uploads", "All files together may have at most %d bytes.", limit)
	}
	weighed := c.Request().Clone(c.Request().Context())
	weighed.ContentLength = total
	return s.Weight.Take(weighed, limit)
}

func (s *Site) compose(submission *Submission, ids []string) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	write := func(name, contentType string, content []byte) error {
		part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + name + `"`}, "Content-Type": {contentType}})
		if err == nil {
			_, err = part.Write(content)
		}
		return err
	}
	if err := write("report", "application/json", submission.Body); err != nil {
		return fmt.Errorf("compose a report: %w", err)
	}
	for _, id := range ids {
		content, contentType, err := s.Uploads.Take(id)
		if err == nil {
			err = write("upload", contentType, content)
		}
		if err != nil {
			return err
		}
	}
	if err := form.Close(); err != nil {
		return fmt.Errorf("compose a report: %w", err)
	}
	submission.Body, submission.Header = body.Bytes(), submission.Header.Clone()
	submission.Header.Set("Content-Type", form.FormDataContentType())
	return nil
}
