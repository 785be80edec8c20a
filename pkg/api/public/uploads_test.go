package public

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/vault"
)

type files struct{ *media.Uploads }

func (files) MaxBytes() int64 { return media.MaxBytes }

// TestUploadsAreLimitedLikeReports: who may not send a third report in a minute
// begins no third upload, unless it is a program with a token.
func TestUploadsAreLimitedLikeReports(t *testing.T) {
	keys, err := vault.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	kept, err := media.NewUploads(t.TempDir(), keys, clock, rand.Reader, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []bool{false, true} {
		site := &Site{Uploads: files{kept}, Submissions: &web.Limiter{PerMinute: 2, Clock: clock},
			Submitter: func(echo.Context) (crisis.ID, bool) { return crisis.ID{}, program }}
		for i := range 3 {
			request := httptest.NewRequest(http.MethodPost, "/api/v1/uploads", nil)
			request.Header.Set("Tus-Resumable", tusVersion)
			request.Header.Set("Upload-Length", "1")
			err := tus(site.createUpload)(echo.New().NewContext(request, httptest.NewRecorder()))
			var problem *web.Problem
			limited := errors.As(err, &problem) && problem.Status == http.StatusTooManyRequests
			if want := i == 2 && !program; limited != want || err != nil && !limited {
				t.Errorf("program %t, upload %d: %v", program, i, err)
			}
		}
	}
}

// TestUploadsHaveAClaimedType and nothing else of what their sender says of them.
func TestUploadsHaveAClaimedType(t *testing.T) {
	for metadata, want := range map[string]string{
		"": "application/octet-stream", "filename SU1HLmpwZw==": "application/octet-stream", "is_confidential": "application/octet-stream",
		"filetype aW1hZ2UvanBlZw==": "image/jpeg", "a YQ==, filetype aW1hZ2UvanBlZztxPTE=": "image/jpeg",
		"filetype Pz8/": "application/octet-stream", "filetype ???": "",
	} {
		got, err := claimedType(metadata)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", metadata, got, err)
		}
	}
}
