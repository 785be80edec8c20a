package chat_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/chat"
)

// halting answers with a status and a body that may break off after what is there.
type halting struct {
	status int
	body   string
	breaks error
}

func (h halting) Do(r *http.Request) (*http.Response, error) {
	var body io.Reader = strings.NewReader(h.body)
	if h.breaks != nil {
		body = io.MultiReader(body, iotest.ErrReader(h.breaks))
	}
	return &http.Response{StatusCode: h.status, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
}

// What was taken has left, also where no id of the provider's can be read: sent
// again it would come twice. It goes by our own id then.
func TestTakenWithoutAnIDIsSent(t *testing.T) {
	telegram, whatsApp := telegramConfig(), newGraphPlayer(t).config()
	for name, tc := range map[string]struct {
		kind       channels.Kind
		config     channels.Config
		to         channels.Address
		whole, cut []string
	}{
		"telegram": {chat.Telegram(), telegram, channels.Address{Scheme: "telegram", Value: witness},
			[]string{`{"ok":true}`, `{"ok":true,"result":{}}`, `{"ok":true,"result":[]}`, `{"ok":true,"result":{"message_id":"x"}}`},
			[]string{``, `{"ok":true,"result":{"message_id":7`}},
		"whatsapp": {chat.WhatsApp(), whatsApp, toWalk,
			[]string{`{}`, `{"messages":[]}`, `{"messages":7}`, `{"messages":[{"id":7}]}`, `{"messages":[{"id":""}]}`},
			[]string{``, `{"messages":[{"id":"wamid.`}},
	} {
		send := func(d halting) (string, error) {
			c := tc.config
			c.HTTP = d
			return build(t, tc.kind, c).(channels.Sender).Send(t.Context(), channels.Outbound{ID: "o7", To: tc.to, Text: "x", Heard: noon})
		}
		answers := []halting{}
		for _, body := range tc.whole {
			answers = append(answers, halting{200, body, nil})
		}
		for _, body := range tc.cut {
			answers = append(answers, halting{200, body, nil}, halting{200, body, io.ErrUnexpectedEOF}, halting{200, body, errors.New("connection reset by peer")})
		}
		for _, answer := range answers {
			if id, err := send(answer); err != nil || id != "o7" {
				t.Errorf("%s: %q (%v): %q, %v", name, answer.body, answer.breaks, id, err)
			}
		}
		if id, err := send(halting{503, tc.cut[1], io.ErrUnexpectedEOF}); !errors.Is(err, channels.ErrTemporary) || id != "" {
			t.Errorf("%s failed: %q, %v", name, id, err)
		}
	}
}
