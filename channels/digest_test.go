package channels_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
)

func full() channels.Message {
	return channels.Message{Nature: channels.Report, ProviderID: "1", From: channels.Address{Scheme: "tel", Value: "+1"},
		To: channels.Address{Scheme: "tel", Value: "+2"}, Text: "text", Language: "en", Contact: "contact",
		Location:   &channels.Location{Point: &channels.Point{Lon: 1, Lat: 2, AccuracyM: 3}, Words: "words", Box: &[4]float64{1, 2, 3, 4}},
		OccurredAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Categories: []string{"a", "b"},
		Media:   []channels.Media{{Ref: "r", URL: "u", ContentType: "image/png"}, {Digest: [32]byte{1}}},
		ReplyTo: "reply", Thread: "thread", Supersedes: "s", Deletes: "d", Form: "form/1", Answers: []byte(`{"a":1,"b":[2]}`),
		Status: &channels.Status{Of: "of", State: channels.Delivered, Code: "1"}}
}

// Every part of what a message says changes its digest.
func TestDigestCoversContent(t *testing.T) {
	changes := map[string]func(*channels.Message){
		"nature": func(m *channels.Message) { m.Nature = channels.Stop }, "from": func(m *channels.Message) { m.From.Value = "+3" },
		"scheme": func(m *channels.Message) { m.From.Scheme = "whatsapp" }, "to": func(m *channels.Message) { m.To.Value = "+3" },
		"text": func(m *channels.Message) { m.Text += "." }, "language": func(m *channels.Message) { m.Language = "sw" },
		"contact": func(m *channels.Message) { m.Contact = "" }, "lon": func(m *channels.Message) { m.Location.Point.Lon = 1.0000001 },
		"lat": func(m *channels.Message) { m.Location.Point.Lat = -2 }, "accuracy": func(m *channels.Message) { m.Location.Point.AccuracyM = 4 },
		"no point": func(m *channels.Message) { m.Location.Point = nil }, "words": func(m *channels.Message) { m.Location.Words = "" },
		"box": func(m *channels.Message) { m.Location.Box[3] = 5 }, "no place": func(m *channels.Message) { m.Location = nil },
		"occurred": func(m *channels.Message) { m.OccurredAt = m.OccurredAt.Add(1) }, "category": func(m *channels.Message) { m.Categories = []string{"a"} },
		"joined": func(m *channels.Message) { m.Categories = []string{"ab"} }, "media": func(m *channels.Message) { m.Media[0].Ref = "x" },
		"bytes": func(m *channels.Message) { m.Media[1].Digest[31] = 9 }, "fewer": func(m *channels.Message) { m.Media = m.Media[:1] },
		"reply": func(m *channels.Message) { m.ReplyTo = "" }, "thread": func(m *channels.Message) { m.Thread = "" },
		"moved":      func(m *channels.Message) { m.ReplyTo, m.Thread = m.Thread, m.ReplyTo },
		"supersedes": func(m *channels.Message) { m.Supersedes = "" }, "deletes": func(m *channels.Message) { m.Deletes = "" },
		"form": func(m *channels.Message) { m.Form = "form/2" }, "answers": func(m *channels.Message) { m.Answers = []byte(`{"a":2}`) },
		"state": func(m *channels.Message) { m.Status.State = channels.Read }, "no status": func(m *channels.Message) { m.Status = nil },
	}
	seen := map[[32]byte]string{full().Digest(): "the message itself"}
	for name, change := range changes {
		m := full()
		change(&m)
		if other, again := seen[m.Digest()]; again {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[m.Digest()] = name
	}
}

// How it travelled does not.
func TestDigestLeavesOutTransport(t *testing.T) {
	for name, change := range map[string]func(*channels.Message){
		"id": func(m *channels.Message) { m.ProviderID = "2" }, "provider's time": func(m *channels.Message) { m.At = time.Unix(1, 0) },
		"order of categories": func(m *channels.Message) { m.Categories = []string{"b", "a", "b"} },
		"order of answers":    func(m *channels.Message) { m.Answers = []byte(` { "b":[2], "a": 1 } `) },
		"file name":           func(m *channels.Message) { m.Media[1].Name = "IMG_1.jpg" },
		"where bytes came from": func(m *channels.Message) {
			m.Media[1].URL, m.Media[1].Ref, m.Media[1].Bytes = "https://x", "y", []byte("z")
		},
	} {
		m := full()
		change(&m)
		if m.Digest() != full().Digest() {
			t.Errorf("%s changes the digest", name)
		}
	}
}

func TestCleanIsUTF8WithoutNUL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))
		clean := channels.Clean(text)
		if !utf8.ValidString(clean) || strings.ContainsRune(clean, 0) || channels.Clean(clean) != clean {
			t.Fatalf("%q is not clean", clean)
		}
		if utf8.ValidString(text) && !strings.ContainsRune(text, 0) && clean != text {
			t.Fatalf("%q was clean", text)
		}
	})
}

func TestUnpackUndoesPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "facts")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		gotFacts, gotBody, err := channels.Unpack(channels.Pack(facts, body))
		if err != nil || string(gotBody) != string(body) || len(gotFacts) != len(facts) {
			t.Fatalf("another raw: %v", err)
		}
		for key, value := range facts {
			if gotFacts[key] != value {
				t.Fatal("another fact")
			}
		}
	})
	for _, broken := range []string{"", "onyo1 ", "onyo1 {}", "onyo1 [1]\nx", "onyo2 {}\nx"} {
		if _, _, err := channels.Unpack([]byte(broken)); err == nil {
			t.Errorf("%q unpacks", broken)
		}
	}
}
