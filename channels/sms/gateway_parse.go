package sms

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// jsonDepth is how deep fields may lie in a JSON body; deeper ones are not ours.
const jsonDepth = 8

// arrival is one exchange as its fields: those of the body, then those of the
// query. The first of a repeated field counts.
type arrival struct {
	fields map[string]string
	bytes  []byte // the body, or the query where there is none
	at     time.Time
	// task and item: one receipt out of many that SMSSync brought at once.
	task string
	item []byte
}

// packExchange keeps an exchange with all that reading it needs.
func packExchange(exchange channels.Exchange) []byte {
	mediaType, _ := channels.MediaType(exchange.Header)
	facts := map[string]string{"at": exchange.At.UTC().Format(time.RFC3339)}
	if len(exchange.Body) == 0 {
		facts["type"] = "query"
		return channels.Pack(facts, []byte(exchange.Query))
	}
	facts["type"] = mediaType
	if exchange.Query != "" {
		facts["query"] = channels.Clean(exchange.Query)
	}
	return channels.Pack(facts, exchange.Body)
}

// unpackExchange undoes packExchange; why says what cannot be read, and the arrival has what could.
func unpackExchange(raw []byte) (came arrival, why string) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return came, "bad_raw"
	}
	came = arrival{fields: map[string]string{}, bytes: body}
	came.at, _ = time.Parse(time.RFC3339, facts["at"])
	if came.task = facts["task"]; came.task != "" {
		came.item = body
		return came, ""
	}
	if facts["type"] == jsonType {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			why = "bad_json"
		} else {
			came.flatten("", value, 0)
		}
	} else if !came.form(string(body)) {
		why = "bad_form"
	}
	if !came.form(facts["query"]) && why == "" {
		why = "bad_query"
	}
	return came, why
}

// form takes a form's fields; false where something in it cannot be read.
func (a *arrival) form(text string) bool {
	values, err := url.ParseQuery(text)
	for key, value := range values {
		if _, known := a.fields[key]; !known {
			a.fields[key] = value[0]
		}
	}
	return err == nil
}

// flatten names what lies inside an object by "outer.inner". Lists are left out.
func (a *arrival) flatten(name string, value any, depth int) {
	switch v := value.(type) {
	case map[string]any:
		if depth == jsonDepth {
			return
		}
		for key, inner := range v {
			if name != "" {
				key = name + "." + key
			}
			a.flatten(key, inner, depth+1)
		}
	case string:
		a.fields[name] = v
	case json.Number:
		a.fields[name] = v.String()
	case bool:
		a.fields[name] = strconv.FormatBool(v)
	}
}

// first is the first of several fields that is there and not empty.
func (a *arrival) first(keys []string) string {
	for _, key := range keys {
		if value := a.fields[key]; value != "" {
			return value
		}
	}
	return ""
}

func (a *arrival) has(keys []string) bool {
	for _, key := range keys {
		if _, there := a.fields[key]; there {
			return true
		}
	}
	return false
}

// part reads which part of a longer text this is: from the header that came with
// it, or from fields. Phones count their long texts from 0 to 255 or 65535, so a
// number alone comes again: it is joined with sender, recipient, how many parts
// there are and the day on which the text was sent. A name longer than such a number
// is taken to be unique.
func (g *gateway) part(came arrival, m channels.Message) *channels.Part {
	names := g.preset.fields
	ref, number, total := concatenation([]byte(came.first(names["udh"])))
	if total == 0 {
		n, _ := wholeNumber(came.first(names["part"]))
		of, _ := wholeNumber(came.first(names["parts"]))
		ref, number, total = came.first(names["part_of"]), int(min(n, 256)), int(min(of, 256))
	}
	if ref == "" || total < 2 || total > 255 || number < 1 || number > total {
		return nil
	}
	day := ""
	if len(ref) <= len("65535") {
		sent := m.At
		if sent.IsZero() {
			sent = came.at
		}
		day = sent.Format(time.DateOnly)
	}
	return &channels.Part{Of: "long:" + fingerprint(m.From.Value, m.To.Value, ref, strconv.Itoa(total), day), Number: number, Total: total}
}

// wholeNumber reads a number of seconds, milliseconds or parts: digits alone.
func wholeNumber(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 14 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil
}

func escapeQuery(text string) string { return url.QueryEscape(text) }
func escapePath(text string) string  { return url.PathEscape(text) }
