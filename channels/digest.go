package channels

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// digestVersion heads what is hashed. Changing what a digest covers needs a new
// one, and then every stored digest stops matching: do not.
const digestVersion = "onyo channel message 1"

// Digest covers what the message says and the media it carries, and nothing of
// how it travelled: not the provider's id or time, not the order of keys, not
// multipart boundaries. Categories count as a set, answers as a JSON value.
func (m Message) Digest() [32]byte {
	h := make(content, 0, 512+len(m.Text)+len(m.Answers))
	h.text(digestVersion, string(m.Nature), m.From.Scheme, m.From.Value, m.To.Scheme, m.To.Value,
		m.Text, m.Language, m.Contact, m.ReplyTo, m.Thread, m.Supersedes, m.Deletes, m.Form)
	h.location(m.Location)
	if m.OccurredAt.IsZero() {
		h.text("")
	} else {
		h.text(m.OccurredAt.Format(time.RFC3339Nano))
	}
	categories := slices.Clone(m.Categories)
	slices.Sort(categories)
	categories = slices.Compact(categories)
	h.count(len(categories))
	h.text(categories...)
	h.count(len(m.Media))
	for _, media := range m.Media {
		h.media(media)
	}
	h.text(canonicalJSON(m.Answers))
	if m.Status != nil {
		h.text(m.Status.Of, string(m.Status.State), m.Status.Code)
	}
	// What came later is hashed only where it is there, so that the digests of
	// before stay.
	if m.Continues != "" {
		h.text("continues", m.Continues)
	}
	if m.Part != nil {
		h.text("part", m.Part.Of)
		h.count(m.Part.Number)
		h.count(m.Part.Total)
	}
	if m.Quoted != "" {
		h.text("quoted", m.Quoted)
	}
	if m.Subject != "" {
		h.text("subject", m.Subject)
	}
	return sha256.Sum256(h)
}

// content is what is hashed: fields written so that no two sequences of fields
// give the same bytes.
type content []byte

func (h *content) count(n int) { *h = binary.BigEndian.AppendUint64(*h, uint64(n)) }

func (h *content) text(fields ...string) {
	for _, field := range fields {
		h.count(len(field))
		*h = append(*h, field...)
	}
}

func (h *content) numbers(values ...float64) {
	for _, value := range values {
		if value == 0 {
			value = 0 // -0 says the same
		}
		*h = binary.BigEndian.AppendUint64(*h, math.Float64bits(value))
	}
}

func (h *content) location(l *Location) {
	if l == nil {
		h.count(0)
		return
	}
	h.count(1)
	h.text(l.Words)
	if l.Point != nil {
		h.text("point")
		h.numbers(l.Point.Lon, l.Point.Lat, l.Point.AccuracyM)
	}
	if l.Box != nil {
		h.text("box")
		h.numbers(l.Box[:]...)
	}
}

// media counts by its bytes where they are known, else by its reference.
func (h *content) media(m Media) {
	if m.Digest != ([32]byte{}) {
		h.text("bytes", string(m.Digest[:]), m.ContentType)
		return
	}
	h.text("reference", m.Ref, m.URL, m.ContentType)
}

// canonicalJSON sorts keys and drops white space; what is no JSON stays itself.
func canonicalJSON(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return string(data)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		return string(data)
	}
	return string(sorted)
}

// UnparsedSplit is how an authentic exchange that cannot be split is kept: keyed
// by the digest of its body, so that a replay is the same message.
func UnparsedSplit(raw, body []byte, why string) Split {
	digest := sha256.Sum256(body)
	return Split{ProviderID: "unparsed:" + hex.EncodeToString(digest[:]), Digest: digest, Raw: raw, Nature: Unparsed, Why: why}
}

// Clean makes text safe to keep and show: what is not UTF-8, and NUL, become
// U+FFFD. The bytes as they came stay in Raw.
func Clean(text string) string {
	if utf8.ValidString(text) && !strings.ContainsRune(text, 0) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
