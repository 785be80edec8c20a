package channels

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Config is what an adapter is made of: one channel's values and the world it
// may touch.
type Config struct {
	// Name of the channel, as "twilio-main".
	Name string
	// PublicURL is the exact URL that the provider calls and signs.
	PublicURL string
	// Settings are the open values, defaults filled in.
	Settings map[string]string
	// Secrets by setting key. The key "path" is the path secret of channels
	// whose provider signs nothing.
	Secrets map[string]Secret
	Clock   func() time.Time
	Rand    io.Reader
	// HTTP is the one way out. It refuses private addresses.
	HTTP Doer
	// Log takes ids and sizes, never an address, a text or a secret.
	Log *slog.Logger
}

// Doer sends a request; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// PathSecret is the key in Config.Secrets of a channel's path secret.
const PathSecret = "path"

// Adapter is the code of one channel. What else it can do it shows by
// implementing Webhook, Runner, Sender or Fetcher, as its Kind says.
type Adapter interface {
	// Parse reads one stored Raw in full: usually one message, none for what
	// says nothing. An error means that this Raw cannot be read by this code;
	// a later version may. Same Raw, same result.
	Parse(raw []byte) ([]Message, error)
}

// Webhook takes exchanges that a provider starts.
type Webhook interface {
	Adapter
	// Receive authenticates and splits an exchange that Kind.Admit let in; hosts
	// call Kind.Receive, which does both. An error is a *Refusal, and then
	// nothing is stored. Once an exchange is proved authentic nothing is
	// refused, and what cannot be split is one split of nature Unparsed.
	Receive(ctx context.Context, exchange Exchange) (Reception, error)
}

// Runner fetches or listens by itself: pollers and streams.
type Runner interface {
	Adapter
	// Run works until ctx ends (nil) or until it cannot go on. The host starts
	// it again with back-off, and only one instance runs it at a time.
	Run(ctx context.Context, inlet Inlet) error
}

// Inlet is where a Runner hands in what it found.
type Inlet interface {
	// Cursor is what Accept last kept; nil at first.
	Cursor(ctx context.Context) ([]byte, error)
	// Accept returns once the splits and the cursor are durable, together. The
	// cursor may lag behind what was accepted, never lead.
	Accept(ctx context.Context, splits []Split, cursor []byte) error
}

// Sender sends messages.
type Sender interface {
	Adapter
	// Send hands one message to the provider and returns its id there, to
	// which later delivery receipts refer. An error is a *SendError.
	Send(ctx context.Context, message Outbound) (providerID string, err error)
}

// Fetcher has media that lie at the provider.
type Fetcher interface {
	Adapter
	// MediaRequest makes the request that brings one piece of media, with its
	// authorisation. The host sends it, checks where it goes and drops the
	// authorisation when it is led to another host. It fails for a URL that is
	// not the provider's.
	MediaRequest(ctx context.Context, media Media) (*http.Request, error)
}

// Exchange is one HTTP request to a channel, read within its kind's limits.
// Nothing of where it came from is in it.
type Exchange struct {
	Method string
	// Query is the raw query as it came, without "?".
	Query string
	// Path is what followed the channel's name and secret; usually empty.
	Path   string
	Header http.Header
	Body   []byte
	// PathSecret as it came; the adapter compares it.
	PathSecret string
	// ID is fresh, for messages whose provider gives none.
	ID string
	// Scope keeps apart the ids that two authenticated callers choose; empty
	// for anonymous ones.
	Scope string
	At    time.Time
}

// Reception is what an exchange held and what to answer once it is stored.
type Reception struct {
	// Messages may be none: a handshake, a menu step.
	Messages []Split
	Answer   Answer
}

// Answer is an HTTP answer. Body is empty where the host has more to say than
// the adapter knows, as the receipt of a report.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Split is one message as it is stored before anybody reads it.
type Split struct {
	// ProviderID is unique in the channel for ever.
	ProviderID string
	// Digest is Message.Digest of what Parse will give; for Unparsed the
	// digest of the body.
	Digest [32]byte
	// Raw is all that Parse needs, including the bytes as they came.
	Raw    []byte
	Nature Nature
	// From is who sent it, so that an opt-out or a limit can act at once.
	From Address
	// Why it is Unparsed: a stable snake_case code.
	Why string
}

// Nature is what a message is for.
type Nature string

const (
	// Report is anything a person said, "HELP" too: in a crisis it may be
	// meant.
	Report Nature = "report"
	// Stop is an opt-out, Start undoes it. Neither is ever a report.
	Stop  Nature = "stop"
	Start Nature = "start"
	// Delivery says what became of a message that was sent.
	Delivery Nature = "delivery"
	// Other is kept and says nothing: a deletion notice, a ping.
	Other Nature = "other"
	// Unparsed is authentic and could not be split.
	Unparsed Nature = "unparsed"
)
