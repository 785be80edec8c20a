package media_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

// place is a store with a message whose media lie at a provider.
type place struct {
	t       *testing.T
	store   *store.Store
	keeper  *media.Keeper
	fetcher *media.Fetcher
	dir     string
	message *crisis.Message
	late    time.Duration
}

func (p *place) clock() time.Time { return time.Now().Add(p.late) }

func (p *place) first() crisis.Meta {
	id, err := crisis.NewID(p.clock(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return crisis.First(id, p.clock(), crisis.SystemActor("test"))
}

func (p *place) write(records ...crisis.Record) {
	p.t.Helper()
	if _, err := p.store.Write(p.t.Context(), crisis.Change{Action: "test.put", Actor: crisis.SystemActor("test"), At: p.clock(), Put: records}); err != nil {
		p.t.Fatal(err)
	}
}

func newPlace(t *testing.T, requests media.Requests) *place {
	p := &place{t: t, dir: t.TempDir()}
	options := storetest.Options(t, storetest.SQLite(t))
	options.Clock = p.clock
	p.store = storetest.OpenerWith(t, options)()
	files, err := media.NewFiles(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	p.keeper = media.NewKeeper(files, p.store, p.store)
	p.fetcher = media.NewFetcher(p.store, p.keeper, requests, "test", p.clock, slog.New(slog.NewTextHandler(io.Discard, nil)))
	channel := &crisis.Channel{Meta: p.first(), Name: "c", Kind: "k"}
	p.message = &crisis.Message{Meta: p.first(), Channel: channel.ID, Direction: crisis.Inbound, Kind: crisis.KindReport, Raw: []byte("raw")}
	p.write(channel, p.message)
	return p
}

func (p *place) blob(url string) *crisis.Blob {
	blob := &crisis.Blob{Meta: p.first(), Message: p.message.ID, State: crisis.BlobPending, URL: vault.Secret(url)}
	p.write(blob)
	return blob
}

func (p *place) step() {
	p.t.Helper()
	if err := p.fetcher.Step(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) now(blob *crisis.Blob) *crisis.Blob {
	p.t.Helper()
	now, err := crisis.Get[*crisis.Blob](p.t.Context(), p.store, blob.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return now
}

func byURL(ctx context.Context, blob *crisis.Blob) (*http.Request, *media.Client, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, blob.URL.Reveal(), nil)
	return request, media.NewClient(netip.MustParsePrefix("127.0.0.0/8")), err
}

func TestMediaAreFetchedKeptAndShown(t *testing.T) {
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 2000, 1000)), nil); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/picture", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture.Bytes()) })
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(picture.Bytes())
	})
	mux.HandleFunc("/secret", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	server := httptest.NewServer(mux)
	defer server.Close()

	p := newPlace(t, byURL)
	good, late := p.blob(server.URL+"/picture"), p.blob(server.URL+"/late")
	secret, broken, inside := p.blob(server.URL+"/secret"), p.blob(server.URL+"/broken"), p.blob("http://10.0.0.1/")
	p.step()
	if now := p.now(good); now.State != crisis.BlobStored || now.ContentType != "image/jpeg" || now.Bytes != int64(picture.Len()) || now.Digest == "" {
		t.Errorf("fetched: %+v", now)
	}
	if now := p.now(secret); now.State != crisis.BlobFailed || now.Why != "status_403" {
		t.Errorf("forbidden: %s %s", now.State, now.Why)
	}
	if now := p.now(inside); now.State != crisis.BlobFailed || now.Why != "address_refused" {
		t.Errorf("inside: %s %s", now.State, now.Why)
	}
	if n := asked.Load(); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	p.step() // too early to ask again
	if n := asked.Load(); n != 1 {
		t.Errorf("asked again at once")
	}
	for range 75 {
		p.late += time.Hour
		p.step()
	}
	if now := p.now(late); now.State != crisis.BlobStored || now.Rev != 2 {
		t.Errorf("there at last: %s rev %d", now.State, now.Rev)
	}
	if now := p.now(broken); now.State != crisis.BlobFailed || now.Why != "status_500" {
		t.Errorf("never there: %s %s", now.State, now.Why)
	}

	plain, _, err := p.keeper.Original(t.Context(), good.ID)
	if err != nil || !bytes.Equal(plain, picture.Bytes()) {
		t.Errorf("the original is %d bytes, %v", len(plain), err)
	}
	shown, err := p.keeper.Shown(t.Context(), good.ID)
	if err != nil {
		t.Fatal(err)
	}
	if config, err := jpeg.DecodeConfig(bytes.NewReader(shown)); err != nil || config.Width != media.ShownEdge {
		t.Errorf("shown %d wide, %v", config.Width, err)
	}
	if _, _, err := p.keeper.Original(t.Context(), broken.ID); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("what was never fetched: %v", err)
	}
	err = filepath.WalkDir(p.dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if data, err := os.ReadFile(path); err != nil || bytes.Contains(data, []byte("\xff\xd8\xff")) {
				t.Errorf("%s lies open, %v", path, err)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A fault that may pass costs no picture while a line is down for days: pauses
// grow from five seconds to an hour, and only the picture's age ends it, in
// whatever process.
func TestPassingFaultsAreOutlastedForThreeDays(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	p := newPlace(t, byURL)
	began := time.Now()
	clock := began // stands still unless it is moved
	anew := func() {
		p.fetcher = media.NewFetcher(p.store, p.keeper, byURL, "test", func() time.Time { return clock }, slog.New(slog.DiscardHandler))
	}
	anew()
	blob := p.blob(server.URL)
	due := func(after time.Duration) (tried bool) {
		before := asked.Load()
		clock = began.Add(after)
		p.step()
		return asked.Load() > before
	}
	at := time.Duration(0)
	if !due(at) {
		t.Fatal("not tried at once")
	}
	for _, pause := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600} {
		pause *= time.Second
		if due(at + pause - time.Millisecond) {
			t.Fatalf("tried again before %v had passed", pause)
		}
		if at += pause; !due(at) {
			t.Fatalf("not tried again after %v", pause)
		}
	}
	anew() // a restart counts anew, and gives no more time
	for at = 70 * time.Hour; at < 72*time.Hour; at += time.Hour {
		if !due(at) || p.now(blob).State != crisis.BlobPending {
			t.Fatalf("given up after %v: %s", at, p.now(blob).Why)
		}
	}
	due(72*time.Hour + time.Second)
	if now := p.now(blob); now.State != crisis.BlobFailed || now.Why != "status_503" {
		t.Errorf("after three days %s %s", now.State, now.Why)
	}
}

// What waited longer than that, because nothing ran, is still tried once.
func TestWhatIsOldIsTriedOnce(t *testing.T) {
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture.Bytes()) }))
	defer server.Close()
	p := newPlace(t, byURL)
	blob := p.blob(server.URL)
	p.late = 100 * time.Hour
	p.step()
	if now := p.now(blob); now.State != crisis.BlobStored {
		t.Errorf("%s %s", now.State, now.Why)
	}
}

func TestForgettingTheMessageForgetsItsMedia(t *testing.T) {
	p := newPlace(t, byURL)
	blob := &crisis.Blob{Meta: p.first(), Message: p.message.ID, State: crisis.BlobPending}
	if err := p.keeper.Keep(t.Context(), blob, []byte("canary")); err != nil {
		t.Fatal(err)
	}
	p.write(blob)
	if plain, _, err := p.keeper.Original(t.Context(), blob.ID); err != nil || string(plain) != "canary" {
		t.Fatalf("%q, %v", plain, err)
	}
	forget := crisis.Change{Action: "message.forgotten", Actor: crisis.SystemActor("test"), At: p.clock(), Forget: []crisis.ID{p.message.ID}}
	if _, err := p.store.Write(t.Context(), forget); err != nil {
		t.Fatal(err)
	}
	if plain, _, err := p.keeper.Original(t.Context(), blob.ID); err == nil || len(plain) > 0 {
		t.Errorf("still there: %q, %v", plain, err)
	}
}

func TestAFileTooLargeIsNotKept(t *testing.T) {
	p := newPlace(t, byURL)
	blob := &crisis.Blob{Meta: p.first(), Message: p.message.ID, State: crisis.BlobPending}
	if err := p.keeper.Keep(t.Context(), blob, make([]byte, media.MaxBytes+1)); err != nil || blob.State != crisis.BlobFailed || blob.Why != "too_large" {
		t.Errorf("%s %s, %v", blob.State, blob.Why, err)
	}
	exact := &crisis.Blob{Meta: p.first(), Message: p.message.ID, ContentType: "application/pdf; " + strings.Repeat("x", 10)}
	if err := p.keeper.Keep(t.Context(), exact, make([]byte, media.MaxBytes)); err != nil || exact.State != crisis.BlobStored {
		t.Errorf("%s, %v", exact.State, err)
	}
}

func TestARequestThatIsNotMadeFailsTheBlob(t *testing.T) {
	p := newPlace(t, func(context.Context, *crisis.Blob) (*http.Request, *media.Client, error) {
		return nil, nil, errors.New("none of ours")
	})
	blob := p.blob("https://evil.example/")
	p.step()
	if now := p.now(blob); now.State != crisis.BlobFailed || now.Why != "no_request" {
		t.Errorf("%s %s", now.State, now.Why)
	}
}
