package twitter

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const lookupPath = "/2/tweets"

// mirror follows what X's terms demand: what is deleted or changed there is
// deleted or changed here. X is asked again for the tweets of the last week, a
// hundred at a time.
// Source: https://docs.x.com/developer-terms/policy
type mirror struct {
	// last is when the last round began, began the one that is under way.
	last, began time.Time
	// later puts off a step that failed.
	later time.Time
	queue []uint64
	back  backoff
}

// due is when the next step is to be done.
func (m *mirror) due(every time.Duration) time.Time {
	due := m.last.Add(every)
	if len(m.queue) > 0 {
		due = m.began
	}
	if m.later.After(due) {
		return m.later
	}
	return due
}

// mirrorStep asks for up to a hundred tweets.
func (s *session) mirrorStep(ctx context.Context) error {
	now := s.config.Clock()
	if len(s.mirror.queue) == 0 {
		s.mirror.began = now
		for _, one := range s.known.prune(now) {
			s.mirror.queue = append(s.mirror.queue, one.latest)
		}
	}
	ids := s.affordable(s.mirror.queue[:min(fullPage, len(s.mirror.queue))])
	if len(ids) == 0 && len(s.mirror.queue) > 0 {
		return s.afford(1)
	}
	if len(ids) > 0 {
		query := maps.Clone(s.fields)
		query.Set("ids", strings.Join(ids, ","))
		var found page
		if err := s.call(ctx, http.MethodGet, lookupPath, query, nil, &found); err != nil {
			return s.mirrorLater(err)
		}
		s.mirror.queue = s.mirror.queue[len(ids):]
		s.mirror.back, s.mirror.later = backoff{}, time.Time{}
		splits := append(s.takePage(found, true), s.missing(found, ids)...)
		s.mirrorDone()
		return s.save(ctx, splits)
	}
	s.mirrorDone()
	return nil
}

// mirrorDone ends the round after its last tweet.
func (s *session) mirrorDone() {
	if len(s.mirror.queue) == 0 {
		s.mirror.last = s.mirror.began
	}
}

func (s *session) mirrorLater(err error) error {
	fault, passes := passing(err)
	if !passes {
		return err
	}
	wait := s.mirror.back.nextCall(fault, s.config.Clock())
	s.mirror.later = s.config.Clock().Add(wait)
	s.config.Log.Info("x: looking again for what changed", "why", fault.code, "after", wait.String())
	return nil
}

// affordable are the ids, from the beginning, that may still be asked for whatever
// comes. A post that was read today costs nothing, what comes along may: an edit
// brings other pictures.
func (s *session) affordable(ids []uint64) []string {
	s.spending.roll(s.config.Clock())
	var some []string
	room := s.room()
	for _, id := range ids {
		if room -= s.worst(); s.spending.today[tweetKey(id)] {
			room += tweetPrice
		}
		if room < 0 {
			break
		}
		some = append(some, text(id))
	}
	return some
}

// missing are the tweets of which X says that they are gone, or no longer public.
// What X does not speak of is asked for again next time.
func (s *session) missing(found page, asked []string) []channels.Split {
	var splits []channels.Split
	for _, body := range found.Errors {
		var one problem
		if json.Unmarshal(body, &one) != nil || one.Kind != "" && one.Kind != "tweet" || one.Field != "" && one.Field != "ids" {
			continue
		}
		id := one.Value
		if id == "" {
			id = one.Resource
		}
		gone := strings.HasSuffix(one.Type, "/resource-not-found") || strings.HasSuffix(one.Type, "/not-authorized-for-resource")
		if gone && slices.Contains(asked, id) && s.known.get(idOf(id)) != nil {
			splits = append(splits, s.gone(id, body))
		}
	}
	return splits
}

// decode reads what there is to read; nothing where body is no JSON.
func decode(body []byte) envelope {
	var came envelope
	if json.Unmarshal(body, &came) != nil {
		return envelope{}
	}
	return came
}

func idIn(body []byte) uint64 {
	var one struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &one) != nil {
		return 0
	}
	return idOf(one.ID)
}
