package crisis

import "time"

// Letter is what the Raw of an outbound message holds, as JSON.
type Letter struct {
	Text     string `json:"text"`
	Language string `json:"language,omitempty"`
	// Kind is one of those below.
	Kind string `json:"kind"`
}

// Kinds of Letter: what a person wrote; what Onyo says by itself, without or with a
// link to a report card.
const (
	LetterReply           = "reply"
	LetterAcknowledgement = "acknowledgement"
	LetterCard            = "card"
)

// Position is how far a channel that fetches has come, in its adapter's own
// words. It lies sealed: some providers' ids name people.
type Position struct {
	Channel ID
	Cursor  []byte
}

// DeliveryState is how far a message that goes out has got.
type DeliveryState string

const (
	// DeliveryQueued waits for us, DeliveryHanded lies with a gateway that came
	// and asked; neither has left.
	DeliveryQueued DeliveryState = "queued"
	DeliveryHanded DeliveryState = "handed"
	// DeliverySent is with the provider, DeliveryDelivered with the recipient's
	// device, DeliveryRead was opened.
	DeliverySent      DeliveryState = "sent"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryRead      DeliveryState = "read"
	// DeliveryFailed will not arrive, DeliveryStopped was not to be sent any more.
	DeliveryFailed  DeliveryState = "failed"
	DeliveryStopped DeliveryState = "stopped"
)

// order of the states that follow each other by themselves.
func (s DeliveryState) order() int {
	switch s {
	case DeliveryHanded:
		return 1
	case DeliverySent:
		return 2
	case DeliveryFailed, DeliveryStopped:
		return 3
	case DeliveryDelivered:
		return 4
	case DeliveryRead:
		return 5
	}
	return 0
}

// Before says whether next is news after s: receipts come late and in any order,
// and a delivered message never becomes a sent one again.
func (s DeliveryState) Before(next DeliveryState) bool { return s.order() < next.order() }

// Waits says whether the message has still to leave.
func (s DeliveryState) Waits() bool { return s == DeliveryQueued || s == DeliveryHanded }

// Delivery is where one outbound message stands.
type Delivery struct {
	Message ID
	Channel ID
	State   DeliveryState
	// Attempts counts how often we tried to hand it to the provider.
	Attempts int
	// Due is when it is to be tried, or offered, next.
	Due time.Time
	// ProviderKey is the provider's id under the dedupe key; zero until known.
	ProviderKey [32]byte
	// Code is the provider's, or ours, for what went wrong.
	Code string
	// Since is when it was queued, At when this state was reached.
	Since, At time.Time
}

// Traffic is what a channel exchanged with the world, as the exchange log keeps it
// for seven days: what happened, never what was said, by whom, or a secret.
// Exchanges that are alike and follow each other within a second share a line.
type Traffic struct {
	Channel string
	At      time.Time
	// Direction is in for what a provider asked of us, out for what we asked.
	Direction Direction
	Method    string
	// Host is whom we asked; empty for what came in.
	Host string
	// Status is the HTTP status of the answer; 0 where there was none.
	Status int
	// Code says why it was refused or failed; empty for what went well.
	Code string
	// Bytes of the body that came in or that we sent.
	Bytes int64
	Took  time.Duration
	// Messages is how many it held, Exchanges how many there were alike: bytes,
	// messages and time are their sums.
	Messages, Exchanges int
	// Shape names the parts of the body and how long each was, as
	// "Body=34 From=13"; no value.
	Shape string
}

// TrafficCount is how often something happened on a channel.
type TrafficCount struct {
	Channel   string
	Direction Direction
	Code      string
	Count     int
	Last      time.Time
}

// Aside is how many messages of a channel are put aside, and when the oldest of
// them came.
type Aside struct {
	Count  int
	Oldest time.Time
}
