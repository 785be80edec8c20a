package twitter

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	searchPath = "/2/tweets/search/recent"
	// firstLook is how far the very first search looks back.
	firstLook = time.Hour
	// margin is how far a gap begins before the newest tweet that came: X brings
	// them up to some seconds late and not in order.
	margin = 30 * time.Second
	// reach is how far recent search looks back, less a little for the clocks.
	reach    = window - 5*time.Minute
	minPage  = 10
	fullPage = 100
)

// fill is the search for what may be missing after s.gap.
type fill struct {
	// at is when to do the next step; zero when nothing is to be done.
	at     time.Time
	query  int
	token  string
	newest uint64
	back   backoff
}

// openGap begins to look for what came before the stream did.
func (s *session) openGap() {
	if s.gap == 0 {
		s.gap = s.since - min(s.since, uint64(margin.Milliseconds())<<22)
	}
	s.fill = fill{at: s.config.Clock()}
	if len(s.queries) == 0 {
		s.config.Log.Warn("x: no rule is short enough for a search: gaps stay open")
		s.gap, s.fill.at = 0, time.Time{}
	}
}

// fillStep reads one page. The gap is closed, and the cursor moves, only after the
// last page of the last search.
func (s *session) fillStep(ctx context.Context) error {
	if err := s.afford(minPage); err != nil {
		return s.fillDear(err)
	}
	now := s.config.Clock()
	if s.gap == 0 {
		s.openGap()
	}
	from := s.gap
	if oldest := firstID(now.Add(-reach)); from < oldest {
		from = oldest
		if s.fill.token == "" && s.fill.query == 0 {
			s.config.Log.Warn("x: search reaches back seven days only; what came before is missing")
		}
	}
	query := maps.Clone(s.fields)
	query.Set("query", s.queries[s.fill.query])
	query.Set("since_id", text(from))
	query.Set("max_results", strconv.Itoa(min(fullPage, s.left())))
	if s.fill.token != "" {
		query.Set("next_token", s.fill.token)
	}
	var found page
	if err := s.call(ctx, http.MethodGet, searchPath, query, nil, &found); err != nil {
		return s.fillLater(err)
	}
	s.fill.back = backoff{}
	splits := s.takePage(found, false)
	for _, body := range found.Tweets {
		s.fill.newest = max(s.fill.newest, s.plausible(idIn(body)))
	}
	s.fillOn(found.Meta.Next)
	return s.save(ctx, splits)
}

// fillOn moves to the next page, the next search, or the end.
func (s *session) fillOn(token string) {
	now := s.config.Clock()
	s.fill.at, s.fill.token = now, token
	if token != "" {
		return
	}
	if s.fill.query++; s.fill.query < len(s.queries) {
		return
	}
	s.since, s.gap = max(s.since, s.fill.newest), 0
	s.fill = fill{}
	if s.mode == modeSearch {
		s.fill.at = now.Add(s.poll)
	}
}

// fillDear ends a Run that cannot pay for a page, except where the stream still has
// money for single posts: there the gap stays open until the next month.
func (s *session) fillDear(err error) error {
	if s.mode != modeStream || s.afford(1) != nil {
		return err
	}
	s.fill = fill{at: nextMonth(s.config.Clock())}
	s.config.Log.Warn("x: too little is left for a search: a gap stays open", "until", s.fill.at.Format(time.RFC3339))
	return nil
}

// fillLater tries again when err may pass. A search that X refuses to the account
// is given up where there is the stream.
func (s *session) fillLater(err error) error {
	if fault, passes := passing(err); passes {
		wait := s.fill.back.nextCall(fault, s.config.Clock())
		s.fill.at = s.config.Clock().Add(wait)
		s.config.Log.Info("x: searching again", "why", fault.code, "after", wait.String())
		return nil
	}
	var fault *failure
	if s.mode == modeStream && errors.As(err, &fault) && (fault.code == "http_400" || fault.code == "http_403") {
		s.config.Log.Warn("x: X refuses the search: a gap stays open", "why", fault.code)
		s.fill, s.gap = fill{}, 0
		return nil
	}
	return err
}

// takePage counts what a page costs and takes its tweets.
func (s *session) takePage(found page, asked bool) []channels.Split {
	s.spending.roll(s.config.Clock())
	var splits []channels.Split
	for _, body := range found.envelopes() {
		s.spending.chargeAll(decode(body))
		s.arrive(body, asked, &splits)
	}
	return splits
}
