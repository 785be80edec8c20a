package chat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// ask calls a method of the Bot API. The URL holds the bot token, so nothing of a
// request goes into a log or an error; neither does Telegram's text.
// Source: https://core.telegram.org/bots/api#making-requests
func (t *telegram) ask(ctx context.Context, method string, parameters, result any) *channels.SendError {
	request, err := post(ctx, t.api+"/bot"+t.token.Current()+"/"+method, parameters)
	if err != nil {
		return &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_request"}
	}
	got, fault := do(t.config.HTTP, request)
	if fault != nil {
		return fault
	}
	var answer struct {
		OK          bool            `json:"ok"`
		Result      json.RawMessage `json:"result"`
		Code        int             `json:"error_code"`
		Description string          `json:"description"`
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	err = json.Unmarshal(got.body, &answer)
	if err == nil && answer.OK {
		if result != nil && json.Unmarshal(answer.Result, result) != nil {
			return &channels.SendError{Reason: channels.ErrTemporary, Code: unclear}
		}
		return nil
	}
	if got.status/100 == 2 && cut(got.body) {
		return &channels.SendError{Reason: channels.ErrTemporary, Code: unclear}
	}
	if err != nil || answer.Code == 0 {
		answer.Code = got.status // a proxy's words
	}
	if answer.Parameters.RetryAfter > 0 {
		got.after = seconds(strconv.Itoa(answer.Parameters.RetryAfter))
	}
	return telegramFault(answer.Code, answer.Description, got)
}

// telegramFault sorts an error. A wrong token is temporary: somebody will mend it,
// and the message waits.
func telegramFault(code int, description string, got reply) *channels.SendError {
	fault := &channels.SendError{Reason: channels.ErrTemporary, Code: strconv.Itoa(code)}
	switch {
	case code == http.StatusTooManyRequests:
		fault.Reason, fault.RetryAfter = channels.ErrThrottled, got.after
	case code == http.StatusForbidden && strings.Contains(description, "blocked by the user"):
		fault.Reason = channels.ErrOptedOut
	case code == http.StatusBadRequest || code == http.StatusForbidden || code == http.StatusRequestEntityTooLarge:
		fault.Reason = channels.ErrPermanent
	case code < http.StatusBadRequest:
		fault.Code = "unreadable"
	}
	return fault
}

// badToken says whether an error is that Telegram does not know the bot.
func badToken(fault *channels.SendError) bool { return fault.Code == "401" || fault.Code == "404" }

var errBadToken = errors.New("telegram does not accept the bot token: set bot_token to the one that @BotFather shows now")

// Test asks Telegram who the bot is.
func (t *telegram) Test(ctx context.Context) error {
	var bot struct {
		ID int64 `json:"id"`
	}
	switch fault := t.ask(ctx, "getMe", struct{}{}, &bot); {
	case fault == nil:
		return nil
	case badToken(fault):
		return errBadToken
	case fault.Code == "network":
		return errors.New("telegram cannot be reached from here; in some countries it is blocked")
	default:
		return errors.New("telegram answers with an error: " + fault.Code)
	}
}

// Send writes to one person and names the message as a reply to it will.
// Source: https://core.telegram.org/bots/api#sendmessage
func (t *telegram) Send(ctx context.Context, message channels.Outbound) (string, error) {
	chat, err := strconv.ParseInt(message.To.Value, 10, 64)
	if err != nil || message.To.Scheme != "telegram" {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_address"}
	}
	parameters := map[string]any{"chat_id": chat, "text": message.Text,
		"link_preview_options": map[string]bool{"is_disabled": true}} // a preview would fetch what a reply links to
	if to := answered(chat, message.InReplyTo); to != 0 {
		parameters["reply_parameters"] = map[string]any{"message_id": to, "allow_sending_without_reply": true}
	}
	var sent struct {
		ID   int64 `json:"message_id"`
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	}
	fault := t.ask(ctx, "sendMessage", parameters, &sent)
	if fault != nil && fault.Code != unclear {
		return "", fault
	}
	if fault != nil || sent.ID == 0 || sent.Chat.ID == 0 {
		return message.ID, nil // it has left: sending it again would repeat it
	}
	return telegramID(sent.Chat.ID, sent.ID), nil
}

// answered is the message that an id or alias of this chat names; 0 for any other.
func answered(chat int64, id string) int64 {
	parts := strings.Split(id, "/")
	if len(parts) < 2 || parts[0] != strconv.FormatInt(chat, 10) {
		return 0
	}
	message, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return 0
	}
	return message
}
