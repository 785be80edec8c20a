package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/chat"
)

// sample is a request as a provider documents it, and what is to become of it.
type sample struct {
	ID, Provider, Method, URL, Body, Secret string
	Headers                                 map[string]string
	Expected                                struct {
		Text         *string
		Lat, Lon     *float64
		Media        *int
		Status       int
		ResponseBody *string `json:"response_body"`
		Note         string
	}
}

func samples(t *testing.T, provider string) []sample {
	t.Helper()
	dir := os.Getenv("ONYO_TESTDATA")
	if dir == "" {
		t.Skip("ONYO_TESTDATA is not set: the providers' documented requests are not at hand")
	}
	data, err := os.ReadFile(filepath.Join(dir, "webhooks", "documented", "samples.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var found []sample
	for line := range bytes.Lines(data) {
		var s sample
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		if s.Provider == provider {
			found = append(found, s)
		}
	}
	return found
}

// bring brings a sample as it stands; nil where it is refused.
func (s sample) bring(t *testing.T, kind channels.Kind, w channels.Webhook) (*channels.Reception, error) {
	t.Helper()
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	x := channels.Exchange{Method: s.Method, Query: at.RawQuery, Body: []byte(s.Body), Header: http.Header{}, ID: "fresh"}
	for key, value := range s.Headers {
		x.Header.Set(key, value)
	}
	reception, err := kind.Receive(t.Context(), w, x)
	if err != nil {
		return nil, err
	}
	return &reception, nil
}

// meets checks what a sample's one message says.
func (s sample) meets(t *testing.T, m channels.Message) {
	t.Helper()
	if want := s.Expected.Text; want != nil && (m.Text != *want || m.Nature != channels.Report) {
		t.Errorf("%s: %s with %d bytes of text", s.ID, m.Nature, len(m.Text))
	}
	if s.Expected.Lat != nil {
		if m.Location == nil || m.Location.Point == nil || math.Abs(m.Location.Point.Lat-*s.Expected.Lat) > 1e-9 ||
			math.Abs(m.Location.Point.Lon-*s.Expected.Lon) > 1e-9 || m.Nature != channels.Report {
			t.Errorf("%s: not where it is", s.ID)
		}
	}
	if s.Expected.Media != nil && len(m.Media) != *s.Expected.Media {
		t.Errorf("%s: %d media", s.ID, len(m.Media))
	}
}

// All documented updates through one channel: each is itself, an edit is the edit
// of what came before, and one told again is the same.
func TestTelegramSamples(t *testing.T) {
	all := samples(t, "telegram")
	c := telegramConfig()
	c.Secrets["secret_token"] = channels.NewSecret("s3cret", "")
	w := build(t, chat.Telegram(), c)
	ids, aliases := map[string][32]byte{}, map[string]bool{}
	for _, s := range all {
		got, err := s.bring(t, chat.Telegram(), w)
		if err != nil {
			t.Fatalf("%s: %v", s.ID, err)
		}
		split := got.Messages[0]
		m := reread(t, w, split)
		s.meets(t, m)
		digest, again := ids[split.ProviderID]
		switch note := s.Expected.Note; {
		case strings.Contains(note, "duplicate"):
			if !again || digest != split.Digest {
				t.Errorf("%s: not the same again", s.ID)
			}
		case again:
			t.Errorf("%s: has the id of another", s.ID)
		case note == "command":
			if split.Nature == channels.Report {
				t.Errorf("%s: a command is a report", s.ID)
			}
		case strings.Contains(note, "ignore"):
			if split.Nature != channels.Other {
				t.Errorf("%s: %s", s.ID, split.Nature)
			}
		case strings.HasPrefix(note, "edit"):
			if !aliases[m.Supersedes] {
				t.Errorf("%s: edits nothing that came before", s.ID)
			}
		case strings.HasPrefix(note, "forward"):
			if m.Checks["forwarded"] != "yes" {
				t.Errorf("%s: not marked as forwarded", s.ID)
			}
		}
		ids[split.ProviderID], aliases[split.Alias] = split.Digest, true
	}
	if len(all) != 11 {
		t.Errorf("%d samples", len(all))
	}
}

func TestWhatsAppSamples(t *testing.T) {
	all := samples(t, "whatsapp_cloud")
	for _, s := range all {
		c := whatsAppConfig()
		c.Secrets["app_secret"], c.Secrets["verify_token"] = channels.NewSecret(s.Secret, ""), channels.NewSecret(s.Secret, "")
		w := build(t, chat.WhatsApp(), c)
		got, err := s.bring(t, chat.WhatsApp(), w)
		switch {
		case s.Expected.Status/100 == 4:
			var refusal *channels.Refusal
			if got != nil || !errors.As(err, &refusal) || refusal.Status != s.Expected.Status || err.Error() != channels.Unauthentic().Error() {
				t.Errorf("%s: %v", s.ID, err)
			}
			continue
		case err != nil:
			t.Fatalf("%s: %v", s.ID, err)
		case s.Expected.ResponseBody != nil:
			if string(got.Answer.Body) != *s.Expected.ResponseBody || len(got.Messages) > 0 {
				t.Errorf("%s: answered otherwise", s.ID)
			}
			continue
		}
		split := got.Messages[0]
		s.meets(t, reread(t, w, split))
		if strings.Contains(s.Expected.Note, "ignore") && split.Nature != channels.Other ||
			strings.Contains(s.Expected.Note, "no report") && split.Nature != channels.Delivery {
			t.Errorf("%s: %s", s.ID, split.Nature)
		}
	}
	if len(all) != 7 {
		t.Errorf("%d samples", len(all))
	}
}
