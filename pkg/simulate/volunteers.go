package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Volunteer is a scripted person who works the desk API like anyone: reads the
// queue, claims, locates, judges. They judge only what the script wrote; a
// visitor's own report is left to people.
type Volunteer struct {
	Base  string
	HTTP  *http.Client
	Log   *slog.Logger
	Name  string
	Token string
	About map[string]Event // from Scenario.About
	// Pause is how long one takes over one card.
	Pause time.Duration
	// Hurry is how long, from the start, they do not pause: a map that is opened
	// now should be alive now.
	Hurry time.Duration
}

// hurried is the pause while they hurry.
const hurried = 100 * time.Millisecond

type queueRow struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Version uint64 `json:"version"`
	Summary string `json:"summary"`
	Mine    bool   `json:"mine"`
	Claim   *struct {
		Mine bool `json:"mine"`
	} `json:"claim"`
}

type card struct {
	queueRow
	Severity   string   `json:"severity"`
	Categories []string `json:"categories"`
	Location   *struct {
		Lon float64 `json:"lon"`
	} `json:"location"`
	Reports []struct {
		Text string `json:"text"`
	} `json:"reports"`
}

// Work goes on until the context ends. A refused step is somebody else's turn:
// it goes on to the next card.
func (v *Volunteer) Work(ctx context.Context) error {
	start := time.Now()
	for ctx.Err() == nil {
		worked, err := v.turn(ctx)
		if err != nil && ctx.Err() == nil {
			v.Log.Debug("a scripted volunteer's step was refused", "person", v.Name, "error", err.Error())
		}
		pause := v.Pause
		switch {
		case time.Since(start) < v.Hurry:
			pause = hurried
		case !worked:
			pause = max(pause, time.Second)
		}
		if err := until(ctx, time.Now().Add(pause)); err != nil {
			return nil
		}
	}
	return nil
}

// turn takes the first card that the script knows and this person has not
// judged.
func (v *Volunteer) turn(ctx context.Context) (bool, error) {
	var queue struct {
		Incidents []queueRow `json:"incidents"`
	}
	if err := v.call(ctx, http.MethodGet, "/api/v1/desk/queue?limit=40", nil, &queue); err != nil {
		return false, err
	}
	for _, row := range queue.Incidents {
		if row.Mine || (row.Claim != nil && !row.Claim.Mine) {
			continue
		}
		var incident card
		if err := v.call(ctx, http.MethodGet, "/api/v1/desk/incidents/"+row.ID, nil, &incident); err != nil {
			return false, err
		}
		if event, known := v.event(incident); known {
			return true, v.judge(ctx, incident, event)
		}
	}
	return false, nil
}

func (v *Volunteer) event(incident card) (Event, bool) {
	for _, report := range incident.Reports {
		if event, ok := v.About[report.Text]; ok {
			return event, true
		}
	}
	return Event{}, false
}

func (v *Volunteer) judge(ctx context.Context, incident card, event Event) error {
	path := "/api/v1/desk/incidents/" + incident.ID
	var claim struct {
		Token string `json:"token"`
	}
	if err := v.call(ctx, http.MethodPost, path+"/claim", nil, &claim); err != nil {
		return err
	}
	version := incident.Version
	if incident.Location == nil && event.Truth == "true" {
		var row queueRow
		if err := v.call(ctx, http.MethodPut, path+"/location", map[string]any{"claim_token": claim.Token, "version": version,
			"lon": event.Lon, "lat": event.Lat, "uncertainty_m": 150, "reason": "Known from the words: " + event.Place}, &row); err != nil {
			return err
		}
		version = row.Version
	}
	if len(incident.Categories) == 0 && event.Truth == "true" {
		var row queueRow
		if err := v.call(ctx, http.MethodPut, path+"/categories", map[string]any{"claim_token": claim.Token, "version": version,
			"categories": []string{event.Category}}, &row); err != nil {
			return err
		}
		version = row.Version
	}
	verdict, credibility, reason := "approve", 2, "Fits what others say from "+event.Place
	switch event.Truth {
	case "rumour":
		verdict, credibility, reason = "refute", 5, "Checked with people on the spot: it is not so"
	case "unclear":
		verdict, credibility, reason = "cannot_determine", 6, "Accounts disagree"
	}
	judgement := map[string]any{"claim_token": claim.Token, "version": version, "verdict": verdict, "credibility": credibility, "reason": reason}
	if verdict == "approve" && incident.Summary == "" {
		judgement["summary"] = map[string]any{"text": strings.ToUpper(event.Place[:1]) + event.Place[1:], "language": "en"}
	}
	return v.call(ctx, http.MethodPost, path+"/assessments", judgement, nil)
}

func (v *Volunteer) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, v.Base+path, body)
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+v.Token)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := v.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("call %s: %w", path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %w", method, path, response.StatusCode, errRefused)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("understand the answer: %w", err)
	}
	return nil
}

var errRefused = errors.New("refused")
