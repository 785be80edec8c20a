package sms

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	atPullOff    = "off"
	atPullAlways = "always"
	// After a fault asking waits a second, then twice as long each time.
	atFirstPause, atLongestPause = time.Second, 5 * time.Minute
)

func atPullMode(value string) error {
	if value != atPullOff && value != atPullAlways {
		return errors.New("write off or always")
	}
	return nil
}

func atPullEvery(value string) error {
	if every, err := time.ParseDuration(value); err != nil || every < 100*time.Millisecond || every > 24*time.Hour {
		return errors.New("write a time between 100ms and 24h, as 30s or 5m")
	}
	return nil
}

// Run asks for what came in since the last message that was kept. Its cursor is
// that message's number. With pull=off it only waits.
// Source: https://developers.africastalking.com/docs/sms/fetch_messages
func (a *africasTalking) Run(ctx context.Context, inlet channels.Inlet) error {
	if a.config.Settings["pull"] != atPullAlways {
		<-ctx.Done()
		return nil
	}
	every, err := time.ParseDuration(a.config.Settings["pull_every"])
	if err != nil {
		every = time.Minute
	}
	cursor, err := inlet.Cursor(ctx)
	if err != nil {
		return ended(ctx, err)
	}
	last, _ := strconv.ParseUint(string(cursor), 10, 64)
	for faults := (backoff{first: atFirstPause, most: atLongestPause}); ; {
		found, next, fault := a.fetch(ctx, last)
		wait := every
		switch {
		case ctx.Err() != nil:
			return nil
		case fault != nil && (fault.Code == "http_401" || fault.Code == "http_403"):
			return errATRefused
		case fault != nil:
			wait = max(faults.next(), fault.RetryAfter)
			a.config.Log.Warn("asking Africa's Talking for messages failed", "channel", a.config.Name, "code", fault.Code, "wait", wait)
		default:
			faults.reset()
			if len(found) > 0 {
				if err := inlet.Accept(ctx, found, []byte(strconv.FormatUint(next, 10))); err != nil {
					return ended(ctx, err)
				}
			}
			if next > last {
				last, wait = next, 0 // there may be more
			}
		}
		if !pause(ctx, wait) {
			return nil
		}
	}
}

// fetch asks once; next is the highest number among what came. An item that cannot
// be read is kept as it is; it has no number, and comes again until one after it
// has, under the same identity.
func (a *africasTalking) fetch(ctx context.Context, last uint64) (found []channels.Split, next uint64, fault *channels.SendError) {
	request, err := a.request(ctx, http.MethodGet, "/version1/messaging", url.Values{
		"username": {a.config.Settings["username"]}, "lastReceivedId": {strconv.FormatUint(last, 10)}})
	if err != nil {
		return nil, last, &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_api_url"}
	}
	body, fault := exchangeHTTP(a.config.HTTP, request, atBytes)
	if fault != nil {
		return nil, last, fault
	}
	var page struct {
		SMSMessageData struct{ Messages []json.RawMessage }
	}
	if json.Unmarshal(body, &page) != nil {
		return nil, last, &channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}
	}
	next = last
	for _, item := range page.SMSMessageData.Messages {
		raw := channels.Pack(map[string]string{"from": atPulled}, item)
		split, why := a.split(raw)
		if why != "" {
			found = append(found, channels.UnparsedSplit(raw, item, why))
			continue
		}
		found = append(found, split)
		if number, err := strconv.ParseUint(split.ProviderID, 10, 64); err == nil {
			next = max(next, number)
		}
	}
	return found, next, nil
}
