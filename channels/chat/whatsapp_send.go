package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// window is how long after somebody wrote they may be answered freely.
const window = 24 * time.Hour

// userIDShape is an id by which Meta hides a number, as "US.13491208655302741918".
var userIDShape = regexp.MustCompile(`^[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}$`)

// call sends a request to the Graph API and reads its answer.
func (w *whatsApp) call(request *http.Request, result any) *channels.SendError {
	request.Header.Set("Authorization", "Bearer "+w.config.Secrets["access_token"].Current())
	got, fault := do(w.config.HTTP, request)
	if fault != nil {
		return fault
	}
	var answer struct {
		Error *struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	err := json.Unmarshal(got.body, &answer)
	if got.status/100 == 2 && cut(got.body) {
		return &channels.SendError{Reason: channels.ErrTemporary, Code: unclear}
	}
	if err != nil || got.status/100 != 2 || answer.Error != nil {
		code := 0
		if err == nil && answer.Error != nil {
			code = answer.Error.Code
		}
		return graphFault(code, got)
	}
	if json.Unmarshal(got.body, result) != nil {
		return &channels.SendError{Reason: channels.ErrTemporary, Code: unclear}
	}
	return nil
}

// graphFault sorts an error by Meta's code, else by HTTP status. What an admin can
// mend (a token, a payment, a number's registration) is temporary: the message waits.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
func graphFault(code int, got reply) *channels.SendError {
	fault := &channels.SendError{Reason: channels.ErrPermanent, Code: strconv.Itoa(code)}
	switch code {
	case 4, 17, 32, 613, 80007, 130429, 131048, 133016:
		fault.Reason, fault.RetryAfter = channels.ErrThrottled, got.after
	case 131056: // too many to this one person; six seconds bring back one
		fault.Reason, fault.RetryAfter = channels.ErrThrottled, max(got.after, 6*time.Second)
	case 131050:
		fault.Reason = channels.ErrOptedOut
	case 1, 2, 131000, 131016, 131057, 133004, // theirs
		3, 10, 190, 368, 131005, 131031, 131042, 131045, 133000, 133006, 133010: // ours to mend
		fault.Reason = channels.ErrTemporary
	case 0:
		fault.Code = "http_" + strconv.Itoa(got.status)
		switch {
		case got.status == http.StatusTooManyRequests:
			fault.Reason, fault.RetryAfter = channels.ErrThrottled, got.after
		case got.status/100 == 2:
			fault.Reason, fault.Code = channels.ErrTemporary, "unreadable"
		case got.status == http.StatusUnauthorized || got.status == http.StatusForbidden || got.status >= 500:
			fault.Reason = channels.ErrTemporary
		}
	default:
		if 200 <= code && code <= 299 || got.status >= 500 {
			fault.Reason = channels.ErrTemporary
		}
	}
	return fault
}

// Send writes to one person: freely within a day of what they wrote last, later
// through the template, if there is one.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
func (w *whatsApp) Send(ctx context.Context, message channels.Outbound) (string, error) {
	body := map[string]any{"messaging_product": "whatsapp", "recipient_type": "individual"}
	number, isNumber := strings.CutPrefix(message.To.Value, "+")
	switch {
	case message.To.Scheme == "whatsapp" && isNumber && phoneShape.MatchString(number):
		body["to"] = number
	case message.To.Scheme == "whatsapp" && userIDShape.MatchString(message.To.Value):
		body["recipient"] = message.To.Value
	default:
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_address"}
	}
	if message.ID != "" {
		body["biz_opaque_callback_data"] = message.ID
	}
	switch {
	case !message.Heard.IsZero() && w.config.Clock().Sub(message.Heard) < window:
		body["type"], body["text"] = "text", map[string]any{"preview_url": false, "body": message.Text}
		if message.InReplyTo != "" {
			body["context"] = map[string]string{"message_id": message.InReplyTo}
		}
	case w.template == "":
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "window_closed"}
	default:
		body["type"], body["template"] = "template", w.filled(message.Text)
	}
	request, err := post(ctx, w.graph+"/"+w.config.Settings["phone_number_id"]+"/messages", body)
	if err != nil {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_request"}
	}
	var sent struct {
		Messages []struct {
			ID string `json:"id"`
		} `json:"messages"`
	}
	fault := w.call(request, &sent)
	if fault != nil && fault.Code != unclear {
		return "", fault
	}
	if fault != nil || len(sent.Messages) != 1 || sent.Messages[0].ID == "" {
		return message.ID, nil // it has left: sending it again would repeat it
	}
	return sent.Messages[0].ID, nil
}

// filled is the template with the text as its variable, in which Meta takes no line
// breaks and no long gaps.
func (w *whatsApp) filled(text string) map[string]any {
	language := w.config.Settings["template_language"]
	if language == "" {
		language = "en"
	}
	return map[string]any{"name": w.template, "language": map[string]string{"code": language},
		"components": []any{map[string]any{"type": "body", "parameters": []any{
			map[string]string{"type": "text", "text": strings.Join(strings.Fields(text), " ")}}}}}
}

// Test asks Meta for the number.
func (w *whatsApp) Test(ctx context.Context) error {
	at := w.graph + "/" + w.config.Settings["phone_number_id"] + "?fields=id"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return errors.New("phone_number_id is none")
	}
	var number struct {
		ID string `json:"id"`
	}
	fault := w.call(request, &number)
	if fault == nil {
		return nil
	}
	switch fault.Code {
	case "190", "http_401":
		return errors.New("meta does not accept the access token: make a permanent one of a system user")
	case "100", "33", "http_404":
		return errors.New("meta knows no such phone_number_id, or the access token may not use it")
	case "10", "200":
		return errors.New("the access token lacks the permission whatsapp_business_messaging")
	case "network":
		return errors.New("meta cannot be reached from here")
	}
	return errors.New("meta answers with an error: " + fault.Code)
}

var errNotMeta = errors.New("whatsapp: media does not lie at Meta")

// MediaRequest asks Meta where a piece of media lies and makes the request for it.
// The URL lives five minutes and is never kept.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
func (w *whatsApp) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	id, ours := strings.CutPrefix(media.URL, whatsAppScheme)
	if !ours || digits(id) != nil {
		return nil, errNotMeta
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		w.graph+"/"+id+"?phone_number_id="+url.QueryEscape(w.config.Settings["phone_number_id"]), nil)
	if err != nil {
		return nil, errNotMeta
	}
	var found struct {
		URL string `json:"url"`
	}
	if fault := w.call(request, &found); fault != nil {
		return nil, fmt.Errorf("whatsapp: where media lies: %w", fault)
	}
	at, err := url.Parse(found.URL)
	if err != nil || !w.holds(at) {
		return nil, errNotMeta
	}
	if request, err = http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil); err != nil {
		return nil, errNotMeta
	}
	request.Header.Set("Authorization", "Bearer "+w.config.Secrets["access_token"].Current())
	return request, nil
}

// holds says whether a URL is Meta's, so that nobody else gets the access token.
func (w *whatsApp) holds(at *url.URL) bool {
	if at.User != nil {
		return false
	}
	if at.Scheme+"://"+at.Host == w.origin {
		return true
	}
	host := strings.ToLower(at.Hostname())
	return at.Scheme == "https" && (at.Port() == "" || at.Port() == "443") && (host == "lookaside.fbsbx.com" || host == "graph.facebook.com")
}
