package twitter

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/onyo-project/onyo/channels"
)

// split packs one tweet, or the notice that one is gone, as it is stored.
func split(facts map[string]string, body []byte) channels.Split {
	raw := channels.Pack(facts, body)
	found := read(facts, body)
	if found.fault != "" {
		return channels.UnparsedSplit(raw, body, found.fault)
	}
	message := found.message
	return channels.Split{ProviderID: message.ProviderID, Digest: message.Digest(), Raw: raw,
		Nature: message.Nature, From: message.From, Why: found.why, Hindsight: found.second}
}

// page is an answer with many tweets: a search, a look-up.
type page struct {
	Tweets   []json.RawMessage            `json:"data"`
	Includes map[string][]json.RawMessage `json:"includes"`
	Errors   []json.RawMessage            `json:"errors"`
	Meta     struct {
		Next string `json:"next_token"`
	} `json:"meta"`
}

// problem says what is wrong with one tweet of a look-up.
type problem struct {
	Value    string `json:"value"`
	Resource string `json:"resource_id"`
	Kind     string `json:"resource_type"`
	Field    string `json:"parameter"`
	Type     string `json:"type"`
}

// envelopes cuts a page into one body a tweet, each with what belongs to it, the
// oldest first.
func (p page) envelopes() [][]byte {
	bodies := make([][]byte, 0, len(p.Tweets))
	for _, one := range slices.Backward(p.Tweets) {
		whole := map[string]any{"data": one}
		if with := p.belonging(one); len(with) > 0 {
			whole["includes"] = with
		}
		if body, err := json.Marshal(whole); err == nil {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// belonging are the included objects whose id a tweet names. A retweet's original
// names others in turn.
func (p page) belonging(one json.RawMessage) map[string][]json.RawMessage {
	with := map[string][]json.RawMessage{}
	for _, included := range p.Includes["tweets"] {
		if named(one, included) {
			with["tweets"] = append(with["tweets"], included)
		}
	}
	for kind, all := range p.Includes {
		if kind == "tweets" {
			continue
		}
		for _, included := range all {
			if named(one, included) || slices.ContainsFunc(with["tweets"], func(t json.RawMessage) bool { return named(t, included) }) {
				with[kind] = append(with[kind], included)
			}
		}
	}
	return with
}

func named(one, included json.RawMessage) bool {
	var thing struct {
		ID  string `json:"id"`
		Key string `json:"media_key"`
	}
	if json.Unmarshal(included, &thing) != nil {
		return false
	}
	if thing.Key != "" {
		thing.ID = thing.Key
	}
	return thing.ID != "" && bytes.Contains(one, []byte(`"`+thing.ID+`"`))
}
