package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels/sms"
)

// Player sends a scenario's messages through the real endpoints.
type Player struct {
	Base string // where the server is reached
	HTTP *http.Client
	Log  *slog.Logger
	SMS  SMS
	// Speed divides every wait; 1 is real time.
	Speed float64
	// Round marks the provider ids, so that a second playing is not a replay.
	Round string
}

// SMS is a channel of kind sms.twilio.
type SMS struct {
	Channel   string
	PublicURL string // exactly what is signed
	Token     string
	To        string
}

// Play sends everything, each message at its time, and returns how many were
// accepted. What is refused or cannot be sent is logged and not counted; only
// the end of the context stops it early.
func (p *Player) Play(ctx context.Context, scenario *Scenario) (int, error) {
	start, sent := time.Now(), 0
	for i, line := range scenario.Lines {
		due := start.Add(time.Duration(float64(line.At) / p.Speed))
		if err := until(ctx, due); err != nil {
			return sent, err
		}
		if err := p.send(ctx, scenario, i, line); err != nil {
			if ctx.Err() != nil {
				return sent, ctx.Err()
			}
			p.Log.Warn("a scripted message was not accepted", "line", i, "error", err.Error())
			continue
		}
		sent++
	}
	return sent, nil
}

func until(ctx context.Context, due time.Time) error {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Player) send(ctx context.Context, scenario *Scenario, number int, line Line) error {
	if line.Channel == "sms" {
		return p.text(ctx, number, line)
	}
	return p.submit(ctx, scenario, number, line)
}

// text posts what Twilio would, signed with the channel's token.
func (p *Player) text(ctx context.Context, number int, line Line) error {
	form := url.Values{"MessageSid": {fmt.Sprintf("SM%s%028d", p.Round, number)}, "AccountSid": {"AC00000000000000000000000000000000"},
		"From": {line.Sender}, "To": {p.SMS.To}, "Body": {line.Text}, "NumMedia": {"0"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Base+"/hooks/"+p.SMS.Channel, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("make the webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Twilio-Signature", sms.Sign(p.SMS.Token, p.SMS.PublicURL, form))
	return p.do(request)
}

// submit posts what a witness's app would. Its point is a few dozen metres from
// the event's, never the same twice.
func (p *Player) submit(ctx context.Context, scenario *Scenario, number int, line Line) error {
	event := scenario.Events[line.Event]
	report := map[string]any{"text": line.Text, "language": line.Language, "categories": []string{event.Category},
		"location": map[string]any{"lon": event.Lon + shift(number, 7), "lat": event.Lat + shift(number, 11), "accuracy_m": 25}}
	if event.Truth != "true" {
		delete(report, "categories")
	}
	body, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Base+"/api/v1/reports", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the report: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%d", p.Round, number))
	return p.do(request)
}

// shift is up to ±0.0004 degrees, the same for the same message.
func shift(number, stride int) float64 { return float64((number*stride)%9-4) * 0.0001 }

func (p *Player) do(request *http.Request) error {
	response, err := p.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	defer response.Body.Close()
	detail, _ := io.ReadAll(io.LimitReader(response.Body, 300))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %d %s", response.StatusCode, bytes.TrimSpace(detail))
	}
	return nil
}
