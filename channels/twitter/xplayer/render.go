package xplayer

import (
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// render writes one tweet as a line of the stream. The stream is asked for all
// fields that there are.
func (p *Player) render(one *stored, all bool) []byte {
	query := url.Values{}
	if all {
		query.Set("expansions", "attachments.media_keys,geo.place_id,referenced_tweets.id")
	}
	whole := p.many([]*stored{one}, query)
	tweet := whole["data"].([]any)[0]
	rules := []map[string]string{{"id": strconv.Itoa(1001 + one.Dress), "tag": "dress " + strconv.Itoa(one.Dress)}}
	parts := []string{`"data":` + compact(tweet, one.Dress)}
	if with, ok := whole["includes"]; ok {
		parts = append(parts, `"includes":`+compact(with, 0))
	}
	parts = append(parts, `"matching_rules":`+compact(rules, 0))
	if one.Dress%2 == 1 {
		parts[0], parts[len(parts)-1] = parts[len(parts)-1], parts[0]
	}
	return []byte("{" + strings.Join(parts, ", ") + "}")
}

// compact writes JSON on one line; an odd dress has its keys in another order and
// more white space.
func compact(value any, dress int) string {
	fields, ok := value.(map[string]any)
	if !ok || dress%2 == 0 {
		out, err := json.Marshal(value)
		if err != nil {
			return "null"
		}
		return string(out)
	}
	rest := maps.Clone(fields)
	delete(rest, "text")
	return `{"text" : ` + compact(fields["text"], 0) + " , " + strings.TrimPrefix(compact(rest, 0), "{")
}

// many writes tweets with what was asked to come along.
func (p *Player) many(all []*stored, query url.Values) map[string]any {
	expansions := query.Get("expansions")
	tweets := make([]any, 0, len(all))
	var places, media, originals []any
	seen := map[string]bool{}
	for _, one := range all {
		p.bill(one)
		tweets = append(tweets, one.fields())
		if place := one.Place; place != nil && strings.Contains(expansions, "geo.place_id") && !seen[place.ID] {
			seen[place.ID] = true
			places = append(places, map[string]any{"id": place.ID, "full_name": place.Name, "place_type": "city", "country_code": "HT",
				"geo": map[string]any{"type": "Feature", "bbox": place.Box, "properties": map[string]any{}}})
		}
		for i, at := range one.Photos {
			if strings.Contains(expansions, "attachments.media_keys") {
				media = append(media, map[string]any{"media_key": one.mediaKey(i), "type": "photo", "url": at})
			}
		}
		if original := p.current(one.RetweetOf); original != nil && strings.Contains(expansions, "referenced_tweets.id") && !seen[text(original.id)] {
			seen[text(original.id)] = true
			originals = append(originals, original.fields())
		}
	}
	whole := map[string]any{}
	if len(tweets) > 0 {
		whole["data"] = tweets
	}
	with := map[string]any{}
	for key, list := range map[string][]any{"places": places, "media": media, "tweets": originals} {
		if len(list) > 0 {
			with[key] = list
		}
	}
	if len(with) > 0 {
		whole["includes"] = with
	}
	return whole
}

// fields are a tweet's own.
func (s *stored) fields() map[string]any {
	history := make([]string, 0, len(s.history))
	for _, id := range s.history {
		history = append(history, text(id))
	}
	one := map[string]any{
		"id": text(s.id), "text": escape(s.Text), "author_id": s.Author, "lang": s.Language, "conversation_id": history[0],
		"created_at": s.created.UTC().Format("2006-01-02T15:04:05.000Z07:00"), "edit_history_tweet_ids": history,
	}
	geo := map[string]any{}
	if s.Point != nil {
		geo["coordinates"] = map[string]any{"type": "Point", "coordinates": s.Point}
	}
	if s.Place != nil {
		geo["place_id"] = s.Place.ID
	}
	if len(geo) > 0 {
		one["geo"] = geo
	}
	if len(s.Photos) > 0 {
		keys := make([]string, 0, len(s.Photos))
		for i := range s.Photos {
			keys = append(keys, s.mediaKey(i))
		}
		one["attachments"] = map[string]any{"media_keys": keys}
	}
	for kind, to := range map[string]string{"replied_to": s.ReplyTo, "retweeted": s.RetweetOf} {
		if to != "" {
			one["referenced_tweets"] = []map[string]string{{"type": kind, "id": to}}
		}
	}
	return one
}

func (s *stored) mediaKey(i int) string { return "3_" + text(s.history[0]+uint64(i)) }

// escape writes the three characters that X does as HTML.
func escape(words string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(words)
}
