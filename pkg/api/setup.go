package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
	"github.com/onyo-project/onyo/pkg/triage/seed"
)

// setup answers whoever holds the setup link, and admins.
type setup struct {
	records  Records
	auth     *auth.Service
	channels *intake.Desk
	host     *intake.Host
	traffics Traffic
	kinds    []channels.Kind
	clock    func() time.Time
	public   string
	test     func(ctx context.Context) (receipt string, err error)
}

// SetupCrisis is one thing that setup can be for.
type SetupCrisis struct {
	Key        string            `json:"key"`
	Title      string            `json:"title"`
	Titles     map[string]string `json:"titles"`
	Profile    crisis.Profile    `json:"profile"`
	Categories []string          `json:"categories"`
}

// SetupOptions is what setup may choose from.
type SetupOptions struct {
	Needed     bool             `json:"needed"`
	Crises     []SetupCrisis    `json:"crises"`
	Categories []CategoryRow    `json:"categories"`
	Kinds      []KindRow        `json:"kinds"`
	Languages  []LanguageRow    `json:"languages"`
	Emergency  crisis.Emergency `json:"emergency"`
	Profile    crisis.Profile   `json:"profile"`
}

// LanguageRow is a language by its own name.
type LanguageRow struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// PersonBody is somebody to invite.
type PersonBody struct {
	Name string          `json:"name"`
	Role crisis.RoleName `json:"role"`
}

// ChannelBody is a channel to add.
type ChannelBody struct {
	Kind     string            `json:"kind"`
	Name     string            `json:"name"`
	Settings map[string]string `json:"settings"`
}

// SetupBody is everything that setup asks.
type SetupBody struct {
	Name       string           `json:"name"`
	Crisis     string           `json:"crisis"`
	Profile    crisis.Profile   `json:"profile"`
	Categories []string         `json:"categories"`
	Area       []float64        `json:"area"`
	TimeZone   string           `json:"timezone"`
	Languages  []string         `json:"languages"`
	Emergency  crisis.Emergency `json:"emergency"`
	People     []PersonBody     `json:"people"`
	Channel    *ChannelBody     `json:"channel"`
}

// InvitedRow is a person with the link that signs them in once.
type InvitedRow struct {
	Name string          `json:"name"`
	Role crisis.RoleName `json:"role"`
	Link string          `json:"link"`
}

// HookRow is where a provider must send.
type HookRow struct {
	Name    string `json:"name"`
	HookURL string `json:"hook_url"`
}

// SetupAnswer is what setup made.
type SetupAnswer struct {
	People  []InvitedRow `json:"people"`
	Channel *HookRow     `json:"channel"`
}

func (s *setup) routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/api/v1/setup", Access: web.Setup, Tag: "setup", Summary: "What setup may choose from", Out: SetupOptions{}, Handler: s.options},
		{Method: "POST", Path: "/api/v1/setup", Access: web.Setup, Tag: "setup", Summary: "Set the deployment up", In: SetupBody{}, Out: SetupAnswer{}, Handler: s.apply},
		{Method: "POST", Path: "/api/v1/setup/test", Access: web.Setup, Tag: "setup", Summary: "Send a test report", Out: OnBehalfAnswer{}, Handler: s.sendTest},
	}
}

func languageName(code string) string {
	names := map[string]string{"en": "English", "fr": "Français", "es": "Español", "ar": "العربية", "sw": "Kiswahili",
		"ht": "Kreyòl ayisyen", "uk": "Українська", "ne": "नेपाली"}
	return names[code]
}

func (s *setup) options(c echo.Context) error {
	ctx := c.Request().Context()
	deployment, _, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil {
		return err
	}
	crises, err := seed.Crises()
	if err != nil {
		return err
	}
	emergency, err := seed.Emergency()
	if err != nil {
		return err
	}
	categories, err := crisis.Select[*crisis.Category](ctx, s.records, crisis.Query{})
	if err != nil {
		return err
	}
	out := SetupOptions{Needed: deployment.SetUp.IsZero(), Kinds: kindRows(s.kinds), Categories: categoryRows(categories), Emergency: emergency, Profile: deployment.Profile}
	for _, one := range crises {
		out.Crises = append(out.Crises, SetupCrisis{Key: one.Key, Title: one.Title("en"), Titles: one.Titles, Profile: one.Profile, Categories: one.Categories})
	}
	for _, code := range seed.Languages() {
		out.Languages = append(out.Languages, LanguageRow{Code: code, Name: languageName(code)})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *setup) apply(c echo.Context) error {
	var body SetupBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	ctx, by := c.Request().Context(), crisis.SystemActor("setup")
	deployment, policy, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil {
		return err
	}
	if !deployment.SetUp.IsZero() {
		return web.Conflict("set_up", "This deployment is set up. Sign in as an admin to change it.")
	}
	if err := body.into(&deployment); err != nil {
		return err
	}
	deployment.SetUp = crisis.Moment(s.clock())
	change, err := crisis.Configure(policy, deployment, s.clock(), by)
	if err != nil {
		return err
	}
	switched, err := switchCategories(ctx, s.records, body.Categories, deployment.Profile, s.clock(), by)
	if err != nil {
		return err
	}
	spent, err := s.auth.SpendSetup(ctx, by)
	if err != nil {
		return err
	}
	change.Put = append(append(change.Put, switched...), spent...)
	answer := SetupAnswer{}
	if body.Channel != nil {
		channel, err := s.channels.Add(ctx, by, body.Channel.Kind, body.Channel.Name, body.Channel.Settings)
		if err != nil {
			return channelProblem(err)
		}
		answer.Channel = &HookRow{Name: channel.Name, HookURL: channel.HookURL(s.public)}
	}
	if _, err := s.records.Write(ctx, change); err != nil {
		return refusal(err)
	}
	if answer.People, err = s.invite(ctx, by, body.People); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}

func (s *setup) invite(ctx context.Context, by crisis.Actor, people []PersonBody) ([]InvitedRow, error) {
	rows := []InvitedRow{}
	for _, person := range people {
		_, word, err := s.auth.Invite(ctx, by, person.Name, person.Role)
		if err != nil {
			return nil, fmt.Errorf("invite: %w", err)
		}
		rows = append(rows, InvitedRow{Name: person.Name, Role: person.Role, Link: s.public + "/invite/" + word})
	}
	return rows, nil
}

// sendTest goes the way of any report.
func (s *setup) sendTest(c echo.Context) error {
	receipt, err := s.test(c.Request().Context())
	if err != nil {
		return channelRefusal(err)
	}
	return c.JSON(http.StatusOK, OnBehalfAnswer{Receipt: receipt})
}

func (b *SetupBody) into(d *crisis.Deployment) error {
	if b.Name = strings.TrimSpace(b.Name); b.Name == "" || len(b.Name) > 200 {
		return web.BadField("name", "Give the deployment a name of at most 200 bytes, as people will read it.")
	}
	switch b.Profile {
	case crisis.ProfileOpen, crisis.ProfileGuarded, crisis.ProfileHidden:
	default:
		return web.BadField("profile", "A profile is open, guarded or hidden.")
	}
	if len(b.Area) != 0 {
		area, err := boundsOf(b.Area)
		if err != nil {
			return err
		}
		d.Area = area
	}
	if err := checkZone(b.TimeZone); err != nil {
		return err
	}
	if len(b.Languages) == 0 || slices.ContainsFunc(b.Languages, func(l string) bool { return len(l) < 2 || len(l) > 8 }) {
		return web.BadField("languages", "Name at least one language by its code, as in en.")
	}
	if err := checkEmergency(b.Emergency); err != nil {
		return err
	}
	for _, person := range b.People {
		if _, err := crisis.ParseRole(string(person.Role)); err != nil || auth.CheckName(person.Name) != nil {
			return web.BadField("people", "Each person needs a name of 1 to %d characters and a role: volunteer, verifier, responder, coordinator or admin.", auth.NameMax)
		}
	}
	d.Name, d.Crisis, d.Profile, d.TimeZone, d.Languages, d.Emergency = b.Name, b.Crisis, b.Profile, b.TimeZone, b.Languages, b.Emergency
	return nil
}

func boundsOf(edges []float64) (*geo.Bounds, error) {
	if len(edges) != 4 {
		return nil, web.BadField("area", "An area is west,south,east,north in degrees.")
	}
	area := geo.Bounds{West: edges[0], South: edges[1], East: edges[2], North: edges[3]}
	if err := area.Check(); err != nil {
		return nil, web.BadField("area", "%v.", err)
	}
	return &area, nil
}

func checkZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return web.BadField("timezone", "A time zone is named as in Africa/Nairobi.")
	}
	return nil
}

func checkEmergency(e crisis.Emergency) error {
	if len(e.Number) > 40 || e.Sentence["en"] == "" {
		return web.BadField("emergency", "Give the emergency number and the sentence, at least in English.")
	}
	return nil
}

// switchCategories switches exactly the named ones on, and returns only those
// that change. A category's own profile was written to be stricter than the
// deployment's; where the deployment is the stricter one, it serves.
func switchCategories(ctx context.Context, records crisis.Reader, keys []string, profile crisis.Profile, now time.Time, by crisis.Actor) ([]crisis.Record, error) {
	known, err := crisis.Select[*crisis.Category](ctx, records, crisis.Query{})
	if err != nil {
		return nil, err
	}
	var out []crisis.Record
	for _, category := range known {
		on := slices.Contains(keys, category.Key)
		looser := category.Profile != "" && category.Profile.Strictness() < profile.Strictness()
		if on == category.Enabled && !looser {
			continue
		}
		next := *category
		next.Meta, next.Enabled = category.Next(now, by), on
		if looser {
			next.Profile = ""
		}
		out = append(out, &next)
	}
	return out, nil
}

func channelProblem(err error) error {
	var wrong *intake.SettingsError
	switch {
	case errors.Is(err, crisis.ErrTaken):
		return web.Conflict("name_taken", "There is a channel of that name.")
	case errors.As(err, &wrong):
		return web.BadField("channel", "%v", wrong)
	}
	return err
}
