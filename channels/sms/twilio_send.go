package sms

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	twilioclient "github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/onyo-project/onyo/channels"
)

// answerBytes bounds what is read of Twilio's answers.
const answerBytes = 1 << 20

// Send hands one message to Twilio and asks for status callbacks at the
// channel's own URL.
func (t *twilio) Send(ctx context.Context, message channels.Outbound) (string, error) {
	from := t.config.Settings["from"]
	if from == "" {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "no_from"}
	}
	params := &openapi.CreateMessageParams{}
	params.SetTo(number(message.To)).SetBody(message.Text).SetStatusCallback(t.config.PublicURL)
	if strings.HasPrefix(from, "MG") {
		params.SetMessagingServiceSid(from)
	} else {
		params.SetFrom(number(channels.Address{Scheme: message.To.Scheme, Value: from}))
	}
	trip := &trip{ctx: ctx, doer: t.config.HTTP}
	sent, err := t.api(trip).CreateMessage(params)
	if err != nil {
		return "", trip.fault(err)
	}
	if sent.Sid == nil || *sent.Sid == "" {
		return "", &channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}
	}
	return *sent.Sid, nil
}

// number writes an address as Twilio has it.
func number(to channels.Address) string {
	if to.Scheme == "tel" || to.Scheme == "" {
		return to.Value
	}
	return to.Scheme + ":" + to.Value
}

// api is twilio-go for one call. It is built by hand because the library's own
// constructor reads the environment.
func (t *twilio) api(trip *trip) *openapi.ApiService {
	account := t.config.Settings["account_sid"]
	client := &twilioclient.Client{
		Credentials: twilioclient.NewCredentials(account, t.token.Current()),
		HTTPClient: &http.Client{Transport: trip,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	client.SetAccountSid(account)
	return openapi.NewApiService(&twilioclient.RequestHandler{Client: client})
}

// trip carries one call through the channel's own HTTP client and remembers what
// twilio-go drops: the context on the way out, status and headers on the way in.
type trip struct {
	ctx    context.Context
	doer   channels.Doer
	status int
	after  time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *trip) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.doer.Do(request.WithContext(t.ctx))
	if err != nil {
		return nil, err
	}
	t.status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 86400 {
		t.after = time.Duration(seconds) * time.Second
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, answerBytes), response.Body}
	return response, nil
}

// fault sorts a failure by Twilio's code, else by HTTP status. Neither the
// library's text nor Twilio's is passed on: both may repeat the number.
// Source: https://www.twilio.com/docs/api/errors
func (t *trip) fault(err error) *channels.SendError {
	var known *twilioclient.TwilioRestError
	code := 0
	if errors.As(err, &known) {
		code = known.Code
	}
	fault := &channels.SendError{Reason: channels.ErrTemporary, Code: strconv.Itoa(code)}
	switch {
	case code == 21610:
		fault.Reason = channels.ErrOptedOut
	case code == 63018 || code == 20429 || code == 30001 || code == 14107 || t.status == http.StatusTooManyRequests:
		fault.Reason, fault.RetryAfter = channels.ErrThrottled, t.after
	case t.status == 0 && known == nil:
		fault.Code = "network"
	case t.status == http.StatusUnauthorized || t.status == http.StatusForbidden || t.status == http.StatusRequestTimeout:
		// The channel's credentials, which somebody will mend: the message waits.
	case t.status >= 400 && t.status < 500:
		fault.Reason = channels.ErrPermanent
	}
	if fault.Code == "0" {
		fault.Code = "http_" + strconv.Itoa(t.status)
	}
	return fault
}

var errMediaPlace = errors.New("twilio: media does not lie at Twilio")

// MediaRequest asks Twilio's API for a piece of media, with basic auth. Any other
// host, scheme or port is refused: the URL came in a message.
func (t *twilio) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	place, err := url.Parse(media.URL)
	if err != nil || place.Scheme != "https" || place.User != nil ||
		place.Port() != "" && place.Port() != "443" || !t.kind.MayFetch(place.Hostname()) {
		return nil, errMediaPlace
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.String(), nil)
	if err != nil {
		return nil, errMediaPlace
	}
	request.SetBasicAuth(t.config.Settings["account_sid"], t.token.Current())
	return request, nil
}
