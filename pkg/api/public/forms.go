package public

import (
	"bytes"
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/ui"
)

func (s *Site) formPage(c echo.Context) error {
	return s.showForm(c, http.StatusOK, ui.FormValues{}, nil, nil)
}

func (s *Site) showForm(c echo.Context, status int, values ui.FormValues, chosen map[string]bool, problem *web.Problem) error {
	page, setting, err := s.Frame(c)
	if err != nil {
		return err
	}
	view := &ui.FormPage{Page: page, Values: values, MediaBytes: s.Door.BodyBytes()}
	for _, category := range setting.Categories {
		if !category.Enabled {
			continue
		}
		label, icon := labelOf([]string{category.Key}, map[string]*crisis.Category{category.Key: category}, page.Lang)
		view.Categories = append(view.Categories, ui.CategoryChoice{Key: category.Key, Label: label, Icon: icon, Chosen: chosen[category.Key]})
	}
	if problem != nil {
		view.Problem, view.Field = problem.Detail, problem.Field
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return s.Show(c, status, view)
}

// sendForm takes the plain HTML form. What was wrong is said on the form, with
// everything still filled in; what went well shows the receipt.
func (s *Site) sendForm(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	taken, err := s.take(c)
	var problem *web.Problem
	if errors.As(err, &problem) {
		values, chosen := filled(c)
		return s.showForm(c, problem.Status, values, chosen, problem)
	}
	if err != nil {
		return err
	}
	page, _, err := s.Frame(c)
	if err != nil {
		return err
	}
	return s.Show(c, http.StatusOK, &ui.ReceiptPage{Page: page, Sent: true, Code: taken.Receipt, ReceivedAt: s.Clock()})
}

const bodyKey = "submitted"

// filled is what the witness had typed, so that nobody types it twice.
func filled(c echo.Context) (ui.FormValues, map[string]bool) {
	body, _ := c.Get(bodyKey).([]byte)
	fields := url.Values{}
	kind, params, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	switch {
	case err != nil:
	case kind == "application/x-www-form-urlencoded":
		fields, _ = url.ParseQuery(string(body))
	case kind == "multipart/form-data":
		if form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(1 << 20); err == nil {
			fields = form.Value
			_ = form.RemoveAll()
		}
	}
	chosen := map[string]bool{}
	for _, key := range fields["category"] {
		chosen[key] = true
	}
	return ui.FormValues{Text: fields.Get("text"), Where: fields.Get("where"), Lon: fields.Get("lon"), Lat: fields.Get("lat"),
		AccuracyM: fields.Get("accuracy_m"), OccurredAt: fields.Get("occurred_at"), Contact: fields.Get("contact")}, chosen
}

func (s *Site) receiptPage(c echo.Context) error {
	page, _, err := s.Frame(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return s.Show(c, http.StatusOK, &ui.ReceiptPage{Page: page})
}

// askReceipt is the lookup form without JavaScript.
func (s *Site) askReceipt(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	body, err := web.ReadBody(c, 64<<10)
	if err != nil {
		return err
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return web.BadField("code", "The form could not be read.")
	}
	page, _, err := s.Frame(c)
	if err != nil {
		return err
	}
	view := &ui.ReceiptPage{Page: page, Code: strings.TrimSpace(fields.Get("code"))}
	became, err := s.ask(c, view.Code, fields.Get("action"), fields.Get("text"))
	var problem *web.Problem
	if errors.As(err, &problem) {
		view.Problem = problem.Detail
		return s.Show(c, problem.Status, view)
	}
	if err != nil {
		return err
	}
	view.Label, view.ReceivedAt = became.Label, became.ReceivedAt
	for _, entry := range became.Entries {
		view.Entries = append(view.Entries, ui.ReceiptEntry(entry))
	}
	return s.Show(c, http.StatusOK, view)
}
