package sms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// atPulled marks a Raw whose body is a message as the API lists it, in JSON.
const atPulled = "pulled"

// Parse reads a stored notification or a fetched message in full.
func (a *africasTalking) Parse(raw []byte) ([]channels.Message, error) {
	message, why, err := a.read(raw)
	if err != nil {
		return nil, fmt.Errorf("africastalking: %w", err)
	}
	if why != "" {
		return nil, fmt.Errorf("africastalking: %w", errNoMessage(why))
	}
	return []channels.Message{message}, nil
}

// split makes the split of a Raw by reading it; why says why there is none.
func (a *africasTalking) split(raw []byte) (split channels.Split, why string) {
	message, why, err := a.read(raw)
	if err != nil {
		return split, "bad_raw"
	}
	return splitOf(message, raw), why
}

func (a *africasTalking) read(raw []byte) (message channels.Message, why string, err error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return message, "", err
	}
	if facts["from"] == atPulled {
		var item atItem
		if json.Unmarshal(body, &item) != nil {
			return message, "bad_item", nil
		}
		message, why = a.message(atFields{id: item.id(), from: item.From, to: item.To, text: item.Text, date: item.Date, hasText: true}, time.Time{})
		return message, why, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return message, "bad_form", nil // its text may hold what was sent
	}
	at, _ := time.Parse(time.RFC3339, facts["at"])
	message, why = a.message(atForm(form), at)
	return message, why, nil
}

// atItem is a message as the API lists it. Its id is a number that grows, and a
// string in some answers.
type atItem struct {
	ID                   json.RawMessage
	From, To, Text, Date string
}

func (i atItem) id() string {
	id := bytes.Trim(i.ID, `"`)
	if string(id) == "null" {
		return ""
	}
	return string(id)
}
