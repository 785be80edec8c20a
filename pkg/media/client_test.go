package media

import (
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// serve listens on an address of this machine.
func serve(t *testing.T, address string, handler http.Handler) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Skipf("this machine has no %s to listen on: %v", address, err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// hostile are URLs that must lead nowhere; PORT is that of a server on this
// machine that would answer.
const hostile = `
http://127.0.0.1:PORT/
http://127.0.0.1.:PORT/
http://127.1:PORT/
http://127.255.255.254:PORT/
http://0.0.0.0:PORT/
http://0:PORT/
http://2130706433:PORT/
http://0x7f000001:PORT/
http://0177.0.0.1:PORT/
http://localhost:PORT/
http://LOCALHOST:PORT/
http://localhost.:PORT/
http://[::1]:PORT/
http://[::]:PORT/
http://[0:0:0:0:0:0:0:1]:PORT/
http://[::ffff:127.0.0.1]:PORT/
http://[::ffff:7f00:1]:PORT/
http://[::127.0.0.1]:PORT/
http://[64:ff9b::7f00:1]:PORT/
http://[64:ff9b:1::7f00:1]:PORT/
http://[2002:7f00:1::]:PORT/
http://[2001::1]:PORT/
http://[2001:db8::1]:PORT/
http://[fe80::1]:PORT/
http://[fe80::1%25lo]:PORT/
http://[fec0::1]:PORT/
http://[fc00::1]:PORT/
http://[fd00:ec2::254]:PORT/
http://[ff02::1]:PORT/
http://[3fff::1]:PORT/
http://10.0.0.1:PORT/
http://172.16.0.1:PORT/
http://192.168.0.1:PORT/
http://169.254.169.254/latest/meta-data/
http://100.64.0.1:PORT/
http://192.0.0.1:PORT/
http://192.0.2.1:PORT/
http://198.18.0.1:PORT/
http://198.51.100.1:PORT/
http://203.0.113.1:PORT/
http://224.0.0.1:PORT/
http://240.0.0.1:PORT/
http://255.255.255.255:PORT/
http://user:pass@example.org/
http://user@127.0.0.1:PORT/
ftp://example.org/file
file:///etc/passwd
gopher://127.0.0.1:PORT/_
http:///nohost
`

func hostileURLs(port string) []string {
	return strings.Fields(strings.ReplaceAll(hostile, "PORT", port))
}

func TestHostileURLsLeadNowhere(t *testing.T) {
	var visits atomic.Int32
	inside, _ := url.Parse(serve(t, "127.0.0.1", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits.Add(1)
		_, _ = io.WriteString(w, "secret")
	})))
	// The check must be able to fail: trusted, the same server is reached.
	careless := NewClient(netip.MustParsePrefix("127.0.0.0/8"))
	if _, err := careless.Fetch(get(t, inside.String()), 100); err != nil || visits.Load() != 1 {
		t.Fatalf("the server inside cannot be reached at all: %v", err)
	}
	visits.Store(0)

	var target atomic.Value
	outside := serve(t, "127.0.0.2", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{target.Load().(string)}
		w.WriteHeader(http.StatusFound)
	}))
	client := NewClient(netip.MustParsePrefix("127.0.0.2/32"))
	urls := hostileURLs(inside.Port())
	if len(urls) < 40 {
		t.Fatalf("only %d URLs", len(urls))
	}
	for _, one := range urls {
		if request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, one, nil); err == nil {
			if _, err := client.Fetch(request, 100); err == nil {
				t.Errorf("%s was fetched", one)
			} else if strings.Contains(err.Error(), "127.") || strings.Contains(err.Error(), "example") {
				t.Errorf("%s: the error repeats it: %v", one, err)
			}
		}
		target.Store(one)
		if _, err := client.Fetch(get(t, outside), 100); err == nil {
			t.Errorf("%s was followed", one)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests reached the server inside", n)
	}
}

func TestRedirects(t *testing.T) {
	var seen atomic.Value
	other := serve(t, "127.0.0.3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Clone())
		_, _ = io.WriteString(w, "picture")
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("/chain/", func(w http.ResponseWriter, r *http.Request) {
		rest := strings.TrimPrefix(r.URL.Path, "/chain/")
		if rest == "" {
			seen.Store(r.Header.Clone())
			_, _ = io.WriteString(w, "picture")
			return
		}
		http.Redirect(w, r, "/chain/"+rest[1:], http.StatusFound)
	})
	mux.HandleFunc("/other", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	base := serve(t, "127.0.0.2", mux)
	client := NewClient(netip.MustParsePrefix("127.0.0.2/31"))
	for _, c := range []struct {
		path string
		want error
		auth string
	}{
		{"/chain/", nil, "Basic c2VjcmV0"},
		{"/chain/aaa", nil, "Basic c2VjcmV0"},
		{"/chain/aaaa", ErrRedirects, ""},
		{"/other", nil, ""},
		{"/large", ErrTooLarge, ""},
		{"/gone", StatusError(410), ""},
	} {
		request := get(t, base+c.path)
		request.Header.Set("Authorization", "Basic c2VjcmV0")
		content, err := client.Fetch(request, 50_000)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.path, err, c.want)
		}
		if err != nil {
			continue
		}
		if string(content.Bytes) != "picture" {
			t.Errorf("%s: fetched %q", c.path, content.Bytes)
		}
		if header := seen.Load().(http.Header); header.Get("Authorization") != c.auth || header.Get("Referer") != "" {
			t.Errorf("%s: arrived with Authorization %q, Referer %q", c.path, header.Get("Authorization"), header.Get("Referer"))
		}
	}
}

// To another host only what cannot be a key goes along; back and forth too.
func TestNoKeyGoesToAnotherHost(t *testing.T) {
	var seen atomic.Value
	other := serve(t, "127.0.0.3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Clone())
		if r.URL.Path == "/on" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	}))
	base := serve(t, "127.0.0.2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			seen.Store(r.Header.Clone())
			return
		}
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	}))
	sent := http.Header{"Accept": {"image/*"}, "Accept-Language": {"sw"}, "User-Agent": {"Onyo/1"}, "Range": {"bytes=0-9"},
		"Authorization": {"Bearer s"}, "Cookie": {"s=s"}, "X-Api-Key": {"s"}, "apiKey": {"s"}, "Proxy-Authorization": {"s"}}
	open := []string{"Accept", "Accept-Language", "Range", "User-Agent"}
	client := NewClient(netip.MustParsePrefix("127.0.0.2/31"))
	for to, want := range map[string][]string{other + "/": open, other + "/on": open, "/here": slices.Sorted(maps.Keys(canonical(sent)))} {
		request := get(t, base+"/?to="+url.QueryEscape(to))
		request.Header = sent.Clone()
		if _, err := client.Fetch(request, 100); err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(seen.Load().(http.Header))); !slices.Equal(got, want) {
			t.Errorf("to %s went %q, want %q", to, got, want)
		}
	}
}

func canonical(header http.Header) http.Header {
	out := http.Header{}
	for name, values := range header {
		out[http.CanonicalHeaderKey(name)] = values
	}
	return out
}

// What says something, or may change something, is not repeated elsewhere, not
// even on the same host.
func TestOnlyQuestionsAreRedirected(t *testing.T) {
	var followed atomic.Int32
	base := serve(t, "127.0.0.2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			followed.Add(1)
			return
		}
		http.Redirect(w, r, "/there", status)
	}))
	client := NewClient(netip.MustParsePrefix("127.0.0.2/32"))
	for _, c := range []struct {
		method, body string
		want         error
	}{
		{http.MethodGet, "", nil}, {http.MethodHead, "", nil}, {http.MethodGet, "words", ErrRedirects},
		{http.MethodPost, "words", ErrRedirects}, {http.MethodPost, "", ErrRedirects}, {http.MethodPut, "words", ErrRedirects}, {http.MethodDelete, "", ErrRedirects},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			followed.Store(0)
			request, err := http.NewRequestWithContext(t.Context(), c.method, base+"/"+strconv.Itoa(status), strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			if !errors.Is(err, c.want) || (followed.Load() == 1) != (c.want == nil) {
				t.Errorf("%s %q, %d: %v, followed %d times", c.method, c.body, status, err, followed.Load())
			}
		}
	}
}

func TestPublicAddressesAreAllowed(t *testing.T) {
	guard := newGuard(nil)
	for _, public := range []string{"8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"} {
		if !guard.allows(netip.MustParseAddr(public)) {
			t.Errorf("%s is public", public)
		}
	}
	if guard.allows(netip.Addr{}) {
		t.Error("no address at all is not public")
	}
}

func TestFaultsHaveStableCodes(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  string
		again bool
	}{
		{ErrAddress, "address_refused", false}, {ErrURL, "url_refused", false}, {ErrRedirects, "redirects_refused", false},
		{ErrTooLarge, "too_large", false}, {StatusError(404), "status_404", true}, {StatusError(403), "status_403", false},
		{StatusError(503), "status_503", true}, {errors.New("reset"), "unreachable", true},
	} {
		if code, again := fault(c.err); code != c.code || again != c.again {
			t.Errorf("%v: %s, again %v", c.err, code, again)
		}
	}
}
