package chat_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/chat"
)

// FuzzTelegram: without the word nothing is accepted; with it every body is, and
// reads back as it was split.
func FuzzTelegram(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte, word string) {
		w := build(t, chat.Telegram(), telegramConfig())
		x := called(body)
		x.Header = http.Header{"Content-Type": {appJSON}, secretName: {word}}
		if _, err := chat.Telegram().Receive(t.Context(), w, x); err == nil && word != secretToken && word != "the-word-before" {
			t.Fatal("accepted without the word")
		}
		if err := channeltest.Judge(chat.Telegram(), w, called(body)); err != nil {
			t.Fatal(err)
		}
	})
}

// answering answers every question for updates with the same bytes, and ends the
// run when it is asked again.
type answering struct {
	body  []byte
	asked *int
	end   context.CancelFunc
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	body := []byte(`{"ok":true,"result":true}`)
	if strings.HasSuffix(r.URL.Path, "/getUpdates") {
		if body = a.body; *a.asked > 0 {
			a.end()
		}
		*a.asked++
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// complaints end the run: what follows is only a pause.
type complaints struct {
	slog.Handler
	end context.CancelFunc
}

func (c complaints) Handle(context.Context, slog.Record) error { c.end(); return nil }

// judging is an inlet that judges what it gets, and ends the run.
type judging struct {
	t       *testing.T
	adapter channels.Adapter
	end     context.CancelFunc
}

func (j judging) Cursor(context.Context) ([]byte, error) { return nil, nil }

func (j judging) Accept(_ context.Context, splits []channels.Split, _ []byte) error {
	for _, split := range splits {
		if err := channeltest.JudgeSplit(j.adapter, split); err != nil {
			j.t.Error(err)
		}
	}
	j.end()
	return nil
}

// FuzzTelegramAnswer: whatever Telegram answers to a question for updates, what is
// handed in reads back as it was split.
func FuzzTelegramAnswer(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		c := telegramConfig()
		c.Settings["mode"], c.HTTP = "poll", answering{body, new(int), end}
		c.Log = slog.New(complaints{slog.NewTextHandler(io.Discard, nil), end})
		adapter := build(t, chat.Telegram(), c)
		err := adapter.(channels.Runner).Run(ctx, judging{t, adapter, end})
		if err != nil && !strings.Contains(err.Error(), "bot_token") {
			t.Fatal(err)
		}
	})
}

// FuzzWhatsApp: without the secret nothing is accepted; with the right signature
// every body is, and every piece of it reads back as it was split.
func FuzzWhatsApp(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte, signature, query string) {
		w := build(t, chat.WhatsApp(), whatsAppConfig())
		x := hubSigned(body)
		x.Header = http.Header{"Content-Type": {appJSON}, signedName: {signature}}
		if _, err := chat.WhatsApp().Receive(t.Context(), w, x); err == nil {
			t.Fatal("accepted without the secret")
		}
		if err := channeltest.Judge(chat.WhatsApp(), w, hubSigned(body)); err != nil {
			t.Fatal(err)
		}
		if err := channeltest.Judge(chat.WhatsApp(), w, channels.Exchange{Method: http.MethodGet, Query: query, Header: http.Header{}}); err != nil {
			t.Fatal(err)
		}
	})
}
