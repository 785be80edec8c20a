package sms

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
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
	params.SetTo(number(message.To)).SetBody(message.Text)
	if reachable(t.config.PublicURL) {
		params.SetStatusCallback(t.config.PublicURL)
	}
	if strings.HasPrefix(from, "MG") {
		params.SetMessagingServiceSid(from)
	} else {
		params.SetFrom(number(channels.Address{Scheme: message.To.Scheme, Value: from}))
	}
	trip := &trip{ctx: ctx, doer: t.config.HTTP, api: t.api}
	sent, err := t.sdk(trip).CreateMessage(params)
	var noJSON *json.SyntaxError
	switch success := trip.status/100 == 2; {
	case err == nil && sent.Sid != nil && *sent.Sid != "":
		return *sent.Sid, nil
	case success && !errors.As(err, &noJSON):
		// Taken without an id that can be read: sent again it would come twice.
		return message.ID, nil
	case err != nil:
		return "", trip.fault(err)
	}
	return "", &channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}
}

// reachable says whether Twilio may call a URL: it refuses a message whose
// callback lies in a private place (21609).
func reachable(at string) bool {
	place, err := url.Parse(at)
	if err != nil || place.Hostname() == "" || strings.Contains(place.Hostname(), "_") {
		return false
	}
	host := place.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	return host != "localhost" && strings.Contains(host, ".") &&
		!strings.HasSuffix(host, ".localhost") && !strings.HasSuffix(host, ".local")
}

// number writes an address as Twilio has it.
func number(to channels.Address) string {
	if to.Scheme == "tel" || to.Scheme == "" {
		return to.Value
	}
	return to.Scheme + ":" + to.Value
}

// sdk is twilio-go for one call. It is built by hand because the library's own
// constructor reads the environment.
func (t *twilio) sdk(trip *trip) *openapi.ApiService {
	account := t.config.Settings["account_sid"]
	client := &twilioclient.Client{
		Credentials: twilioclient.NewCredentials(account, t.token.Current()),
		HTTPClient: &http.Client{Transport: trip,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	client.SetAccountSid(account)
	return openapi.NewApiService(&twilioclient.RequestHandler{Client: client})
}

// trip carries one call to the channel's own API through its own HTTP client and
// remembers what twilio-go drops: the context on the way out, status and headers
// on the way in.
type trip struct {
	ctx    context.Context
	doer   channels.Doer
	api    string
	status int
	after  time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *trip) RoundTrip(request *http.Request) (*http.Response, error) {
	at, err := url.Parse(t.api + request.URL.RequestURI())
	if err != nil {
		return nil, errMediaPlace
	}
	request = request.Clone(t.ctx)
	request.URL, request.Host = at, ""
	response, err := t.doer.Do(request)
	if err != nil {
		return nil, err
	}
	t.status, t.after = response.StatusCode, retryAfter(response.Header)
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, answerBytes), response.Body}
	return response, nil
}

// retryAfter is at most a day; zero where nothing useful is said.
func retryAfter(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 86400 {
		return time.Duration(seconds) * time.Second
	}
	return 0
}

// fault sorts a failure by Twilio's code, else by HTTP status. Neither the
// library's text nor Twilio's is passed on: both may repeat the number.
func (t *trip) fault(err error) *channels.SendError {
	var known *twilioclient.TwilioRestError
	code := 0
	if errors.As(err, &known) {
		code = known.Code
	}
	fault := &channels.SendError{Reason: twilioReason(code), Code: strconv.Itoa(code)}
	switch {
	case t.status == 0 && known == nil:
		fault.Reason, fault.Code = channels.ErrTemporary, "network"
	case t.status == http.StatusTooManyRequests:
		fault.Reason = channels.ErrThrottled
	case fault.Reason != nil:
	case t.status >= 400 && t.status < 500 && !mended(t.status):
		fault.Reason = channels.ErrPermanent
	default:
		fault.Reason = channels.ErrTemporary
	}
	if fault.Reason == channels.ErrThrottled {
		fault.RetryAfter = t.after
	}
	if fault.Code == "0" {
		fault.Code = "http_" + strconv.Itoa(t.status)
	}
	return fault
}

// mended statuses speak of the channel's credentials or of the time, not of the
// message: it waits until somebody mended them.
func mended(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound ||
		status == http.StatusRequestTimeout || status == http.StatusConflict
}

// twilioReason is what a code of Twilio's says about the message; nil where the
// HTTP status says enough.
// Source: https://www.twilio.com/docs/api/errors
func twilioReason(code int) error {
	switch code {
	case 21610: // the recipient sent STOP
		return channels.ErrOptedOut
	case 20429, 63018, 14107, // requests, channel and conversation rate
		21611, 30001, 30022, 30023, 63038: // queue of a number, queue, carrier's rate, caps of a day
		return channels.ErrThrottled
	case 21212, 21603, 21606, 21659, 21660, 21703, // the from number or service
		21408, 21609, 30002, 30034, // country not enabled, callback, account suspended, number not registered
		30003, 30008: // handset switched off or out of reach, unknown
		return channels.ErrTemporary
	case 63016: // WhatsApp, more than 24 hours after the recipient wrote
		return channels.ErrPermanent
	}
	return nil
}

var errMediaPlace = errors.New("twilio: media does not lie at Twilio")

// MediaRequest asks Twilio's API, or the channel's own api_url, for a piece of
// media, with basic auth. Any other host, scheme or port is refused: the URL came
// in a message.
func (t *twilio) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	place, err := url.Parse(media.URL)
	if err != nil || place.User != nil {
		return nil, errMediaPlace
	}
	atTwilio := place.Scheme == "https" && (place.Port() == "" || place.Port() == "443") && t.kind.MayFetch(place.Hostname())
	if own, err := url.Parse(t.api); !atTwilio && (err != nil || place.Scheme != own.Scheme || place.Host != own.Host) {
		return nil, errMediaPlace
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.String(), nil)
	if err != nil {
		return nil, errMediaPlace
	}
	request.SetBasicAuth(t.config.Settings["account_sid"], t.token.Current())
	return request, nil
}
