package sms_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/onyo-project/onyo/channels"
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
	senders := map[string]func(channels.Doer) channels.Sender{
		"twilio": func(d channels.Doer) channels.Sender {
			return via(t, nil, func(c *channels.Config) { c.HTTP = d })
		},
		"vonage": func(d channels.Doer) channels.Sender {
			return vonageVia(t, nil, func(c *channels.Config) { c.HTTP = d })
		},
		"africastalking": func(d channels.Doer) channels.Sender {
			c := atConfig()
			c.HTTP = d
			return atAdapter(t, c).(channels.Sender)
		},
	}
	for preset, settings := range map[string][]string{
		"kannel": {"username", "u", "password", "p"}, "jasmin": {"username", "u", "password", "p"},
		"httpsms": {"api_key", "k", "from", "+254700000001"}, "frontlinesms": {"api_key", "k"},
		"custom": {"send_body", "to={to}&text={text}", "send_id", "id", "fields", "from=f text=t"},
	} {
		senders[preset] = func(d channels.Doer) channels.Sender {
			c := gateConfig(preset, "", append(settings, "api_url", "http://192.0.2.1/send")...)
			c.HTTP = d
			return gate(t, c).(channels.Sender)
		}
	}
	// Each provider's success, with the place of the id last; what is whole lacks it.
	type said struct{ whole, cut []string }
	for name, answers := range map[string]said{
		"twilio":         {[]string{`{}`, `{"sid":""}`, `{"sid":7}`, `{"sid":null}`}, []string{``, `{"sid":"SM`}},
		"vonage":         {[]string{`{"messages":[{"status":"0"}]}`, `{"messages":[{"message-id":7,"status":"0"}]}`}, []string{``, `{"messages":[{"status":"0","message-id":"0`}},
		"africastalking": {[]string{`{"SMSMessageData":{"Recipients":[{"statusCode":101,"messageId":"None"}]}}`, `{"SMSMessageData":{"Recipients":[{"messageId":7,"statusCode":102}]}}`}, []string{``, `{"SMSMessageData":{"Recipients":[{"statusCode":101,"messageId":"AT`}},
		"kannel":         {[]string{`0: Accepted for delivery`}, []string{``, `0: Acc`}},
		"jasmin":         {[]string{`Success`, `Success ""`}, []string{``, `Success "0703`}},
		"httpsms":        {[]string{`{}`, `{"data":{}}`, `{"status":"success","data":7}`}, []string{``, `{"status":"success","data":{"id":"3`}},
		"frontlinesms":   {[]string{`{}`}, []string{``, `{"a`}},
		"custom":         {[]string{`{}`, `OK`}, []string{``, `{"id":"`}},
	} {
		sends := func(how string, d halting) {
			t.Run(name+" "+how, func(t *testing.T) {
				id, err := senders[name](d).Send(t.Context(), channels.Outbound{ID: "o7", To: channels.Address{Scheme: "tel", Value: atSender}, Text: "x"})
				if err != nil || id != "o7" {
					t.Errorf("%q: %q, %v", d.body, id, err)
				}
			})
		}
		for _, body := range answers.whole {
			sends("whole", halting{201, body, nil})
		}
		for _, body := range answers.cut {
			sends("cut", halting{201, body, nil})
			sends("broken off", halting{201, body, io.ErrUnexpectedEOF})
			sends("reset", halting{200, body, errors.New("connection reset by peer")})
		}
		t.Run(name+" failed", func(t *testing.T) {
			d := halting{503, answers.cut[1], io.ErrUnexpectedEOF}
			if id, err := senders[name](d).Send(t.Context(), channels.Outbound{ID: "o7", To: channels.Address{Scheme: "tel", Value: atSender}, Text: "x"}); !errors.Is(err, channels.ErrTemporary) || id != "" {
				t.Errorf("%q, %v", id, err)
			}
		})
	}
}
