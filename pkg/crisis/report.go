package crisis

import (
	"time"

	"github.com/onyo-project/onyo/pkg/vault"
)

// Direction is which way a message went.
type Direction string

const (
	Inbound  Direction = "in"
	Outbound Direction = "out"
)

// MessageKind is what an adapter saw before parsing.
type MessageKind string

const (
	KindReport   MessageKind = "report"
	KindStop     MessageKind = "stop"
	KindStart    MessageKind = "start"
	KindDelivery MessageKind = "delivery"
	KindReply    MessageKind = "reply" // outbound
	KindOther    MessageKind = "other"
	KindUnparsed MessageKind = "unparsed"
)

// Message is one thing received or sent on a channel, kept as it came.
type Message struct {
	Meta
	Channel   ID
	Direction Direction
	Kind      MessageKind
	// ProviderKey is the provider's id under the dedupe key; unique with Digest
	// in its channel for ever.
	ProviderKey [32]byte
	// Digest is over parsed content and media, under the dedupe key.
	Digest [32]byte
	// Raw is the adapter's own record of the exchange, sealed.
	Raw vault.SecretBytes
	// Variant: the same provider id came before with another digest.
	Variant bool
	// Why it could not be split, for KindUnparsed: a stable code.
	Why string
	// Source and Report are set on outbound messages.
	Source ID
	Report ID
	// Submitter typed it in on behalf of somebody.
	Submitter ID
	// Batch names an import.
	Batch ID
}

// Source is whoever is behind an address on a channel.
type Source struct {
	Meta
	Channel ID
	Kind    SourceKind
	// Address lies sealed; Index finds it (keyed blind index).
	Address vault.Secret
	Index   [32]byte
	// Pseudonym is what people see.
	Pseudonym   string
	Reliability string // A to F; never public
	OptedOut    bool
	Language    string
}

// Report is what one source says happened; each later revision is a correction
// or a follow-up.
type Report struct {
	Meta
	Channel ID
	Source  ID
	// Message is the one that this revision came from; its data key seals it.
	Message    ID
	Text       vault.Secret
	Language   string
	ReceivedAt time.Time // of the first revision
	Occurred   EventTime
	// Said are the categories that the source itself named.
	Said  []string
	Words vault.Secret // where it says it is, in words
	// Point is what the source itself gave, as JSON of geo.Point and accuracy;
	// sealed, because it may be where the witness stands.
	Given   vault.Secret
	Contact vault.Secret
	Answers vault.Secret // JSON
	Form    string
	// Submitter typed it in and may not verify it.
	Submitter ID
	// ReceiptHash finds the report by its receipt code.
	ReceiptHash [32]byte
	Withdrawn   bool
	Batch       ID
	Media       []ID // blobs
	// Subject is the heading of a mail, where it says more than Text.
	Subject vault.Secret `canon:",omitempty"`
	// Quoted is what the source repeated of somebody else's words.
	Quoted vault.Secret `canon:",omitempty"`
	// Checks are what was found out about the sender as the message came, as
	// "dmarc": "pass". They speak of the source and decide nothing.
	Checks map[string]string `canon:",omitempty"`
}

// Whole is all that the source says in words of its own: heading and text.
func (r *Report) Whole() string {
	if r.Subject == "" {
		return r.Text.Reveal()
	}
	return r.Subject.Reveal() + "\n\n" + r.Text.Reveal()
}

// MessageReport says that a message gave, or added to, a report.
type MessageReport struct {
	Meta
	Message ID
	Report  ID
	Reason  string
	Ended   bool
	// Name is what the provider's later messages call this one, under the dedupe
	// key; zero where they cannot.
	Name [32]byte `canon:",omitempty"`
}

// BlobState is how far we got with the bytes.
type BlobState string

const (
	BlobPending BlobState = "pending"
	BlobStored  BlobState = "stored"
	BlobFailed  BlobState = "failed"
)

// Blob is a piece of media: its bytes lie sealed outside the database.
type Blob struct {
	Meta
	Message     ID
	Report      ID
	State       BlobState
	ContentType string
	Bytes       int64
	// Digest is SHA-256 of the original, sealed because it recognises content.
	Digest vault.Secret
	Name   vault.Secret
	URL    vault.Secret // where the provider keeps it, until stored
	Why    string       // for BlobFailed: a stable code
}

// Location is a point, its uncertainty in metres and how it was found. A report
// has candidates; an incident has one that was chosen.
type Location struct {
	Meta
	// Report or Incident is what it belongs to.
	Report   ID
	Incident ID
	Message  ID // whose data key seals Words; zero for one that a person set
	Lon, Lat float64
	// UncertaintyM is a radius in metres.
	UncertaintyM float64
	// Method is how it was found: "given", "coordinates", "link", "gazetteer",
	// "geocoder", "person", "import".
	Method      string
	Words       vault.Secret
	Name        string // of the place, as the gazetteer has it
	CountryCode string
	Admin1Code  string
	Admin1      string
	Score       float64
	Certain     bool
	Why         string
	Ended       bool
}
