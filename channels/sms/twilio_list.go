package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	twilioAPI = "https://api.twilio.com"
	// pulledType marks a Raw that was asked for, in place of a body's type.
	pulledType = "pulled"
	// listBytes bounds one page of the list. 200 messages of 1,600 characters are
	// 2 MiB at most.
	listBytes = 16 << 20
)

// twilioPage is one page of Twilio's list of messages.
type twilioPage struct {
	Messages    []json.RawMessage `json:"messages"`
	NextPageURI string            `json:"next_page_uri"`
}

// pulledMessage is what is read of a Message resource.
type pulledMessage struct {
	SID                 loose `json:"sid"`
	Direction           loose `json:"direction"`
	From                loose `json:"from"`
	To                  loose `json:"to"`
	Body                loose `json:"body"`
	Status              loose `json:"status"`
	ErrorCode           loose `json:"error_code"`
	NumMedia            loose `json:"num_media"`
	MessagingServiceSID loose `json:"messaging_service_sid"`
	DateSent            loose `json:"date_sent"`
	DateCreated         loose `json:"date_created"`
}

// pulledWhole is the Raw of a message that was asked for: the resource as it
// came, and its list of media.
type pulledWhole struct {
	Message json.RawMessage   `json:"message"`
	Media   []json.RawMessage `json:"media,omitempty"`
}

// bytes keeps what came to the byte, which json.Marshal would not.
func (w pulledWhole) bytes() []byte {
	body := append([]byte(`{"message":`), w.Message...)
	for i, media := range w.Media {
		if i == 0 {
			body = append(body, `,"media":[`...)
		} else {
			body = append(body, ',')
		}
		body = append(body, media...)
	}
	if len(w.Media) > 0 {
		body = append(body, ']')
	}
	return append(body, '}')
}

type pulledMedia struct {
	URI         loose `json:"uri"`
	ContentType loose `json:"content_type"`
}

// loose is a JSON string or number as text; anything else is empty.
type loose string

// UnmarshalJSON never fails on a JSON value.
func (l *loose) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*l = loose(text)
	} else if data = bytes.TrimSpace(data); len(data) > 0 && (data[0] == '-' || '0' <= data[0] && data[0] <= '9') {
		*l = loose(data)
	}
	return nil
}

// at is when Twilio got or sent it; zero if it does not say.
func (m pulledMessage) at() time.Time {
	for _, text := range []loose{m.DateSent, m.DateCreated} {
		if at, err := time.Parse(time.RFC1123Z, string(text)); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// form writes the resource as the webhook would have brought it, so that both
// are read by the same code and have the same digest.
func (w pulledWhole) form(m pulledMessage, api string) (twilioForm, error) {
	values := url.Values{"MessageSid": {string(m.SID)}, "From": {string(m.From)}, "To": {string(m.To)}}
	if m.Direction != "inbound" {
		values.Set("MessageStatus", string(m.Status))
		values.Set("ErrorCode", string(m.ErrorCode))
		return parseForm(values.Encode())
	}
	values.Set("Body", string(m.Body))
	for i, item := range w.Media {
		var media pulledMedia
		if err := json.Unmarshal(item, &media); err != nil {
			return nil, errForm
		}
		values.Set("MediaUrl"+strconv.Itoa(i), api+strings.TrimSuffix(string(media.URI), ".json"))
		values.Set("MediaContentType"+strconv.Itoa(i), string(media.ContentType))
	}
	return parseForm(values.Encode())
}

// readPulled reads the body of a Raw that was asked for.
func readPulled(api string, body []byte) (twilioForm, time.Time, error) {
	var whole pulledWhole
	var m pulledMessage
	if json.Unmarshal(body, &whole) != nil || json.Unmarshal(whole.Message, &m) != nil {
		return nil, time.Time{}, errForm
	}
	form, err := whole.form(m, api)
	return form, m.at(), err
}

// concerns says whether a listed message is for this channel: it came in to one
// of its numbers, or it went out from there and its fate is known. Without any
// number or service in the settings the whole account is this channel's.
func (t *twilio) concerns(m pulledMessage) bool {
	from := t.config.Settings["from"]
	switch {
	case m.Direction == "inbound":
		if list := t.config.Settings["numbers"]; list != "" {
			return among(list, string(m.To))
		}
		if strings.HasPrefix(from, "MG") {
			return m.MessagingServiceSID == "" || string(m.MessagingServiceSID) == from
		}
		return from == "" || among(from, string(m.To))
	case m.Direction == "outbound-api" && from != "":
		state := deliveryState(string(m.Status))
		return state != "" && state != channels.Queued &&
			(string(m.MessagingServiceSID) == from || among(from, string(m.From)))
	}
	return false
}

// among compares numbers whatever their prefix, as "whatsapp:".
func among(list, number string) bool {
	value := strings.TrimPrefix(address(number).Value, "+")
	for one := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "+") == value {
			return true
		}
	}
	return false
}

// twilioFault is a question that Twilio did not answer. It holds no byte of what
// was asked or answered.
type twilioFault struct {
	code  string
	after time.Duration
	// final: asking again is of no use before somebody changes the settings.
	final bool
}

func (f *twilioFault) Error() string {
	if f.final {
		return "Twilio refuses account_sid and auth_token (" + f.code + "): copy both again from the first page of the Twilio console"
	}
	return "Twilio cannot be asked (" + f.code + ")"
}

// ask gets one resource of the API; path begins with a slash, so that whatever it
// holds the credentials stay with the API's host.
func (t *twilio) ask(ctx context.Context, path string, into any) error {
	if !strings.HasPrefix(path, "/") {
		return &twilioFault{code: "unreadable"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.api+path, nil)
	if err != nil {
		return &twilioFault{code: "unreadable"}
	}
	request.SetBasicAuth(t.config.Settings["account_sid"], t.token.Current())
	response, err := t.config.HTTP.Do(request)
	if err != nil {
		return &twilioFault{code: "network"} // its text holds the URL
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &twilioFault{code: "http_" + strconv.Itoa(response.StatusCode), after: retryAfter(response.Header),
			final: response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, listBytes))
	if err != nil {
		return &twilioFault{code: "network"}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &twilioFault{code: "unreadable"}
	}
	return nil
}

func (t *twilio) page(ctx context.Context, path string) (page twilioPage, err error) {
	if err = t.ask(ctx, path, &page); err == nil && page.Messages == nil {
		err = &twilioFault{code: "unreadable"} // an empty list is [], no list is a fault
	}
	return page, err
}

// mediaOf lists a message's media; none where they were deleted.
func (t *twilio) mediaOf(ctx context.Context, sid string) ([]json.RawMessage, error) {
	var list struct {
		Media []json.RawMessage `json:"media_list"`
	}
	err := t.ask(ctx, "/2010-04-01/Accounts/"+t.config.Settings["account_sid"]+"/Messages/"+url.PathEscape(sid)+"/Media.json?PageSize=100", &list)
	var failed *twilioFault
	if errors.As(err, &failed) && failed.code == "http_404" {
		return nil, nil
	}
	return list.Media, err
}

// Test asks for the account. Nothing is sent.
func (t *twilio) Test(ctx context.Context) error {
	var account struct{ Status string }
	err := t.ask(ctx, "/2010-04-01/Accounts/"+t.config.Settings["account_sid"]+".json", &account)
	var failed *twilioFault
	switch {
	case errors.As(err, &failed) && failed.code == "http_404":
		return errors.New("Twilio knows no such account: check account_sid and api_url")
	case err != nil:
		return err
	case account.Status == "suspended" || account.Status == "closed":
		return fmt.Errorf("Twilio says that the account is %s: see the Twilio console", account.Status)
	}
	return nil
}
