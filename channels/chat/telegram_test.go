package chat_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/chat"
)

const (
	botToken    = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-"
	secretToken = "a-word_of-our-own-7"
	witness     = "700000002"
	secretName  = "X-Telegram-Bot-Api-Secret-Token"
)

func telegramConfig() channels.Config {
	return world(channels.Config{Name: "bot", PublicURL: "https://onyo.example.org/hooks/bot",
		Settings: map[string]string{"mode": "webhook"},
		Secrets: map[string]channels.Secret{"bot_token": channels.NewSecret(botToken, ""),
			"secret_token": channels.NewSecret(secretToken, "the-word-before")}})
}

// called is the request by which Telegram brings an update.
func called(body []byte) channels.Exchange {
	return channels.Exchange{Method: http.MethodPost, ID: "fresh", Body: body,
		Header: http.Header{"Content-Type": {appJSON}, secretName: {secretToken}}}
}

// number makes ids of the suite's: the same for the same name, others for others.
func number(name string) int64 {
	n := int64(1)
	for _, c := range []byte(name) {
		n = n*131 + int64(c)
	}
	return n & (1<<40 - 1)
}

// written is an update with one message from one person; key order and what does
// not belong to the message differ with its dress.
func written(s channeltest.Saying) []byte {
	text, _ := json.Marshal(s.Text)
	id := strconv.FormatInt(number(s.ID), 10)
	chat := `"chat":{"id":` + witness + `,"type":"private","first_name":"Dress ` + strconv.Itoa(s.Dress) + `"}`
	from := `"from":{"id":` + witness + `,"is_bot":false,"first_name":"A","language_code":"sw"}`
	parts := []string{`"message_id":` + id, `"date":1772366400`, chat, from, `"text":` + string(text)}
	if s.Dress%2 == 1 {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	gap := strings.Repeat(" ", s.Dress)
	return []byte(`{"update_id":` + id + `,` + gap + `"message":{` + strings.Join(parts, ","+gap) + `}}`)
}

func TestTelegramConforms(t *testing.T) {
	// The suite holds that a kind with signatures notices a body cut short. This
	// proof is a word beside the body: TLS and the length of the body cover that.
	kind := chat.Telegram()
	kind.Can.Signed = false
	bend := func(change func(http.Header)) channels.Exchange {
		x := called(written(channeltest.Saying{ID: "f", Text: "All is well, go home"}))
		change(x.Header)
		return x
	}
	prove := func(x channels.Exchange) channels.Exchange {
		x.Header = x.Header.Clone()
		x.Header.Set(secretName, secretToken)
		return x
	}
	channeltest.Run(t, channeltest.Suite{
		Kind: kind, Config: telegramConfig(), Prove: prove, Address: witness,
		Say: func(s channeltest.Saying) channels.Exchange { return called(written(s)) },
		Forgeries: map[string]channels.Exchange{
			"no proof":    bend(func(h http.Header) { h.Del(secretName) }),
			"wrong proof": bend(func(h http.Header) { h.Set(secretName, "a-word_of-our-own-8") }),
			"empty":       bend(func(h http.Header) { h.Set(secretName, "") }),
			"beginning":   bend(func(h http.Header) { h.Set(secretName, secretToken[:5]) }),
			"twice":       bend(func(h http.Header) { h.Add(secretName, secretToken) }),
			"bot token":   bend(func(h http.Header) { h.Set(secretName, botToken) }),
		},
		Unsplittable: map[string]channels.Exchange{
			"no update":  called([]byte(`{"ok":true}`)),
			"no chat":    called([]byte(`{"update_id":7,"message":{"message_id":1,"text":"hello"}}`)),
			"wrong type": called([]byte(`{"update_id":7,"message":{"text":7}}`)),
			"no JSON":    called([]byte(`update_id=7`)),
		},
	})
}

// Without a word of the admin's, the word is made of the bot token, and of nothing
// that others know.
func TestTelegramMakesItsOwnWord(t *testing.T) {
	player := newTelegramPlayer(t)
	c := player.world("webhook")
	delete(c.Secrets, "secret_token")
	if err := player.run(t, c, nil, func() bool { return player.hook().Secret != "" }); err != nil {
		t.Fatal(err)
	}
	word := player.hook().Secret
	if word == botToken || len(word) != 64 {
		t.Fatalf("told Telegram %q", word)
	}
	x := called(written(channeltest.Saying{ID: "1", Text: "x"}))
	x.Header.Set(secretName, word)
	receive(t, chat.Telegram(), build(t, chat.Telegram(), c), x)
	for name, other := range map[string]channels.Secret{
		"another bot": channels.NewSecret("1"+botToken, ""), "the word before": channels.NewSecret("1"+botToken, botToken)} {
		c.Secrets["bot_token"] = other
		_, err := chat.Telegram().Receive(t.Context(), build(t, chat.Telegram(), c), x)
		if good := name == "the word before"; (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTelegramReads(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	said := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{ProviderID: witness + "/41/9001", Alias: witness + "/41", Nature: channels.Report, Language: "sw",
			From: channels.Address{Scheme: "telegram", Value: witness}, At: at}
		change(&m)
		return m
	}
	spot := &channels.Point{Lon: 36.8219, Lat: -1.2921, AccuracyM: 25.5}
	for file, tc := range map[string]struct {
		want channels.Message
		why  string
	}{
		"text": {want: said(func(m *channels.Message) { m.Text = "Maji yamefika Kibera 🌊" })},
		"location": {want: said(func(m *channels.Message) {
			m.Location = &channels.Location{Point: spot}
		})},
		"live_location": {want: said(func(m *channels.Message) {
			m.Location = &channels.Location{Point: spot}
		})},
		"live_location_moved": {want: said(func(m *channels.Message) {
			m.ProviderID, m.Supersedes, m.At = witness+"/41/9002", witness+"/41", at.Add(time.Minute)
			m.Location = &channels.Location{Point: &channels.Point{Lon: 36.83, Lat: -1.3, AccuracyM: 12}}
		})},
		"edited": {want: said(func(m *channels.Message) {
			m.ProviderID, m.Supersedes, m.At = witness+"/41/9003", witness+"/41", at.Add(time.Minute)
			m.Text = "Maji yamefika Kibera, daraja limefungwa"
		})},
		"location_nowhere": {why: "no_content", want: said(func(m *channels.Message) { m.Nature = channels.Other })},
		"venue": {want: said(func(m *channels.Message) {
			m.Location = &channels.Location{Words: "Uhuru Park, Nairobi", Point: &channels.Point{Lon: 36.8219, Lat: -1.2921}}
		})},
		"photo": {want: said(func(m *channels.Message) {
			m.Text = "Shule imeanguka"
			m.Thread = "album/13579"
			m.Media = []channels.Media{{Ref: "uBig", URL: "telegram:idBig", ContentType: "image/jpeg"}}
		})},
		"document": {want: said(func(m *channels.Message) {
			m.Media = []channels.Media{{Ref: "uDoc", URL: "telegram:idDoc", ContentType: "application/pdf", Name: "list\uFFFD.pdf"}}
		})},
		"animation": {want: said(func(m *channels.Message) {
			m.Media = []channels.Media{{Ref: "uGif", URL: "telegram:idGif", ContentType: "video/mp4"}}
		})},
		"voice": {want: said(func(m *channels.Message) {
			m.Media = []channels.Media{{Ref: "uVoice", URL: "telegram:idVoice", ContentType: "audio/ogg"}}
		})},
		"video_too_large": {want: said(func(m *channels.Message) {
			m.Media = []channels.Media{{Ref: "uVid", URL: "telegram:idVid", ContentType: "video/mp4"}}
		})},
		"own_contact":   {want: said(func(m *channels.Message) { m.Contact = "+254700000002" })},
		"other_contact": {want: said(func(m *channels.Message) { m.Text = "Amina Otieno, +254700000003" })},
		"reply": {want: said(func(m *channels.Message) {
			m.Text, m.ReplyTo, m.Quoted = "Yes, still here", witness+"/40", "Are you safe?"
		})},
		"forwarded": {want: said(func(m *channels.Message) {
			m.Text, m.Checks = "They say the dam broke", map[string]string{"forwarded": "yes"}
		})},
		"start":         {want: said(func(m *channels.Message) { m.Text, m.Nature = "/start poster_7", channels.Start })},
		"stop":          {want: said(func(m *channels.Message) { m.Text, m.Nature = "/stop@OnyoBot", channels.Stop })},
		"stop_word":     {want: said(func(m *channels.Message) { m.Text, m.Nature = "Acha!", channels.Stop })},
		"command":       {why: "command", want: said(func(m *channels.Message) { m.Text, m.Nature = "/settings", channels.Other })},
		"command_words": {want: said(func(m *channels.Message) { m.Text = "/help water is in our house" })},
		"sticker_only": {want: said(func(m *channels.Message) {
			m.Media = []channels.Media{{Ref: "uSti", URL: "telegram:idSti", ContentType: "image/webp"}}
		})},
		"service": {why: "no_content", want: said(func(m *channels.Message) { m.Nature = channels.Other })},
		"bot":     {why: "bot", want: said(func(m *channels.Message) { m.Text, m.Nature, m.Language = "beep", channels.Other, "" })},
		"group": {why: "group", want: said(func(m *channels.Message) {
			m.ProviderID, m.Alias = "-100200/41/9001", "-100200/41"
			m.Text, m.Nature = "what do you think", channels.Other
		})},
		"channel_post": {want: said(func(m *channels.Message) {
			m.ProviderID, m.Alias, m.Language = "-100123/41/9001", "-100123/41", ""
			m.From.Value, m.Text = "-100123", "Bridge closed"
		})},
		"blocked": {why: "my_chat_member", want: channels.Message{ProviderID: "update/9001", Nature: channels.Other}},
		"button":  {why: "callback_query", want: channels.Message{ProviderID: "update/9001", Nature: channels.Other}},
		"nothing": {why: "empty_update", want: channels.Message{ProviderID: "update/9001", Nature: channels.Other}},
	} {
		t.Run(file, func(t *testing.T) {
			w := build(t, chat.Telegram(), telegramConfig())
			splits := receive(t, chat.Telegram(), w, called(fixture(t, "telegram/"+file+".json")))
			if len(splits) != 1 || splits[0].Nature != tc.want.Nature || splits[0].Why != tc.why || splits[0].From != tc.want.From {
				t.Fatalf("split into %v, why %q", splits, splits[0].Why)
			}
			if diff := cmp.Diff(tc.want, reread(t, w, splits[0])); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// An edit finds what it corrects, though an update's number is another each time.
func TestTelegramEditsFindTheirMessage(t *testing.T) {
	w := build(t, chat.Telegram(), telegramConfig())
	first := receive(t, chat.Telegram(), w, called(fixture(t, "telegram/text.json")))[0]
	ids := map[string]bool{first.ProviderID: true}
	for _, file := range []string{"edited", "live_location_moved"} {
		edit := receive(t, chat.Telegram(), w, called(fixture(t, "telegram/"+file+".json")))[0]
		if ids[edit.ProviderID] || edit.Alias != first.Alias || reread(t, w, edit).Supersedes != first.Alias {
			t.Errorf("%s: has the id of another, or finds nothing", file)
		}
		ids[edit.ProviderID] = true
	}
}

func TestTelegramPicksThePicture(t *testing.T) {
	size := func(id string, bytes int64, width, height int64) string {
		return fmt.Sprintf(`{"file_id":%q,"file_unique_id":%q,"file_size":%d,"width":%d,"height":%d}`, id, id, bytes, width, height)
	}
	const most = 20 << 20
	for name, tc := range map[string]struct {
		sizes []string
		want  string
	}{
		"the largest":                  {[]string{size("a", 1, 90, 51), size("b", 2, 320, 180)}, "b"},
		"whatever the order":           {[]string{size("b", 2, 320, 180), size("a", 1, 90, 51)}, "b"},
		"of exactly the limit":         {[]string{size("a", 1, 90, 51), size("b", most, 320, 180)}, "b"},
		"not over the limit":           {[]string{size("a", 1, 90, 51), size("b", most+1, 320, 180)}, "a"},
		"first over the limit":         {[]string{size("b", most+1, 320, 180), size("a", 1, 90, 51)}, "a"},
		"the smallest of the too many": {[]string{size("b", most+9, 320, 180), size("a", most+1, 90, 51)}, "a"},
		"no id":                        {[]string{size("", 1, 90, 51)}, ""},
		"none":                         {nil, ""},
	} {
		body := fmt.Sprintf(`{"update_id":1,"message":{"message_id":1,"chat":{"id":5,"type":"private"},"caption":"x","photo":[%s]}}`, strings.Join(tc.sizes, ","))
		w := build(t, chat.Telegram(), telegramConfig())
		m := reread(t, w, receive(t, chat.Telegram(), w, called([]byte(body)))[0])
		got := ""
		for _, media := range m.Media {
			got += media.Ref
		}
		if got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTelegramSettings(t *testing.T) {
	kind := chat.Telegram()
	good := map[string]string{"bot_token": botToken, "mode": "poll", "secret_token": secretToken, "api_url": "http://127.0.0.1:8081"}
	if err := kind.Check(good); err != nil {
		t.Fatal(err)
	}
	for key, values := range map[string][]string{
		"bot_token": {"12345", "abc:" + strings.Repeat("x", 35), botToken + "\n"}, "mode": {"push"},
		"secret_token": {"with space", strings.Repeat("x", 257), "ключ"},
		"api_url":      {"ftp://x", "api.telegram.org", "https://u:p@x", "https://x?a=b"},
	} {
		for _, bad := range values {
			tried := map[string]string{"bot_token": botToken}
			tried[key] = bad
			if err := kind.Check(tried); err == nil || !strings.HasPrefix(err.Error(), key) || strings.Contains(err.Error(), bad) {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	for name, change := range map[string]func(*channels.Config){
		"no token": func(c *channels.Config) { c.Secrets = nil },
		"bad url":  func(c *channels.Config) { c.Settings["api_url"] = "here" },
	} {
		c := telegramConfig()
		change(&c)
		if _, err := kind.New(c); err == nil {
			t.Errorf("%s: made all the same", name)
		}
	}
}
