package crisis

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Settings that every channel has beside those of its kind. All but the first two
// concern what goes out.
const (
	// SettingSenderRate is how many messages an hour one sender may have read at
	// once; more of them wait. 0 is no limit.
	SettingSenderRate = "sender_rate"
	// SettingSilentAfter is how long nothing may come before people are told.
	SettingSilentAfter = "silent_after"
	// SettingReplies says whether anything is sent at all.
	SettingReplies = "replies"
	// SettingAcknowledge is what a new reporter is answered by itself.
	SettingAcknowledge = "acknowledge"
	// SettingReplyLimit is how many messages a day may be sent.
	SettingReplyLimit = "reply_limit"
	// SettingSendRate is how many messages a minute may be sent.
	SettingSendRate = "send_rate"
)

// What SettingReplies and SettingAcknowledge may be. Off is the default: an
// answer can endanger whoever gets it.
const (
	Off = "off"
	On  = "on"
	// Card is an acknowledgement with a link to a short form, where a report has
	// no place.
	Card = "card"
)

// Defaults of a channel's settings.
const (
	DefaultSenderRate  = 120
	DefaultSilentAfter = 24 * time.Hour
	DefaultReplyLimit  = 500
	DefaultSendRate    = 60
)

// PathSecret is the key in Secrets of what stands in the address of a channel whose
// provider signs nothing.
const PathSecret = "path"

// HookURL is the URL at which the channel's provider calls, its path secret in it
// where it has one. Public is where the world sees the server, without a slash at
// its end.
func (c *Channel) HookURL(public string) string {
	hook := c.OpenURL(public)
	if secrets := c.Secrets[PathSecret]; len(secrets) > 0 && !strings.HasSuffix(hook, "/"+secrets[0].Reveal()) {
		hook = strings.TrimSuffix(hook, "/") + "/" + url.PathEscape(secrets[0].Reveal())
	}
	return hook
}

// OpenURL is HookURL without what is secret in it.
func (c *Channel) OpenURL(public string) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	return public + "/hooks/" + url.PathEscape(c.Name)
}

// Replies says whether messages may be sent on the channel.
func (c *Channel) Replies() bool { return c.Settings[SettingReplies] == On }

// Acknowledge is what a new reporter is answered by itself: Off, On or Card.
func (c *Channel) Acknowledge() string {
	if value := c.Settings[SettingAcknowledge]; c.Replies() && (value == On || value == Card) {
		return value
	}
	return Off
}

// SenderRate is how many messages an hour one sender may have read; 0 is no limit.
func (c *Channel) SenderRate() int { return c.number(SettingSenderRate, DefaultSenderRate) }

// ReplyLimit is how many messages may be sent within 24 hours.
func (c *Channel) ReplyLimit() int { return c.number(SettingReplyLimit, DefaultReplyLimit) }

// SendRate is how many messages may be sent a minute.
func (c *Channel) SendRate() int { return c.number(SettingSendRate, DefaultSendRate) }

// SilentAfter is how long nothing may come before people are told; 0 never is.
func (c *Channel) SilentAfter() time.Duration {
	value, err := time.ParseDuration(c.Settings[SettingSilentAfter])
	if err != nil {
		return DefaultSilentAfter
	}
	return value
}

func (c *Channel) number(key string, otherwise int) int {
	value, err := strconv.Atoi(c.Settings[key])
	if err != nil || value < 0 {
		return otherwise
	}
	return value
}
