package public

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/ui"
)

// CardBody opens a report card: with the code alone it asks whether the card is
// still good; with a place or a text it fills it in, once.
type CardBody struct {
	Code     string          `json:"code"`
	Location *ReportLocation `json:"location,omitempty"`
	Text     string          `json:"text,omitempty"`
}

// CardAnswer says what became of a card: "open" or "taken".
type CardAnswer struct {
	Status string `json:"status"`
}

// CardAnswers is what somebody fills into a card.
type CardAnswers struct {
	Lon, Lat    *float64
	AccuracyM   float64
	Words, Text string
}

// Empty says that nothing was filled in.
func (a CardAnswers) Empty() bool {
	return a.Lon == nil && a.Lat == nil && a.Words == "" && a.Text == ""
}

func (s *Site) cardRoutes() []web.Route {
	page := func(method string, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: "/card", Access: web.Anyone, Hidden: true, Handler: handler}
	}
	return []web.Route{
		{Method: "POST", Path: "/api/v1/cards", Access: web.Anyone, Tag: "reports", Summary: "Fill in a report card: a short form behind a link that opens once", In: CardBody{}, Out: CardAnswer{}, Handler: s.postCard},
		page("GET", s.cardPage), page("POST", s.sendCard),
	}
}

func (s *Site) postCard(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	var body CardBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	answers := CardAnswers{Text: body.Text}
	if place := body.Location; place != nil {
		answers.Lon, answers.Lat, answers.Words = place.Lon, place.Lat, place.Words
		if place.AccuracyM != nil {
			answers.AccuracyM = *place.AccuracyM
		}
	}
	if err := s.card(c, body.Code, answers); err != nil {
		return err
	}
	if answers.Empty() {
		return c.JSON(http.StatusOK, CardAnswer{Status: "open"})
	}
	return c.JSON(http.StatusOK, CardAnswer{Status: "taken"})
}

// card asks after a card or fills it in, within what one caller may ask.
func (s *Site) card(c echo.Context, code string, answers CardAnswers) error {
	if err := s.Questions.Allow(s.Callers.Of(c.Request()), "Too many questions from your network at once."); err != nil {
		return err
	}
	if err := s.Door.Card(c.Request().Context(), strings.TrimSpace(code), answers); err != nil {
		return s.Refusal(err)
	}
	return nil
}

func (s *Site) cardPage(c echo.Context) error {
	page, _, err := s.Frame(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return s.Show(c, http.StatusOK, &ui.CardPage{Page: page})
}

// sendCard takes the card's plain HTML form. What was wrong is said on it, with
// everything still filled in.
func (s *Site) sendCard(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	body, err := web.ReadBody(c, 128<<10)
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
	view := &ui.CardPage{Page: page, Code: strings.TrimSpace(fields.Get("code")), Where: fields.Get("where"), Text: fields.Get("text"),
		Lon: fields.Get("lon"), Lat: fields.Get("lat"), AccuracyM: fields.Get("accuracy_m")}
	answers := CardAnswers{Words: strings.TrimSpace(view.Where), Text: strings.TrimSpace(view.Text), Lon: degrees(view.Lon), Lat: degrees(view.Lat)}
	if accuracy := degrees(view.AccuracyM); accuracy != nil {
		answers.AccuracyM = *accuracy
	}
	if answers.Empty() {
		err = web.BadField("where", "Show the place or say where it is.")
	} else {
		err = s.card(c, view.Code, answers)
	}
	var problem *web.Problem
	if errors.As(err, &problem) {
		view.Problem = problem.Detail
		return s.Show(c, problem.Status, view)
	}
	if err != nil {
		return err
	}
	return s.Show(c, http.StatusOK, &ui.CardPage{Page: page, Sent: true})
}

// degrees is the number in a form's field; nil where it holds none.
func degrees(text string) *float64 {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return nil
	}
	return &value
}
