package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// batchItems is how many messages one request may hold. Meta's limit is a thousand
// updates; what has more is kept whole and unread.
const batchItems = 2000

// What a stored piece of a batch is, in the fact "kind".
const (
	kindMessage = "message"
	kindStatus  = "status"
	kindChange  = "change"
)

type hubBatch struct {
	Object string `json:"object"`
	Entry  []struct {
		ID      string            `json:"id"`
		Time    json.RawMessage   `json:"time"`
		Changes []json.RawMessage `json:"changes"`
	} `json:"entry"`
}

type hubChange struct {
	Field string `json:"field"`
	Value struct {
		Metadata struct {
			Number string `json:"display_phone_number"`
		} `json:"metadata"`
		Contacts []struct {
			WaID   string `json:"wa_id"`
			UserID string `json:"user_id"`
		} `json:"contacts"`
		Messages []json.RawMessage `json:"messages"`
		Statuses []json.RawMessage `json:"statuses"`
	} `json:"value"`
}

// split cuts a batch into its messages, each stored as it came with the few facts
// around it.
func (w *whatsApp) split(body []byte) []channels.Split {
	whole := func(why string) []channels.Split {
		return []channels.Split{channels.UnparsedSplit(channels.Pack(nil, body), body, why)}
	}
	var batch hubBatch
	switch err := json.Unmarshal(body, &batch); {
	case err != nil:
		return whole("not_a_batch")
	case batch.Object != "whatsapp_business_account":
		return whole("wrong_object")
	}
	var splits []channels.Split
	for _, entry := range batch.Entry {
		for _, raw := range entry.Changes {
			splits = append(splits, w.change(raw, entry.ID+"/"+string(entry.Time))...)
			if len(splits) > batchItems {
				return whole("too_many")
			}
		}
	}
	if len(splits) == 0 {
		return []channels.Split{w.notice(body, "", "empty")}
	}
	return splits
}

// change splits one. What is no message and no receipt (an account's review, a
// template's approval, what somebody wrote by hand on the business's own phone)
// is kept and says nothing.
func (w *whatsApp) change(raw []byte, around string) []channels.Split {
	var change hubChange
	if json.Unmarshal(raw, &change) != nil {
		return []channels.Split{channels.UnparsedSplit(channels.Pack(nil, raw), raw, "not_a_change")}
	}
	facts := map[string]string{}
	note := func(key, value string) {
		if value = channels.Clean(value); value != "" && len(value) <= 200 {
			facts[key] = value
		}
	}
	note("to", change.Value.Metadata.Number)
	if len(change.Value.Contacts) == 1 {
		note("wa_id", change.Value.Contacts[0].WaID)
		note("user_id", change.Value.Contacts[0].UserID)
	}
	var splits []channels.Split
	add := func(kind string, items []json.RawMessage) {
		for _, item := range items[:min(len(items), batchItems+1)] {
			splits = append(splits, w.item(kind, facts, item))
		}
	}
	if change.Field == "messages" {
		add(kindMessage, change.Value.Messages)
		add(kindStatus, change.Value.Statuses)
	}
	if len(splits) == 0 {
		return []channels.Split{w.notice(raw, around, code(change.Field, "unknown_field"))}
	}
	return splits
}

// item is the split of one message or receipt.
func (w *whatsApp) item(kind string, around map[string]string, item []byte) channels.Split {
	facts := map[string]string{"kind": kind}
	for key, value := range around {
		facts[key] = value
	}
	raw := channels.Pack(facts, item)
	message, why, fault := w.read(facts, item)
	switch {
	case fault != "" && message.ProviderID == "":
		return channels.UnparsedSplit(raw, item, string(fault))
	case fault != "": // known by its id: a later version may read it
		return channels.Split{ProviderID: message.ProviderID, Digest: sha256.Sum256(item), Raw: raw,
			Nature: channels.Unparsed, From: message.From, Why: string(fault)}
	}
	return channels.Split{ProviderID: message.ProviderID, Digest: message.Digest(), Raw: raw,
		Nature: message.Nature, From: message.From, Why: why}
}

// notice is the split of what is no message. It has no id: its bytes and what
// stood around them are one.
func (w *whatsApp) notice(raw []byte, around, why string) channels.Split {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d/%s/", len(around), around)
	sum.Write(raw)
	message := channels.Message{ProviderID: "change/" + hex.EncodeToString(sum.Sum(nil)), Nature: channels.Other}
	return channels.Split{ProviderID: message.ProviderID, Digest: message.Digest(), Nature: channels.Other, Why: why,
		Raw: channels.Pack(map[string]string{"kind": kindChange, "id": message.ProviderID}, raw)}
}

// Parse reads a stored piece of a batch in full.
func (w *whatsApp) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("whatsapp: %w", err)
	}
	if facts["kind"] == kindChange && strings.HasPrefix(facts["id"], "change/") {
		return []channels.Message{{ProviderID: facts["id"], Nature: channels.Other}}, nil
	}
	message, _, fault := w.read(facts, body)
	if fault != "" {
		return nil, fmt.Errorf("whatsapp: %w", fault)
	}
	return []channels.Message{message}, nil
}
