package sms

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// Send hands one message to Vonage and asks for a receipt at the channel's own
// address. A long text leaves in several parts; the id is that of the first, and
// it counts as sent when that one was taken: sending it again would repeat it.
// Source: https://developer.vonage.com/en/api/sms
func (v *vonage) Send(ctx context.Context, message channels.Outbound) (string, error) {
	from, key, secret := v.config.Settings["from"], v.config.Settings["api_key"], v.config.Secrets["api_secret"].Current()
	switch {
	case from == "":
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "no_from"}
	case key == "" || secret == "":
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "no_api_key"}
	}
	form := url.Values{"api_key": {key}, "api_secret": {secret}, "from": {strings.TrimPrefix(from, "+")},
		"to": {strings.TrimPrefix(message.To.Value, "+")}, "text": {message.Text}}
	if !isGSM(message.Text) {
		form.Set("type", "unicode")
	}
	if message.ID != "" {
		form.Set("client-ref", clip(message.ID, 100))
	}
	if at := v.callback(); at != "" {
		form.Set("status-report-req", "1")
		form.Set("callback", at)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.api+"/sms/json", strings.NewReader(form.Encode()))
	if err != nil {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "api_url"}
	}
	request.Header.Set("Content-Type", formType)
	body, broken, fault := handOver(v.config.HTTP, request, answerBytes)
	if fault != nil {
		return "", fault
	}
	return vonageSent(body, broken, message.ID)
}

// callback is where receipts are to go: the channel's address with its secret.
func (v *vonage) callback() string {
	if !reachable(v.config.PublicURL) {
		return ""
	}
	if secret := v.path.Current(); secret != "" {
		base, query, asked := strings.Cut(v.config.PublicURL, "?")
		base = strings.TrimRight(base, "/") + "/" + url.PathEscape(secret)
		if asked {
			base += "?" + query
		}
		return base
	}
	return v.config.PublicURL
}

// vonageSent reads what became of the first part; ours is the id of what was taken
// without one.
func vonageSent(body []byte, broken bool, ours string) (id string, err error) {
	var answer struct {
		Messages []struct {
			ID     string `json:"message-id"`
			Status loose  `json:"status"`
		} `json:"messages"`
	}
	cut, fault := readAnswer(body, broken, &answer)
	switch {
	case cut:
		return ours, nil
	case fault != nil:
		return "", fault
	case len(answer.Messages) == 0:
		return "", vonageFault("")
	}
	switch first := answer.Messages[0]; {
	case first.Status != "0":
		return "", vonageFault(string(first.Status))
	case first.ID == "":
		return ours, nil
	default:
		return channels.Clean(first.ID), nil
	}
}

// vonageFault sorts a status.
// Source: https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
func vonageFault(status string) *channels.SendError {
	fault := &channels.SendError{Reason: channels.ErrPermanent, Code: channels.Clean(clip(status, 40))}
	switch status {
	case "1", "10": // too fast, too many connections
		fault.Reason = channels.ErrThrottled
	case "": // it does not say
		fault.Reason, fault.Code = channels.ErrTemporary, "unreadable"
	case "5", "13": // fault at Vonage, or on the way
		fault.Reason = channels.ErrTemporary
	case "4", "8", "9", "11", "14", "15", "23", "32":
		// Key, account, credit, signature, from or callback, which somebody will
		// mend: the message waits.
		fault.Reason = channels.ErrTemporary
	}
	return fault
}

// Test asks for the account's balance. Nothing is sent.
// Source: https://developer.vonage.com/en/account/code-snippets/account-balance
func (v *vonage) Test(ctx context.Context) error {
	key, secret := v.config.Settings["api_key"], v.config.Secrets["api_secret"].Current()
	if key == "" || secret == "" {
		return errors.New("set api_key and api_secret to test and to send; receiving needs neither")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.api+"/account/get-balance", nil)
	if err != nil {
		return errors.New("api_url is not an address")
	}
	request.SetBasicAuth(key, secret)
	_, fault := exchangeHTTP(v.config.HTTP, request, answerBytes)
	switch {
	case fault == nil:
		return nil
	case fault.Code == "http_401" || fault.Code == "http_403":
		return errors.New("Vonage refuses api_key and api_secret: copy both again from the top of its dashboard")
	}
	return errors.New("Vonage cannot be asked (" + fault.Code + ")")
}
