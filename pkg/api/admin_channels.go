package api

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

func (s *setup) channelRoutes() []web.Route {
	route := func(access web.Access, method, path, summary string, in, out any, status int, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: "/api/v1/admin/" + path, Access: access, Tag: "channels", Summary: summary, In: in, Out: out, Status: status, Handler: handler}
	}
	traffic := route(web.Admin, "GET", "channels/:name/traffic", "What a channel exchanged in the last seven days, newest first: no text, no address, no secret", nil, TrafficList{}, 0, s.traffic)
	traffic.Query = []web.Param{{Name: "before", Help: "RFC 3339"}, {Name: "limit", Help: "1 to 500, 100 unless told"}}
	return []web.Route{
		route(web.Admin, "GET", "channels", "Channels and how they fare", nil, ChannelList{}, 0, s.listChannels),
		route(web.AdminOnly, "POST", "channels", "Add a channel; works within 2 seconds", ChannelBody{}, ChannelRow{}, http.StatusCreated, s.addChannel),
		route(web.AdminOnly, "PATCH", "channels/:name", "Change a channel's open settings, or switch it", ChannelPatch{}, ChannelRow{}, 0, s.patchChannel),
		route(web.AdminOnly, "POST", "channels/:name/rotate", "Give secrets a new value; the one before stays good beside it", RotateBody{}, ChannelRow{}, 0, s.rotateChannel),
		route(web.Admin, "POST", "channels/:name/test", "Ask its provider whether its values are good", nil, TestAnswer{}, 0, s.testChannel),
		route(web.Admin, "GET", "channels/kinds", "Kinds of channel", nil, KindList{}, 0, s.listKinds),
		traffic,
	}
}

// ChannelRow is a channel without its secrets, and how it fares.
type ChannelRow struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	HookURL  string            `json:"hook_url"`
	Settings map[string]string `json:"settings"`
	// PublicURL is the exact address that its provider calls, where somebody gave
	// one. Secrets names what holds a secret value, "path" meaning its address.
	PublicURL string       `json:"public_url,omitempty"`
	Secrets   []string     `json:"secrets"`
	Enabled   bool         `json:"enabled"`
	Health    *ChannelFare `json:"health,omitempty"`
}

// ChannelFare is how a channel fares.
type ChannelFare struct {
	// Fault says why it cannot work at all.
	Fault string `json:"fault"`
	// RunningSince of one that fetches or listens; null while it does not here.
	// Problem is how it ended last.
	RunningSince *time.Time `json:"running_since"`
	Problem      string     `json:"problem"`
	ProblemAt    *time.Time `json:"problem_at"`
	LastReceived *time.Time `json:"last_received"`
	Silent       bool       `json:"silent"`
	// Received in 24 hours, and what was refused or failed.
	Received int          `json:"received"`
	Refused  []RefusedRow `json:"refused"`
	// Waiting messages are set aside; Oldest is when the first of them came.
	Waiting int        `json:"waiting"`
	Oldest  *time.Time `json:"oldest"`
	// Sending counts what went out in 24 hours, by state.
	Sending map[crisis.DeliveryState]int `json:"sending"`
}

// RefusedRow is how often something was refused or failed.
type RefusedRow struct {
	Direction crisis.Direction `json:"direction"`
	Code      string           `json:"code"`
	Count     int              `json:"count"`
	Last      time.Time        `json:"last"`
}

// ChannelPatch changes open settings, an empty value giving the default back, or
// switches the channel.
type ChannelPatch struct {
	Settings map[string]string `json:"settings,omitempty"`
	Enabled  *bool             `json:"enabled,omitempty"`
}

// RotateBody gives secret settings a new value; "path" with an empty one draws a
// new path secret.
type RotateBody struct {
	Secrets map[string]string `json:"secrets"`
}

// TestAnswer says whether a channel's provider knows its values.
type TestAnswer struct {
	Good   bool   `json:"good"`
	Detail string `json:"detail"`
}

// TrafficRow is a line of the exchange log.
type TrafficRow struct {
	At        time.Time        `json:"at"`
	Direction crisis.Direction `json:"direction"`
	Method    string           `json:"method"`
	Host      string           `json:"host"`
	Status    int              `json:"status"`
	Code      string           `json:"code"`
	Bytes     int64            `json:"bytes"`
	TookMS    float64          `json:"took_ms"`
	Messages  int              `json:"messages"`
	Exchanges int              `json:"exchanges"`
	Shape     string           `json:"shape"`
}

// TrafficList is a page of the exchange log.
type TrafficList struct {
	Lines []TrafficRow `json:"lines"`
}

// ChannelList lists channels.
type ChannelList struct {
	Channels []ChannelRow `json:"channels"`
	// PublicURL is where the world sees this server. Acknowledge: the crisis is one
	// in which a thank-you helps witnesses more than it can endanger them.
	PublicURL   string `json:"public_url"`
	Acknowledge bool   `json:"acknowledge"`
}

// KindList lists kinds of channel.
type KindList struct {
	Kinds []KindRow `json:"kinds"`
}

func (s *setup) listChannels(c echo.Context) error {
	ctx := c.Request().Context()
	found, err := crisis.Select[*crisis.Channel](ctx, s.records, crisis.Query{})
	if err != nil {
		return err
	}
	fares, err := s.host.Health(ctx)
	if err != nil {
		return err
	}
	byName := map[string]intake.Health{}
	for _, one := range fares {
		byName[one.Name] = one
	}
	sending, err := s.traffics.DeliveryCounts(ctx, s.clock().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	deployment, _, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil && !errors.Is(err, crisis.ErrNotFound) {
		return err
	}
	list := ChannelList{Channels: []ChannelRow{}, PublicURL: s.public, Acknowledge: deployment.Crisis == "flood" || deployment.Crisis == "storm"}
	for _, channel := range found {
		row := s.channelRow(c, channel)
		if fare, ok := byName[channel.Name]; ok {
			row.Health = fareRow(fare, sending[channel.ID])
		}
		list.Channels = append(list.Channels, row)
	}
	return c.JSON(http.StatusOK, list)
}

func fareRow(h intake.Health, sending map[crisis.DeliveryState]int) *ChannelFare {
	row := &ChannelFare{Fault: h.Fault, RunningSince: moment(h.RunningSince), Problem: h.Problem, ProblemAt: moment(h.ProblemAt), LastReceived: moment(h.LastReceived),
		Silent: h.Silent, Received: h.Received, Waiting: h.Waiting, Oldest: moment(h.Oldest), Refused: []RefusedRow{}, Sending: sending}
	if row.Sending == nil {
		row.Sending = map[crisis.DeliveryState]int{}
	}
	for _, one := range h.Refused {
		row.Refused = append(row.Refused, RefusedRow{Direction: one.Direction, Code: one.Code, Count: one.Count, Last: one.Last})
	}
	return row
}

// channelRow is a channel for whoever asks: an address that holds a secret is the
// admins' alone.
func (s *setup) channelRow(c echo.Context, channel *crisis.Channel) ChannelRow {
	hook := channel.OpenURL(s.public)
	if person := who(c); person != nil && person.Has(crisis.RoleAdmin) {
		hook = channel.HookURL(s.public)
	}
	settings := channel.Settings
	if settings == nil {
		settings = map[string]string{}
	}
	return ChannelRow{ID: channel.ID.String(), Name: channel.Name, Kind: channel.Kind, HookURL: hook, Settings: settings,
		PublicURL: channel.PublicURL, Secrets: orEmpty(slices.Sorted(maps.Keys(channel.Secrets))), Enabled: channel.Enabled}
}

func (s *setup) addChannel(c echo.Context) error {
	var body ChannelBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	channel, err := s.channels.Add(c.Request().Context(), who(c).Actor(), body.Kind, body.Name, body.Settings)
	if err != nil {
		return channelProblem(err)
	}
	return c.JSON(http.StatusCreated, s.channelRow(c, channel))
}

func (s *setup) patchChannel(c echo.Context) error {
	var body ChannelPatch
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	channel, err := s.channels.Change(c.Request().Context(), who(c).Actor(), c.Param("name"), body.Settings, body.Enabled)
	return s.changed(c, channel, err)
}

func (s *setup) rotateChannel(c echo.Context) error {
	var body RotateBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	channel, err := s.channels.Rotate(c.Request().Context(), who(c).Actor(), c.Param("name"), body.Secrets)
	return s.changed(c, channel, err)
}

func (s *setup) changed(c echo.Context, channel *crisis.Channel, err error) error {
	switch {
	case errors.Is(err, crisis.ErrNotFound):
		return web.Missing("channel")
	case errors.Is(err, crisis.ErrStale):
		return web.Conflict("stale", "Somebody else changed this channel just now. Read it again.")
	case err != nil:
		return channelProblem(err)
	}
	return c.JSON(http.StatusOK, s.channelRow(c, channel))
}

func (s *setup) testChannel(c echo.Context) error {
	err := s.host.Test(c.Request().Context(), c.Param("name"))
	switch {
	case err == nil:
		return c.JSON(http.StatusOK, TestAnswer{Good: true, Detail: "Its provider knows these values."})
	case errors.Is(err, intake.ErrNoChannel):
		return web.Missing("channel")
	}
	return c.JSON(http.StatusOK, TestAnswer{Detail: err.Error()})
}

func (s *setup) traffic(c echo.Context) error {
	query := web.ReadQuery(c)
	limit := query.Int("limit", 100, 1, 500)
	before, asked := web.Parse(query, "before", func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
	if !asked {
		before = s.clock().Add(time.Minute)
	}
	if err := query.Done(); err != nil {
		return err
	}
	lines, err := s.traffics.Traffic(c.Request().Context(), c.Param("name"), before, limit)
	if err != nil {
		return err
	}
	list := TrafficList{Lines: []TrafficRow{}}
	for _, line := range lines {
		list.Lines = append(list.Lines, TrafficRow{At: line.At, Direction: line.Direction, Method: line.Method, Host: line.Host, Status: line.Status, Code: line.Code,
			Bytes: line.Bytes, TookMS: float64(line.Took.Microseconds()) / 1000, Messages: line.Messages, Exchanges: line.Exchanges, Shape: line.Shape})
	}
	return c.JSON(http.StatusOK, list)
}

// KindRow is a kind of channel and what it needs.
type KindRow struct {
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Summary  string       `json:"summary"`
	Settings []SettingRow `json:"settings"`
	// Signed: every request of its provider carries a proof. Receives: its provider
	// calls. Runs: it fetches or listens by itself. Sends: messages can leave on it.
	// Tests: its values can be tried.
	Signed   bool `json:"signed"`
	Receives bool `json:"receives"`
	Runs     bool `json:"runs"`
	Sends    bool `json:"sends"`
	Tests    bool `json:"tests"`
	// Help is its page of the manual.
	Help string `json:"help"`
}

// SettingRow is one setting of a kind.
type SettingRow struct {
	Key      string `json:"key"`
	Help     string `json:"help"`
	Required bool   `json:"required"`
	Secret   bool   `json:"secret"`
	Default  string `json:"default"`
	// Host: every channel has it, whatever its kind.
	Host bool `json:"host"`
}

func kindRows(kinds []channels.Kind) []KindRow {
	rows := make([]KindRow, 0, len(kinds))
	for _, kind := range kinds {
		row := KindRow{Name: kind.Name, Title: kind.Title, Summary: kind.Summary, Settings: []SettingRow{}, Signed: kind.Can.Signed, Receives: kind.Can.Webhook,
			Runs: kind.Can.Run, Sends: kind.Can.Send || kind.Can.Collect, Tests: kind.Can.Test, Help: "/help/" + strings.ReplaceAll(kind.Name, ".", "-")}
		for _, setting := range kind.Settings {
			row.Settings = append(row.Settings, SettingRow{Key: setting.Key, Help: setting.Help, Required: setting.Required, Secret: setting.Secret, Default: setting.Default, Host: intake.HostSetting(setting.Key)})
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *setup) listKinds(c echo.Context) error {
	return c.JSON(http.StatusOK, KindList{Kinds: kindRows(s.kinds)})
}
