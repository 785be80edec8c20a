package social

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"

	"github.com/onyo-project/onyo/channels"
)

var errNoEntry = errors.New("feed: no entry in it")

// Parse reads one stored entry in full. Facts of it are the feed's address and
// language and, for what changed since it came first, its version.
func (f *feed) Parse(raw []byte) ([]channels.Message, error) {
	facts, document, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	item, err := readItem(document)
	if err != nil {
		return nil, err
	}
	base := entryID(facts["feed"], item)
	message := channels.Message{ProviderID: base, Nature: channels.Report, From: channels.Address{Scheme: "feed", Value: facts["feed"]},
		Language: language(facts["language"])}
	if item.UpdatedParsed != nil {
		message.At = item.UpdatedParsed.UTC()
	} else if item.PublishedParsed != nil {
		message.At = item.PublishedParsed.UTC()
	}
	warning := readWarning(item)
	message.Text = entryText(item, warning)
	message.Location = entryPlace(item, warning)
	message.OccurredAt = warning.onset()
	message.Media = entryMedia(item, base)
	if warning.drill() {
		message.Nature = channels.Other // an exercise must never become a report
	}
	if message.Text == "" && message.Location == nil && len(message.Media) == 0 {
		return nil, errNoEntry
	}
	if version := facts["version"]; version != "" {
		message.ProviderID, message.Alias, message.Supersedes = base+"#"+version, base, base
	}
	return []channels.Message{message}, nil
}

// readItem reads the one entry of a small document that cut made.
func readItem(document []byte) (*gofeed.Item, error) {
	// Documents that cut did not make come from elsewhere; the same limits hold.
	whole, err := cut(document)
	if err != nil || len(whole.entries) != 1 {
		return nil, errNoEntry
	}
	read, err := gofeed.NewParser().Parse(bytes.NewReader(whole.entries[0]))
	if err != nil || len(read.Items) != 1 {
		return nil, errNoEntry
	}
	return read.Items[0], nil
}

// entryID is guid or id, else the link, else what it says, within its feed.
func entryID(address string, item *gofeed.Item) string {
	id := strings.TrimSpace(channels.Clean(item.GUID))
	if id == "" {
		id = strings.TrimSpace(channels.Clean(item.Link))
	}
	if id == "" || len(id) > idBytes-100 {
		sum := sha256.Sum256([]byte(id + "\n" + item.Title + "\n" + item.Description))
		id = "sha256:" + hex.EncodeToString(sum[:16])
	}
	return feedKey(address) + "/" + id
}

// entryText is the title and what stands below it, nothing twice.
func entryText(item *gofeed.Item, warning warning) string {
	parts := []string{plain(item.Title)}
	rest := []string{plain(item.Description)}
	switch {
	case warning.found:
		rest = append(rest, warning.texts()...)
	case item.Content != "":
		rest = []string{plain(item.Content)}
	}
	for _, part := range rest {
		said := part == ""
		for _, before := range parts {
			said = said || strings.Contains(folded(before), folded(part))
		}
		if said {
			continue
		}
		if len(parts) == 1 && strings.HasPrefix(part, parts[0]) {
			parts = nil // the title is how the text begins
		}
		parts = append(parts, part)
	}
	return strings.TrimSpace(strings.Join(parts, "\n\n"))
}

// entryMedia are pictures, films and recordings that come with an entry, at most
// ten.
func entryMedia(item *gofeed.Item, base string) (all []channels.Media) {
	seen := map[string]bool{}
	add := func(address, contentType string) {
		kind, _, _ := strings.Cut(contentType, "/")
		place, err := url.Parse(strings.TrimSpace(address))
		if err != nil || place.Scheme != "http" && place.Scheme != "https" || seen[place.String()] || len(all) == 10 ||
			kind != "image" && kind != "video" && kind != "audio" {
			return
		}
		seen[place.String()] = true
		all = append(all, channels.Media{Ref: base + "#media/" + strconv.Itoa(len(all)), URL: channels.Clean(place.String()),
			ContentType: channels.Clean(contentType)})
	}
	for _, one := range item.Enclosures {
		add(one.URL, one.Type)
	}
	contents := item.Extensions["media"]["content"]
	for _, group := range item.Extensions["media"]["group"] {
		contents = append(contents, group.Children["content"]...)
	}
	for _, one := range contents {
		contentType := one.Attrs["type"]
		if contentType == "" {
			contentType = one.Attrs["medium"] // "image"
		}
		add(one.Attrs["url"], contentType)
	}
	return all
}
