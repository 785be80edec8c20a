// Package channels is the contract between Onyo and the ways in which people
// reach it. It knows nothing of Onyo: a kind says what it needs and can do, its
// adapter authenticates an exchange and splits it into messages, and later reads
// a stored message in full. Everything the host shows of a channel (routes,
// settings' help, limits, redaction, the list in the UI) follows from its Kind.
//
// Accepting happens in two steps, so that nothing slow stands between a witness
// and a durable copy:
//
//  1. Receive authenticates and splits, nothing more. Each Split carries its
//     provider's id, a digest of its content and Raw, the bytes that Parse needs.
//     The host stores all splits and only then sends the Answer.
//  2. Parse reads one Raw in full. It depends on nothing but Raw and may be rerun.
//
// Adapters are safe for concurrent use and keep no state that a restart would
// lose. They read no clock and draw no randomness but those of their Config.
package channels

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is the code behind a channel, as "sms.twilio".
type Kind struct {
	// Name is "family.provider", or "family" alone; stable for ever.
	Name string
	// Title and Summary are plain English, for people who choose a channel.
	Title   string
	Summary string
	// Settings in the order in which a person should fill them in.
	Settings []Setting
	Can      Capabilities
	Limits   Limits
	// Methods that its webhook answers; all others are 405 before the adapter.
	Methods []string
	// BodyTypes are the media types that its webhook accepts, without
	// parameters; all others are 415 before the adapter. A request without a
	// body needs none.
	BodyTypes []string
	// MediaHosts are the hosts from which media of this kind may be fetched
	// first; an entry that begins with a dot covers all names below it. "*" leaves
	// it to the adapter's MediaRequest, where the provider's host is a setting.
	MediaHosts []string
	// New makes the adapter of one channel. Settings are checked and complete.
	New func(Config) (Adapter, error)
}

// Setting is one value that a channel of a kind is configured with.
type Setting struct {
	// Key is snake_case.
	Key string
	// Help says what it is and where the provider shows it.
	Help     string
	Required bool
	// Secret values are sealed, have two live values while they are rotated,
	// and are never shown again.
	Secret  bool
	Default string
	// Endpoint: the value is a URL or host:port, or several with commas or white
	// space between, that this channel may reach even in a private network, because
	// an admin wrote it there.
	Endpoint bool
	// Check refuses a value and says what a good one looks like, never what
	// the bad one was. It may be nil.
	Check func(value string) error
}

// Capabilities say what a kind can do.
type Capabilities struct {
	// Webhook: the adapter implements Webhook. Run: it implements Runner.
	// Send: it implements Sender. Fetch: it implements Fetcher. Test: it
	// implements Tester.
	Webhook, Run, Send, Fetch, Test bool
	// Collect: messages to send are asked for (Reception.Collect).
	Collect bool
	// Signed: every exchange carries a proof of its origin. Where it is false
	// and Anonymous too, the path secret is the only proof.
	Signed bool
	// Anonymous: anybody may speak; rate limits apply before accept.
	Anonymous bool
	// Media: messages may carry media. Receipts: the provider reports what
	// became of a sent message.
	Media, Receipts bool
	// Mirror: the provider's terms demand that edits and deletions there are
	// followed here.
	Mirror bool
}

// Limits bound one exchange. They hold before anything is parsed.
type Limits struct {
	// BodyBytes bounds the body as it comes; TypeBytes lowers that for some of
	// the kind's body types.
	BodyBytes int64
	TypeBytes map[string]int64
	// Files and FileBytes bound the media that come inside a body.
	Files     int
	FileBytes int64
	// TextBytes bounds the text of one outbound message; 0 is no bound.
	TextBytes int
}

// Accepts says whether the webhook takes a body of this media type (lower case,
// without parameters).
func (k Kind) Accepts(mediaType string) bool { return slices.Contains(k.BodyTypes, mediaType) }

// Setting finds a setting by key.
func (k Kind) Setting(key string) (Setting, bool) {
	for _, s := range k.Settings {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}

// Check reports everything that is wrong with a channel's values at once (an
// error per problem, joined), each naming its setting and none repeating a value.
func (k Kind) Check(values map[string]string) error {
	var faults []error
	for _, s := range k.Settings {
		value := values[s.Key]
		switch {
		case value == "" && s.Required:
			faults = append(faults, fmt.Errorf("%s is missing: %s", s.Key, s.Help))
		case value != "" && s.Check != nil:
			if err := s.Check(value); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", s.Key, err))
			}
		}
	}
	var unknown []string
	for key := range values {
		if _, known := k.Setting(key); !known {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		faults = append(faults, fmt.Errorf("%s is no setting of %s", key, k.Name))
	}
	return errors.Join(faults...)
}

// Split divides a channel's values into open ones, defaults filled in, and
// secret ones.
func (k Kind) Split(values map[string]string) (open, secret map[string]string) {
	open, secret = map[string]string{}, map[string]string{}
	for _, s := range k.Settings {
		value := values[s.Key]
		if value == "" {
			value = s.Default
		}
		if value == "" {
			continue
		}
		if s.Secret {
			secret[s.Key] = value
		} else {
			open[s.Key] = value
		}
	}
	return open, secret
}

// MayFetch says whether host (without port) is one of the kind's media hosts.
func (k Kind) MayFetch(host string) bool {
	host = strings.ToLower(host)
	for _, allowed := range k.MediaHosts {
		if allowed == "*" || host == allowed || strings.HasPrefix(allowed, ".") && strings.HasSuffix(host, allowed) {
			return true
		}
	}
	return false
}
