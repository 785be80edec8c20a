package email

import (
	"io"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// maxAddress is the longest mail address that there can be (RFC 5321).
const maxAddress = 254

var (
	addressPat = regexp.MustCompile(`[^\s<>,;:"()\[\]\\@]+@[^\s<>,;:"()\[\]\\@]+`)
	bracketPat = regexp.MustCompile(`<\s*([^<>\s]+@[^<>\s]+)\s*>`)
)

// addressOf is the first mail address in a header's value, whatever stands
// around it; the zero Address where there is none.
func addressOf(field string) channels.Address {
	if len(field) > maxField {
		field = field[:maxField]
	}
	found := ""
	words := mime.WordDecoder{CharsetReader: func(_ string, in io.Reader) (io.Reader, error) { return in, nil }}
	if list, err := (&netmail.AddressParser{WordDecoder: &words}).ParseList(field); err == nil && len(list) > 0 {
		found = list[0].Address
	} else if match := bracketPat.FindStringSubmatch(field); match != nil {
		found = match[1]
	} else {
		found = addressPat.FindString(field)
	}
	found = strings.ToLower(strings.TrimSpace(channels.Clean(found)))
	if found == "" || len(found) > maxAddress {
		return channels.Address{}
	}
	return channels.Address{Scheme: "mailto", Value: found}
}

// firstID is the first Message-ID in a header's value, without angle brackets.
func firstID(field string) string { return firstOf(messageIDs(field)) }

// messageIDs are all of them, in order. Old programs wrote words between them.
func messageIDs(field string) (ids []string) {
	if len(field) > maxField {
		field = field[:maxField]
	}
	for rest := field; ; {
		_, after, opened := strings.Cut(rest, "<")
		id, next, closed := strings.Cut(after, ">")
		if !opened || !closed {
			break
		}
		if id = cleanID(id); id != "" {
			ids = append(ids, id)
		}
		rest = next
	}
	if len(ids) == 0 && strings.Contains(field, "@") && !strings.ContainsAny(strings.TrimSpace(field), " <>") {
		if id := cleanID(field); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func cleanID(id string) string {
	id = channels.Clean(strings.Join(strings.Fields(id), ""))
	if len(id) > 500 {
		return ""
	}
	return id
}

func firstOf(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}
