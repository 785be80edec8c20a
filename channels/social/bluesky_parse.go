package social

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// jetEvent is one frame of the stream. Account and identity events come whatever
// collections are asked for.
type jetEvent struct {
	DID    string `json:"did"`
	TimeUS int64  `json:"time_us"`
	Kind   string `json:"kind"`
	Commit *struct {
		Operation  string      `json:"operation"`
		Collection string      `json:"collection"`
		RKey       string      `json:"rkey"`
		CID        string      `json:"cid"`
		Rev        string      `json:"rev"`
		Record     blueskyPost `json:"record"`
	} `json:"commit"`
	Account *struct {
		Active *bool  `json:"active"`
		Status string `json:"status"`
	} `json:"account"`
}

// blueskyPost is the part of app.bsky.feed.post that we read.
// Source: https://docs.bsky.app/docs/advanced-guides/posts
type blueskyPost struct {
	Text   string   `json:"text"`
	Langs  []string `json:"langs"`
	Tags   []string `json:"tags"`
	Facets []struct {
		Features []struct {
			Tag string `json:"tag"`
			URI string `json:"uri"`
		} `json:"features"`
	} `json:"facets"`
	Reply *struct {
		Root   struct{ URI string } `json:"root"`
		Parent struct{ URI string } `json:"parent"`
	} `json:"reply"`
	Embed *blueskyEmbed `json:"embed"`
}

type blueskyEmbed struct {
	Images []blueskyImage `json:"images"`
	// Media is what a post shows beside another that it quotes.
	Media *struct {
		Images []blueskyImage `json:"images"`
	} `json:"media"`
}

type blueskyImage struct {
	Alt   string `json:"alt"`
	Image struct {
		Ref struct {
			Link string `json:"$link"`
		} `json:"ref"`
		MimeType string `json:"mimeType"`
	} `json:"image"`
}

var errNoPost = errors.New("bluesky: no post in it")

// readEvent reads a frame, or says that it is none of a post or an account.
func readEvent(frame []byte) (jetEvent, error) {
	var one jetEvent
	if json.Unmarshal(frame, &one) != nil || !validDID(one.DID) {
		return one, errNoPost
	}
	if one.Commit != nil && (one.Commit.Collection != blueskyPosts || !validKey(one.Commit.RKey)) {
		return one, errNoPost
	}
	return one, nil
}

// validDID: "did:plc:…" or "did:web:…", as https://atproto.com/specs/did has them.
func validDID(did string) bool {
	rest, ok := strings.CutPrefix(did, "did:")
	method, id, found := strings.Cut(rest, ":")
	return ok && found && method != "" && len(did) <= 512 && strings.Trim(method, "abcdefghijklmnopqrstuvwxyz") == "" && validKey(id)
}

// validKey is a record key, as https://atproto.com/specs/record-key has them.
func validKey(key string) bool {
	return key != "" && key != "." && key != ".." && len(key) <= 512 && !strings.ContainsFunc(key, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune("_~.:-%", r))
	})
}

func blueskyURI(did, key string) string { return "at://" + did + "/" + blueskyPosts + "/" + key }

// hashtags are those that the author marked.
func (p blueskyPost) hashtags() (tags []string) {
	tags = append(tags, p.Tags...)
	for _, facet := range p.Facets {
		for _, feature := range facet.Features {
			if feature.Tag != "" {
				tags = append(tags, feature.Tag)
			}
		}
	}
	return tags
}

// Parse reads one stored frame in full. Its facts say what the frame was to us: the
// frame alone does not know what came before.
func (b *bluesky) Parse(raw []byte) ([]channels.Message, error) {
	facts, frame, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("bluesky: %w", err)
	}
	one, err := readEvent(frame)
	if err != nil {
		return nil, err
	}
	if facts["as"] == asDelete {
		// An account that goes takes all its posts along; the fact names which.
		if !validKey(facts["rkey"]) {
			return nil, errNoPost
		}
		uri := blueskyURI(one.DID, facts["rkey"])
		return []channels.Message{{ProviderID: uri + "#deleted", Nature: channels.Other, Deletes: uri,
			From: channels.Address{Scheme: "bluesky", Value: one.DID}}}, nil
	}
	if one.Commit == nil || one.Commit.Operation == asDelete {
		return nil, errNoPost
	}
	return []channels.Message{one.message(facts["as"] == asEdit)}, nil
}

func (e jetEvent) message(edit bool) channels.Message {
	post := e.Commit.Record
	uri := blueskyURI(e.DID, e.Commit.RKey)
	message := channels.Message{ProviderID: uri, Nature: channels.Report, From: channels.Address{Scheme: "bluesky", Value: e.DID}}
	if e.TimeUS > 0 {
		message.At = time.UnixMicro(e.TimeUS).UTC() // createdAt is whatever the author's app says
	}
	if edit {
		version := e.Commit.CID
		if !validKey(version) {
			version = strconv.FormatInt(e.TimeUS, 10)
		}
		message.ProviderID, message.Alias, message.Supersedes = uri+"#edited/"+version, uri, uri
	}
	if len(post.Langs) > 0 {
		message.Language = language(post.Langs[0])
	}
	if post.Reply != nil {
		message.ReplyTo, message.Thread = blueskyRef(post.Reply.Parent.URI), blueskyRef(post.Reply.Root.URI)
	}
	var shown []string
	for i, image := range post.Embed.images() {
		shown = append(shown, image.Alt)
		media := channels.Media{Ref: uri + "#image/" + strconv.Itoa(i), ContentType: channels.Clean(image.Image.MimeType)}
		if link := image.Image.Ref.Link; validKey(link) {
			media.URL = "https://" + blueskyPictures + "/img/feed_fullsize/plain/" + e.DID + "/" + link
		}
		message.Media = append(message.Media, media)
	}
	message.Text = described(channels.Clean(post.Text), shown...)
	return message
}

func blueskyRef(uri string) string {
	if !strings.HasPrefix(uri, "at://") || len(uri) > idBytes {
		return ""
	}
	return channels.Clean(uri)
}

// images are at most four, as the network allows.
func (e *blueskyEmbed) images() []blueskyImage {
	if e == nil {
		return nil
	}
	images := e.Images
	if e.Media != nil {
		images = append(images[:len(images):len(images)], e.Media.Images...)
	}
	return images[:min(len(images), 10)]
}
