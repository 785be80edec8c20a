package public

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// ReportBody documents a report as apps send it; the channel app reads it.
type ReportBody struct {
	Text       string          `json:"text,omitempty"`
	Location   *ReportLocation `json:"location,omitempty"`
	OccurredAt *time.Time      `json:"occurred_at,omitempty"`
	Categories []string        `json:"categories,omitempty"`
	Language   string          `json:"language,omitempty"`
	Contact    string          `json:"contact,omitempty"`
	Form       string          `json:"form,omitempty"`
	Answers    map[string]any  `json:"answers,omitempty"`
	Uploads    []string        `json:"uploads,omitempty"`
}

// ReportLocation is a point, or words.
type ReportLocation struct {
	Lon       *float64 `json:"lon,omitempty"`
	Lat       *float64 `json:"lat,omitempty"`
	AccuracyM *float64 `json:"accuracy_m,omitempty"`
	Words     string   `json:"words,omitempty"`
}

// ReportAnswer is the receipt.
type ReportAnswer struct {
	Receipt string `json:"receipt"`
	Status  string `json:"status"`
}

// ReceiptBody asks after a report, and may add a text to it, correct its text,
// or withdraw it: one of the three.
type ReceiptBody struct {
	Code     string `json:"code"`
	Add      string `json:"add,omitempty"`
	Correct  string `json:"correct,omitempty"`
	Withdraw bool   `json:"withdraw,omitempty"`
}

// act is the one thing that the body asks for, with its text.
func (b *ReceiptBody) act() (action, text string, err error) {
	asked := 0
	if b.Add != "" {
		asked, action, text = asked+1, "add", b.Add
	}
	if b.Correct != "" {
		asked, action, text = asked+1, "correct", b.Correct
	}
	if b.Withdraw {
		asked, action = asked+1, "withdraw"
	}
	if asked > 1 {
		return "", "", web.BadField("code", "Add, correct or withdraw: one at a time.")
	}
	return action, text, nil
}

// ReceiptAnswer is what became of it, in plain words.
type ReceiptAnswer struct {
	Status     string               `json:"status"`
	Label      string               `json:"label"`
	ReceivedAt time.Time            `json:"received_at"`
	Entries    []ReceiptAnswerEntry `json:"entries"`
}

// ReceiptAnswerEntry is one step.
type ReceiptAnswerEntry struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

func (s *Site) postReport(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	taken, err := s.take(c)
	if err != nil {
		return err
	}
	switch taken.Status {
	case "again":
		return c.JSON(http.StatusOK, ReportAnswer{Receipt: taken.Receipt, Status: taken.Status})
	case "variant":
		problem := web.Conflict("variant", "This Idempotency-Key came before with other content. Both are kept; send new content under a new key.")
		return problem
	}
	return c.JSON(http.StatusCreated, ReportAnswer{Receipt: taken.Receipt, Status: taken.Status})
}

// take reads a body within limits and hands it through the door. Signed-in
// programs are never limited before accept.
func (s *Site) take(c echo.Context) (Taken, error) {
	submitter, program := s.Submitter(c)
	if !program {
		if err := s.Submissions.Allow(s.Callers.Of(c.Request()), "Too many reports from your network at once; nothing of this one was kept."); err != nil {
			return Taken{}, err
		}
	}
	release, err := s.Weight.Take(c.Request(), s.Door.BodyBytes())
	if err != nil {
		return Taken{}, err
	}
	defer release()
	body, err := web.ReadBody(c, s.Door.BodyBytes())
	if err != nil {
		return Taken{}, err
	}
	c.Set(bodyKey, body)
	submission := Submission{Header: c.Request().Header, Body: body, Submitter: submitter}
	done, err := s.takeUploads(c, &submission)
	if err != nil {
		return Taken{}, err
	}
	taken, err := s.Door.Submit(c.Request().Context(), submission)
	done(err == nil)
	if err != nil {
		return Taken{}, s.Refusal(err)
	}
	return taken, nil
}

func (s *Site) postReceipt(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	var body ReceiptBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	action, text, err := body.act()
	if err != nil {
		return err
	}
	became, err := s.ask(c, body.Code, action, text)
	if err != nil {
		return err
	}
	answer := ReceiptAnswer{Status: became.Status, Label: became.Label, ReceivedAt: became.ReceivedAt, Entries: []ReceiptAnswerEntry{}}
	for _, entry := range became.Entries {
		answer.Entries = append(answer.Entries, ReceiptAnswerEntry(entry))
	}
	return c.JSON(http.StatusOK, answer)
}

func (s *Site) ask(c echo.Context, code, action, text string) (Became, error) {
	if err := s.Questions.Allow(s.Callers.Of(c.Request()), "Too many questions at once."); err != nil {
		return Became{}, err
	}
	switch action {
	case "", "add", "correct", "withdraw":
	default:
		return Became{}, web.BadField("action", "An action is add, correct or withdraw.")
	}
	became, err := s.Door.Ask(c.Request().Context(), code, action, text)
	if errors.Is(err, crisis.ErrNotFound) {
		return Became{}, web.Refuse(http.StatusNotFound, "no_such_code", "code", "No report has this code. Check each letter; there is no O, I, L or U in it.")
	}
	if err != nil {
		return Became{}, s.Refusal(err)
	}
	return became, nil
}

// DeploymentAnswer is what clients need to know.
type DeploymentAnswer struct {
	Name         string           `json:"name"`
	Demo         bool             `json:"demo"`
	Training     bool             `json:"training"`
	Profile      crisis.Profile   `json:"profile"`
	Languages    []string         `json:"languages"`
	TimeZone     string           `json:"timezone"`
	Area         []float64        `json:"area"`
	Emergency    crisis.Emergency `json:"emergency"`
	PublishEvery int              `json:"publish_every_s"`
	StaleAfter   int              `json:"stale_after_s"`
	Categories   []CategoryAnswer `json:"categories"`
}

// CategoryAnswer is a category that is switched on.
type CategoryAnswer struct {
	Key           string            `json:"key"`
	Parent        *string           `json:"parent"`
	Labels        map[string]string `json:"labels"`
	Icon          string            `json:"icon"`
	Severity      crisis.Severity   `json:"severity"`
	Profile       *crisis.Profile   `json:"profile"`
	LifetimeHours float64           `json:"lifetime_h"`
	Enabled       bool              `json:"enabled"`
}

func (s *Site) deployment(c echo.Context) error {
	setting, err := s.Setting(c.Request().Context())
	if err != nil {
		return err
	}
	d := setting.Deployment
	answer := DeploymentAnswer{Name: d.Name, Demo: setting.Demo, Training: d.Training, Profile: d.Profile, Languages: d.Languages, TimeZone: d.TimeZone,
		Emergency: d.Emergency, PublishEvery: int(setting.PublishEvery.Seconds()), StaleAfter: max(60, 3*int(setting.PublishEvery.Seconds())), Categories: []CategoryAnswer{}}
	if d.Area != nil {
		answer.Area = []float64{d.Area.West, d.Area.South, d.Area.East, d.Area.North}
	}
	for _, category := range setting.Categories {
		if !category.Enabled {
			continue
		}
		row := CategoryAnswer{Key: category.Key, Labels: category.Labels, Icon: category.Icon, Severity: category.Severity, LifetimeHours: category.LifetimeHours, Enabled: true}
		if category.Parent != "" {
			row.Parent = &category.Parent
		}
		if category.Profile != "" {
			row.Profile = &category.Profile
		}
		answer.Categories = append(answer.Categories, row)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return Cacheable(c, "application/json", body)
}
