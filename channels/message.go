package channels

import (
	"strconv"
	"time"
)

// Message is one inbound message in full.
type Message struct {
	ProviderID string
	// Alias is the name by which the provider's later messages (edits, replies,
	// deletions) call this one, where that is not ProviderID: Supersedes, Deletes,
	// Continues and ReplyTo may hold it, and what is kept of a message is found by
	// it. The edits of a message have the alias that it has. Like ProviderID it is
	// not part of the digest.
	Alias    string
	Nature   Nature
	From, To Address
	// At is the provider's time, zero where it gives none. It is transport and
	// not part of the digest.
	At time.Time
	// Text is valid UTF-8 without NUL.
	Text string
	// Language is a BCP 47 tag, or empty.
	Language string
	Location *Location
	// OccurredAt is when the sender says it happened, with the zone in which
	// it was said; zero if unsaid.
	OccurredAt time.Time
	Categories []string
	// Contact is how the sender wants to be reached, if not at From.
	Contact string
	Media   []Media
	// ReplyTo is the provider's id of the message that this one answers;
	// Thread groups a conversation.
	ReplyTo, Thread string
	// Supersedes and Deletes name an earlier message by its provider's id.
	Supersedes, Deletes string
	// Continues names an earlier message of the same sender, by its provider's id:
	// what this one says and carries is added to that one's report.
	Continues string
	// Part is set where this is one part of a longer text.
	Part *Part
	// Quoted is what the sender repeated of somebody else's words, as below an
	// answered mail; Text is without it.
	Quoted string
	// Subject is the heading of a mail, where it says something that Text does not.
	Subject string
	// Checks are what was found out about the sender as the message came: "spf",
	// "dkim" and "dmarc" with the results of RFC 8601, "forwarded" with "yes".
	// Like At they are transport.
	Checks map[string]string
	// Form is a form's key and version, Answers the JSON object of its answers.
	Form    string
	Answers []byte
	// Status is set when Nature is Delivery.
	Status *Status
}

// Part says which part of a longer text a message is. Parts with the same sender
// and the same Of are one text; the part's ProviderID is Of, "/part/" and Number.
type Part struct {
	Of string
	// Number counts from 1 to Total.
	Number, Total int
}

// PartID is the ProviderID of one part of a longer text.
func PartID(of string, number int) string { return of + "/part/" + strconv.Itoa(number) }

// Address is where a person or a channel is reached: scheme "tel" and an E.164
// number, "whatsapp", "mailto", "telegram" and so on. It never prints its value.
type Address struct{ Scheme, Value string }

// Location is where a message says it is: a point, words, a box, or several.
type Location struct {
	// Point is lon, lat in degrees, WGS 84.
	Point *Point
	// Words as "behind the market".
	Words string
	// Box is west, south, east, north: a place that is no point.
	Box *[4]float64
}

// Point is a position in degrees and its accuracy, a radius in metres; 0 is
// unknown.
type Point struct{ Lon, Lat, AccuracyM float64 }

// Media is a picture, a recording or a file: inline bytes, or where to fetch it.
type Media struct {
	// Ref identifies it in its channel for ever, as "MM12/0".
	Ref string
	// URL is where a Fetcher finds it; Bytes is set instead where it came along.
	URL   string
	Bytes []byte
	// Digest is the SHA-256 of the bytes: computed for inline ones, the
	// provider's word for others, zero where it gives none.
	Digest [32]byte
	// ContentType and Name are claims of the sender.
	ContentType, Name string
}

// Status is what became of a message that was sent.
type Status struct {
	// Of is the provider id that Send returned.
	Of    string
	State DeliveryState
	// Code is the provider's error code, if any.
	Code string
}

// DeliveryState is how far a sent message got.
type DeliveryState string

const (
	Queued      DeliveryState = "queued"
	SentOn      DeliveryState = "sent"
	Delivered   DeliveryState = "delivered"
	Read        DeliveryState = "read"
	Undelivered DeliveryState = "undelivered"
)

// Outbound is one message to send.
type Outbound struct {
	// ID is ours; a provider that knows idempotency keys gets it.
	ID   string
	To   Address
	Text string
	// Subject where the channel has one.
	Subject string
	// InReplyTo is the provider's id of the message that this one answers,
	// Thread its conversation.
	InReplyTo, Thread string
	Language          string
	// Heard is when the recipient last wrote to us on this channel: some
	// providers let nobody be written to later than a day after.
	Heard time.Time
}
