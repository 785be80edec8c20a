package social

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// What a stored event is; a fact of its Raw.
const (
	asPost   = "post"
	asEdit   = "edit" // of a post that came before
	asDelete = "delete"
)

// mastodonStatus is the part of a Status that we read.
// Source: https://docs.joinmastodon.org/entities/Status/
type mastodonStatus struct {
	ID          string          `json:"id"`
	URI         string          `json:"uri"`
	CreatedAt   time.Time       `json:"created_at"`
	EditedAt    *time.Time      `json:"edited_at"`
	InReplyToID string          `json:"in_reply_to_id"`
	Visibility  string          `json:"visibility"`
	SpoilerText string          `json:"spoiler_text"`
	Content     string          `json:"content"`
	Language    string          `json:"language"`
	Reblog      json.RawMessage `json:"reblog"`
	Account     struct {
		Acct string `json:"acct"`
	} `json:"account"`
	Media []struct {
		ID          string `json:"id"`
		Description string `json:"description"`
	} `json:"media_attachments"`
}

var errNoStatus = errors.New("mastodon: no post in it")

// Parse reads one stored event in full. Posts that are not public say nothing to
// us, nor do boosts.
func (m *mastodon) Parse(raw []byte) ([]channels.Message, error) {
	facts, data, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("mastodon: %w", err)
	}
	if facts["as"] == asDelete {
		id := string(data)
		if !localID(id) {
			return nil, errNoStatus
		}
		return []channels.Message{{ProviderID: mastodonAlias(id) + "#deleted", Nature: channels.Other, Deletes: mastodonAlias(id)}}, nil
	}
	var status mastodonStatus
	if json.Unmarshal(data, &status) != nil || !localID(status.ID) || status.URI == "" || len(status.URI) > idBytes {
		return nil, errNoStatus
	}
	boost := len(status.Reblog) > 0 && string(status.Reblog) != "null"
	if status.Visibility != "public" || boost {
		return nil, nil
	}
	return []channels.Message{status.message(facts)}, nil
}

func (s mastodonStatus) message(facts map[string]string) channels.Message {
	uri := channels.Clean(s.URI)
	message := channels.Message{ProviderID: uri, Alias: mastodonAlias(s.ID), Nature: channels.Report,
		From: s.author(facts["domain"]), At: s.CreatedAt.UTC(), Language: language(s.Language)}
	if facts["as"] == asEdit {
		at := "unknown"
		if s.EditedAt != nil {
			at = s.EditedAt.UTC().Format(time.RFC3339Nano)
			message.At = s.EditedAt.UTC()
		}
		message.ProviderID, message.Supersedes = uri+"#edited/"+at, message.Alias
	}
	if localID(s.InReplyToID) {
		message.ReplyTo = mastodonAlias(s.InReplyToID)
	}
	var shown []string
	for i, piece := range s.Media {
		shown = append(shown, piece.Description)
		media := channels.Media{Ref: uri + "#media/" + strconv.Itoa(i)}
		if localID(piece.ID) {
			// The one address of a file that stays the same whether or not the
			// server has its own copy yet.
			media.URL = facts["base"] + "/media_proxy/" + url.PathEscape(piece.ID) + "/original"
		}
		message.Media = append(message.Media, media)
	}
	text := plain(s.Content)
	if warning := strings.TrimSpace(channels.Clean(s.SpoilerText)); warning != "" {
		text = warning + "\n\n" + text
	}
	message.Text = described(text, shown...)
	return message
}

// author is user@server; the server's own people are written without it.
func (s mastodonStatus) author(domain string) channels.Address {
	acct := strings.ToLower(strings.TrimSpace(channels.Clean(s.Account.Acct)))
	if acct == "" {
		return channels.Address{}
	}
	if !strings.Contains(acct, "@") {
		acct += "@" + domain
	}
	return channels.Address{Scheme: "mastodon", Value: acct}
}

// mastodonAlias is what the server's later events call a post. Its uri, unlike
// that, is the same on every server.
func mastodonAlias(id string) string { return "status/" + id }

// localID says whether id can be one of a server's own; they are digits, and
// letters on servers that speak Mastodon's API and are something else.
func localID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '_')
	})
}

// newerID says whether a was made after b, as Mastodon has clients compare.
func newerID(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

// rewound is the id that a post of an overlap earlier would have: the upper 48 bits
// of an id are milliseconds since 1970, of the time when a post was written. Posts
// of other servers come later than that.
func rewound(id string, overlap time.Duration) string {
	number, err := strconv.ParseUint(id, 10, 64)
	back := uint64(overlap.Milliseconds()) << 16
	if err != nil || number <= back || number>>16 < 1_400_000_000_000 { // not such an id
		return id
	}
	return strconv.FormatUint(number-back, 10)
}
