package twitter

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// The facts that are packed beside a tweet, because only whoever knows what came
// before can tell them.
const (
	// factRoot is the id under which we first had this tweet, where this is a
	// later version of it; "" says that it is none.
	factRoot = "root"
	// factAs marks another content under the same id.
	factAs = "as"
	// factGone is the id under which we had a tweet that is gone.
	factGone = "gone"
)

// envelope is one line of the stream, one event of the webhook, or one tweet of an
// answer with what belongs to it.
// Source: https://docs.x.com/x-api/fundamentals/data-dictionary
type envelope struct {
	Tweet    *tweet   `json:"data"`
	Includes includes `json:"includes"`
	Errors   []struct {
		Title string `json:"title"`
	} `json:"errors"`
	// Title and Issue are set on what is no tweet but the end of a connection.
	Title string `json:"title"`
	Issue string `json:"connection_issue"`
}

type includes struct {
	Tweets []tweet `json:"tweets"`
	Places []place `json:"places"`
	Media  []media `json:"media"`
	Users  []struct {
		ID string `json:"id"`
	} `json:"users"`
}

type tweet struct {
	ID           string   `json:"id"`
	Text         string   `json:"text"`
	Author       string   `json:"author_id"`
	Created      string   `json:"created_at"`
	Language     string   `json:"lang"`
	Conversation string   `json:"conversation_id"`
	History      []string `json:"edit_history_tweet_ids"`
	Geo          struct {
		Coordinates struct {
			Coordinates json.RawMessage `json:"coordinates"`
		} `json:"coordinates"`
		Place string `json:"place_id"`
	} `json:"geo"`
	Attachments struct {
		Media []string `json:"media_keys"`
	} `json:"attachments"`
	References []struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"referenced_tweets"`
	// Note is the whole text of a long tweet.
	Note struct {
		Text string `json:"text"`
	} `json:"note_tweet"`
	// Delete and Drop are compliance events: this tweet is to be removed.
	Delete *removal `json:"delete"`
	Drop   *removal `json:"drop"`
}

type removal struct {
	Tweet struct {
		ID string `json:"id"`
	} `json:"tweet"`
}

type place struct {
	ID   string `json:"id"`
	Name string `json:"full_name"`
	Geo  struct {
		Box json.RawMessage `json:"bbox"`
	} `json:"geo"`
}

type media struct {
	Key     string `json:"media_key"`
	URL     string `json:"url"`
	Preview string `json:"preview_image_url"`
}

// Parse reads a stored tweet in full.
func (x *twitter) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("x: %w", err)
	}
	found := read(facts, body)
	if found.fault != "" {
		return nil, fmt.Errorf("x: no tweet in it: %s", found.fault)
	}
	return []channels.Message{found.message}, nil
}

// found is what read makes of one stored tweet.
type found struct {
	message channels.Message
	// fault says why there is no message, why what a message of nature Other is.
	fault, why string
	// second marks the original of a retweet, which may lack what only it had.
	second bool
}

func read(facts map[string]string, body []byte) found {
	if gone := facts[factGone]; gone != "" {
		return removed(gone)
	}
	var came envelope
	if err := json.Unmarshal(body, &came); err != nil {
		return found{fault: "bad_json"}
	}
	one := came.Tweet
	if one == nil {
		return found{fault: "no_tweet"}
	}
	if id, ok := one.removes(); ok {
		return removed(id)
	}
	if idOf(one.ID) == 0 {
		return found{fault: "no_tweet_id"}
	}
	if original := one.reference("retweeted"); original != "" {
		return retweet(one, original, came.Includes)
	}
	message := one.message(came.Includes)
	root, told := facts[factRoot]
	if !told && slices.Contains(one.History, one.ID) && one.History[0] != one.ID {
		root = one.History[0] // nobody knew better: the webhook
	}
	message.Supersedes = root
	if facts[factAs] != "" {
		digest := content(message)
		message.ProviderID += "/as/" + hex.EncodeToString(digest[:8])
	}
	return found{message: message}
}

// removes says whether this is the notice that a tweet is gone.
func (t *tweet) removes() (id string, ok bool) {
	for _, notice := range []*removal{t.Delete, t.Drop} {
		if notice != nil && idOf(notice.Tweet.ID) != 0 {
			return notice.Tweet.ID, true
		}
	}
	return "", false
}

func removed(id string) found {
	return found{why: "deleted_at_provider",
		message: channels.Message{ProviderID: channels.Clean(id) + "/deleted", Nature: channels.Other, Deletes: channels.Clean(id)}}
}

// retweet gives the original, so that a thousand retweets are the one message
// that its author wrote: repeating is no witness. Where the original did not come
// along, the retweet is kept and says nothing.
func retweet(one *tweet, original string, with includes) found {
	for i := range with.Tweets {
		if with.Tweets[i].ID == original && with.Tweets[i].reference("retweeted") == "" && idOf(original) != 0 {
			return found{message: with.Tweets[i].message(with), second: true}
		}
	}
	message := one.message(includes{})
	message.Nature, message.Thread, message.Location, message.Media = channels.Other, channels.Clean(original), nil, nil
	return found{message: message, why: "retweet"}
}

func (t *tweet) reference(kind string) string {
	for _, to := range t.References {
		if to.Type == kind {
			return to.ID
		}
	}
	return ""
}

// message is what a tweet says. A word as STOP is no opt-out here: nothing is
// sent on this channel.
func (t *tweet) message(with includes) channels.Message {
	text := t.Text
	if t.Note.Text != "" {
		text = t.Note.Text
	}
	message := channels.Message{
		ProviderID: t.ID, Nature: channels.Report, Text: channels.Clean(unescape(text)), Language: language(t.Language),
		ReplyTo: channels.Clean(t.reference("replied_to")), Thread: channels.Clean(t.Conversation),
		Location: t.location(with.Places), Media: t.pictures(with.Media),
	}
	if t.Author != "" {
		message.From = channels.Address{Scheme: "x", Value: channels.Clean(t.Author)}
	}
	if at, err := time.Parse(time.RFC3339, t.Created); err == nil {
		message.At = at.UTC()
	}
	return message
}

// unescape undoes the three characters that X writes as HTML.
func unescape(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

// language is a BCP 47 tag; X's own codes for "no words in it" are none.
func language(code string) string {
	switch code {
	case "und", "zxx", "art", "qam", "qct", "qht", "qme", "qst":
		return ""
	case "in":
		return "id"
	case "iw":
		return "he"
	}
	if len(code) > 35 || strings.Trim(strings.ToLower(code), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return ""
	}
	return code
}

// pictures are photos, and of films the still picture.
func (t *tweet) pictures(all []media) []channels.Media {
	var pictures []channels.Media
	for _, key := range t.Attachments.Media {
		for _, one := range all {
			at := one.URL
			if at == "" {
				at = one.Preview
			}
			if one.Key != key || at == "" {
				continue
			}
			picture := channels.Media{Ref: channels.Clean(key), URL: channels.Clean(at)}
			switch {
			case strings.HasSuffix(at, ".jpg"):
				picture.ContentType = "image/jpeg"
			case strings.HasSuffix(at, ".png"):
				picture.ContentType = "image/png"
			}
			pictures = append(pictures, picture)
			break
		}
	}
	return pictures
}

// idOf is a tweet's id as a number; 0 where it is none.
func idOf(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != id {
		return 0
	}
	return n
}

// content is a digest of what a tweet says, whatever its id and what it replaces.
func content(message channels.Message) [32]byte {
	message.Supersedes = ""
	return message.Digest()
}
