package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// What stops a request before or while it is sent.
var (
	ErrAddress   = errors.New("the address is not on the public internet")
	ErrURL       = errors.New("only http and https URLs without a name and password in them are fetched")
	ErrRedirects = errors.New("redirected too often, to another scheme, or where only questions may be")
	ErrTooLarge  = errors.New("larger than allowed")
	// ErrLater: the provider could not say where something lies; it may yet.
	ErrLater = errors.New("the provider cannot say now where it lies")
)

// StatusError is an answer other than 200.
type StatusError int

func (e StatusError) Error() string { return fmt.Sprintf("answered %d", int(e)) }

const (
	maxRedirects   = 3
	maxHeaderBytes = 64 << 10
	// Timeout bounds one request, body included.
	Timeout = 60 * time.Second
)

// Client is the one way out: every connection's address is checked after the
// name was resolved and before anything is sent, no proxy is used, at most three
// redirects are followed and none to another scheme, only what asks and says
// nothing (GET and HEAD without a body) follows one, and no key follows it to
// another host. It is safe for concurrent use.
type Client struct {
	http  *http.Client
	guard guard
	// own are the addresses, as host:port, that an admin wrote down: they may lie
	// in a private network.
	own []string
}

// NewClient makes the client. Trusted ranges may be spoken to although they are
// not public: a gateway in the deployment's own network, a test's server.
func NewClient(trusted ...netip.Prefix) *Client { return newClient(newGuard(trusted)) }

// For is a Client that may also speak to these addresses, each a host:port as a
// URL would lead to it, wherever they lie. It shares no connection with c.
func (c *Client) For(addresses ...string) *Client {
	if len(addresses) == 0 {
		return c
	}
	return newClient(c.guard, addresses...)
}

func newClient(guard guard, own ...string) *Client {
	c := &Client{guard: guard, own: own}
	c.http = &http.Client{
		Timeout:       Timeout,
		CheckRedirect: redirect,
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            c.DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConnsPerHost:    4,
			MaxConnsPerHost:        32,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}
	return c
}

// DialContext makes a connection for whatever is no single HTTP request: a stream,
// a mail server. The same addresses are refused.
func (c *Client) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	if !slices.Contains(c.own, address) {
		dialer.Control = c.control
	}
	return dialer.DialContext(ctx, network, address)
}

// control sees the address that is about to be connected to, whatever name led
// there, so a name that changes its address between check and use gains nothing.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !c.guard.allows(at.Addr()) {
		return ErrAddress
	}
	return nil
}

func redirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects || next.URL.Scheme != first.URL.Scheme || !onlyAsks(first) {
		return ErrRedirects
	}
	if err := checkURL(next); err != nil {
		return err
	}
	next.Header.Del("Referer")
	if next.URL.Host != first.URL.Host {
		// Keys travel in headers of any name, so what is none is named here.
		kept := http.Header{}
		for _, name := range []string{"Accept", "Accept-Language", "User-Agent", "Range"} {
			if values := next.Header.Values(name); len(values) > 0 {
				kept[name] = values
			}
		}
		next.Header = kept
	}
	return nil
}

// onlyAsks says whether a request carries nothing that its first host alone may
// read: a form with a password, somebody's words.
func onlyAsks(request *http.Request) bool {
	asks := request.Method == "" || request.Method == http.MethodGet || request.Method == http.MethodHead
	return asks && (request.Body == nil || request.Body == http.NoBody)
}

func checkURL(request *http.Request) error {
	u := request.URL
	if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
		return ErrURL
	}
	return nil
}

// Do sends a request. It is what adapters get as their way out.
func (c *Client) Do(request *http.Request) (*http.Response, error) {
	if err := checkURL(request); err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, bare(err)
	}
	return response, nil
}

// bare takes the URL out of an error, because it may name a person.
func bare(err error) error {
	for _, known := range []error{ErrAddress, ErrURL, ErrRedirects, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return context.DeadlineExceeded
	}
	return errors.New("the other side cannot be reached")
}

// Content is what a URL held.
type Content struct {
	Bytes []byte
	// Type is what the server called it, without parameters; "" for nothing
	// readable.
	Type string
}

// Fetch sends a request and reads at most limit bytes of its answer. Errors are
// those above, a StatusError, or one of the context's; none repeats the URL.
func (c *Client) Fetch(request *http.Request, limit int64) (Content, error) {
	response, err := c.Do(request)
	if err != nil {
		return Content{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Content{}, StatusError(response.StatusCode)
	}
	if response.ContentLength > limit {
		return Content{}, ErrTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return Content{}, bare(err)
	}
	if int64(len(data)) > limit {
		return Content{}, ErrTooLarge
	}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	return Content{Bytes: data, Type: kind}, nil
}

// fault is a stable code for a failed fetch, and whether trying again may help.
func fault(err error) (code string, again bool) {
	var status StatusError
	switch {
	case errors.Is(err, ErrAddress):
		return "address_refused", false
	case errors.Is(err, ErrURL):
		return "url_refused", false
	case errors.Is(err, ErrRedirects):
		return "redirects_refused", false
	case errors.Is(err, ErrTooLarge):
		return "too_large", false
	case errors.As(err, &status):
		// 404 too: providers list media before they can be fetched.
		gone := status == http.StatusGone || status == http.StatusUnauthorized || status == http.StatusForbidden
		return fmt.Sprintf("status_%d", int(status)), !gone
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout", true
	}
	return "unreachable", true
}
