package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// Send hands one message to the bulk service.
// Source: https://developers.africastalking.com/docs/sms/sending/bulk
func (a *africasTalking) Send(ctx context.Context, message channels.Outbound) (string, error) {
	if a.key.Current() == "" || a.config.Settings["username"] == "" {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "no_api_key"}
	}
	form := url.Values{"username": {a.config.Settings["username"]}, "to": {message.To.Value}, "message": {message.Text}}
	if from := a.config.Settings["from"]; from != "" {
		form.Set("from", from)
	}
	request, err := a.request(ctx, http.MethodPost, "/version1/messaging", form)
	if err != nil {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_api_url"}
	}
	request.Header.Set("Content-Type", formType)
	body, broken, fault := handOver(a.config.HTTP, request, atBytes)
	if fault != nil {
		return "", fault
	}
	var sent struct {
		SMSMessageData struct {
			Message    string
			Recipients []struct {
				StatusCode int
				MessageID  string `json:"messageId"`
			}
		}
	}
	switch cut, fault := readAnswer(body, broken, &sent); {
	case cut:
		return message.ID, nil
	case fault != nil:
		return "", fault
	}
	if len(sent.SMSMessageData.Recipients) == 0 {
		return "", atFault(atCodeOf(sent.SMSMessageData.Message))
	}
	first := sent.SMSMessageData.Recipients[0]
	if first.StatusCode < 100 || first.StatusCode > 102 {
		return "", atFault(first.StatusCode)
	}
	if first.MessageID == "" || first.MessageID == "None" {
		return message.ID, nil // it has left: sending it again would repeat it
	}
	return atID(first.MessageID), nil
}

// atCodeOf is the code of a word that stands where nobody was written to; 0 for
// any other text.
func atCodeOf(message string) int {
	switch message {
	case "RiskHold":
		return 401
	case "InvalidSenderId":
		return 402
	case "InvalidPhoneNumber":
		return 403
	case "InsufficientBalance":
		return 405
	case "UserInBlacklist", "UserInBlackList":
		return 406
	}
	return 0
}

// atFault sorts a recipient's status code. What only the account's owner can mend
// waits: RiskHold, a sender id, money.
func atFault(code int) *channels.SendError {
	fault := &channels.SendError{Reason: channels.ErrTemporary, Code: strconv.Itoa(code)}
	switch code {
	case 406:
		fault.Reason = channels.ErrOptedOut
	case 403, 404, 407, 409, 502:
		fault.Reason = channels.ErrPermanent
	case 0:
		fault.Code = "unreadable"
	}
	return fault
}

var errATRefused = errors.New("africastalking: username or api_key is refused; copy both anew from the dashboard")

// Test asks for the account's balance.
func (a *africasTalking) Test(ctx context.Context) error {
	if a.key.Current() == "" || a.config.Settings["username"] == "" {
		return errors.New("africastalking: api_key is missing, so nothing can be asked; Onyo only listens")
	}
	request, err := a.request(ctx, http.MethodGet, "/version1/user", url.Values{"username": {a.config.Settings["username"]}})
	if err != nil {
		return errors.New("africastalking: api_url cannot be used")
	}
	_, fault := exchangeHTTP(a.config.HTTP, request, atBytes)
	switch {
	case fault == nil:
		return nil
	case fault.Code == "http_401" || fault.Code == "http_403":
		return errATRefused
	}
	return errors.New("africastalking: the API did not answer as it should: " + fault.Code)
}

// request goes to the API; values are its query, or its body with POST.
func (a *africasTalking) request(ctx context.Context, method, path string, values url.Values) (*http.Request, error) {
	base := a.config.Settings["api_url"]
	if base == "" {
		base = atAPI
	}
	at, body := strings.TrimRight(base, "/")+path, io.Reader(nil)
	if method == http.MethodPost {
		body = strings.NewReader(values.Encode())
	} else {
		at += "?" + values.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("apiKey", a.key.Current())
	request.Header.Set("Accept", jsonType)
	return request, nil
}

// exchangeHTTP sends a request and reads the answer to one that succeeded. What
// went wrong is sorted by status alone: credentials (401, 402, 403) somebody will
// mend, so the message waits. No text of the answer is passed on; of a success that
// broke off there is what came.
func exchangeHTTP(doer channels.Doer, request *http.Request, limit int64) ([]byte, *channels.SendError) {
	response, err := doer.Do(request)
	if err != nil {
		return nil, &channels.SendError{Reason: channels.ErrTemporary, Code: "network"}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	switch status := response.StatusCode; {
	case status/100 == 2 && err != nil:
		return body, &channels.SendError{Reason: channels.ErrTemporary, Code: brokenOff}
	case status/100 == 2:
		return body, nil
	case status == http.StatusTooManyRequests:
		return nil, &channels.SendError{Reason: channels.ErrThrottled, Code: "http_429", RetryAfter: retryAfter(response.Header)}
	case status/100 == 4 && status != http.StatusUnauthorized && status != http.StatusPaymentRequired &&
		status != http.StatusForbidden && status != http.StatusRequestTimeout:
		return nil, &channels.SendError{Reason: channels.ErrPermanent, Code: "http_" + strconv.Itoa(status)}
	default:
		return nil, &channels.SendError{Reason: channels.ErrTemporary, Code: "http_" + strconv.Itoa(status), RetryAfter: retryAfter(response.Header)}
	}
}

// brokenOff is the code of a success whose answer broke off.
const brokenOff = "broken_off"

// handOver sends a message away. Once its provider has begun to answer with a
// success the message has most likely left, so that an answer that broke off is no
// fault: sent again it would come twice.
func handOver(doer channels.Doer, request *http.Request, limit int64) (body []byte, broken bool, fault *channels.SendError) {
	body, fault = exchangeHTTP(doer, request, limit)
	if fault != nil && fault.Code == brokenOff {
		return body, true, nil
	}
	return body, false, fault
}

// readAnswer reads the JSON of a success, and says whether it was cut off. What is
// of another form than expected stays empty. What is no JSON is not the provider's:
// a proxy wrote it, and the message is still here.
func readAnswer(body []byte, broken bool, into any) (cut bool, fault *channels.SendError) {
	err := json.NewDecoder(bytes.NewReader(body)).Decode(into)
	var form *json.UnmarshalTypeError
	switch {
	case err == nil, errors.As(err, &form):
		return false, nil
	case broken, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true, nil
	}
	return false, &channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}
}
