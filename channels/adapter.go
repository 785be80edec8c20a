package channels

import (
	"context"
	"io"
	"log/slog"
	"net"
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
	// HTTP is the one way out for single requests, Dial for whatever else needs a
	// connection: a stream, a mail server. Both refuse private addresses, except
	// those that the channel's own Endpoint settings name.
	HTTP Doer
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolver asks the DNS about a sender's domain.
	Resolver Resolver
	// Emergency is what every witness is told, in a language (BCP 47); it may
	// change while the adapter lives. Nil says nothing.
	Emergency func(language string) string
	// Categories are what can be reported here, in the deployment's order,
	// labelled in a language. Nil offers none.
	Categories func(language string) []Choice
	// Log takes ids and sizes, never an address, a text or a secret.
	Log *slog.Logger
}

// Choice is one thing that a menu or a form offers.
type Choice struct{ Key, Label string }

// Resolver is the part of *net.Resolver that checks of a sender need.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
	LookupAddr(ctx context.Context, address string) ([]string, error)
}

// Doer sends a request; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// PathSecret is the key in Config.Secrets of a channel's path secret.
const PathSecret = "path"

// Adapter is the code of one channel. What else it can do it shows by
// implementing Webhook, Runner, Sender, Fetcher or Tester, as its Kind says.
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

// Tester asks its provider whether a channel's values are good. Nothing is sent
// to any person by it. An error says what to mend, and repeats no secret.
type Tester interface {
	Adapter
	Test(ctx context.Context) error
}

// Fetcher has media that lie at the provider.
type Fetcher interface {
	Adapter
	// MediaRequest makes the request that brings one piece of media, with its
	// authorisation. The host sends it, checks where it goes and drops the
	// authorisation when it is led to another host. Some providers must be asked
	// first where it lies. An error that is ErrTemporary or ErrThrottled may
	// pass; any other is final, as for a URL that is not the provider's.
	MediaRequest(ctx context.Context, media Media) (*http.Request, error)
}

// Exchange is one HTTP request to a channel, read within its kind's limits.
// Nothing of where it came from is in it.
type Exchange struct {
	Method string
	// Query is the raw query as it came, without "?".
	Query string
	// Path is what followed the channel's name and secret, without a slash at its
	// beginning; usually empty.
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
	// Collect, where it is set, hands over messages that wait to be sent: a
	// gateway behind a telephone or a firewall comes and asks for them.
	Collect *Collect
}

// Collect is a gateway's question for messages to send.
type Collect struct {
	// Max is how many it takes at once.
	Max int
	// Awaited asks instead for messages that were handed over before and of whose
	// end nothing is known yet: some gateways report only on what they are asked
	// about. Nothing counts as handed over by it.
	Awaited bool
	// Answer writes them in the gateway's words, none too; it replaces the
	// Reception's Answer. A gateway tells later, as Delivery messages whose
	// Status.Of is Outbound.ID, what became of them; what it never speaks of is
	// offered again.
	Answer func([]Outbound) Answer
}

// Answer is an HTTP answer. Body is empty where the host has more to say than
// the adapter knows, as the receipt of a report.
type Answer struct {
	Status      int
	ContentType string
	// Header holds what else the provider wants to hear; usually nil.
	Header http.Header
	Body   []byte
}

// Split is one message as it is stored before anybody reads it.
type Split struct {
	// ProviderID is unique in the channel for ever.
	ProviderID string
	// Alias is Message.Alias.
	Alias string
	// Digest is Message.Digest of what Parse will give; for Unparsed the
	// digest of the body.
	Digest [32]byte
	// Raw is all that Parse needs, including the bytes as they came.
	Raw    []byte
	Nature Nature
	// From is who sent it, so that an opt-out or a limit can act at once.
	From Address
	// Why it is Unparsed or Other: a stable snake_case code.
	Why string
	// Once is a proof that its provider gives for one message alone, where the proof
	// does not cover the content: with other content, whoever brings it has seen a
	// true request and is refused as not authentic. Empty where the proof covers
	// what was sent.
	Once string
	// Hindsight marks what was found by asking the provider afterwards, and may
	// lack something that the provider tells only at the time: it is kept only
	// where nothing came under its id before.
	Hindsight bool
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
