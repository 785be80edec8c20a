package chat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	telegramAPI = "https://api.telegram.org"
	// telegramHeader carries the word that setWebhook agreed on.
	telegramHeader = "X-Telegram-Bot-Api-Secret-Token"
	modeWebhook    = "webhook"
	modePoll       = "poll"
)

// Telegram is the kind "chat.telegram": people write to a bot.
// Source: https://core.telegram.org/bots/api
func Telegram() channels.Kind {
	return channels.Kind{
		Name:    "chat.telegram",
		Title:   "Telegram",
		Summary: "Messages, places and pictures sent to a Telegram bot. Free, ready in ten minutes, and with mode poll for servers that the internet cannot reach.",
		Settings: append([]channels.Setting{
			{Key: "bot_token", Required: true, Secret: true, Check: botToken,
				Help: "In Telegram, write /newbot to @BotFather; it answers with the token, digits, a colon and 35 letters. For an old bot: /mybots, the bot, API Token."},
			{Key: "mode", Default: modeWebhook, Check: telegramMode,
				Help: "webhook: Telegram calls Onyo, which must be reachable over https on port 443, 80, 88 or 8443. poll: Onyo asks Telegram; needs no address of its own."},
			{Key: "secret_token", Secret: true, Check: secretToken,
				Help: "A word of your own that proves that a request is Telegram's: 1 to 256 letters, digits, - and _. Onyo tells it to Telegram. Without it Onyo makes one of the bot token."},
			{Key: "api_url", Default: telegramAPI, Endpoint: true, Check: baseURL,
				Help: "Where the Bot API is. Change it only if you run your own Bot API server."},
		}, extra()...),
		Can:        channels.Capabilities{Webhook: true, Run: true, Send: true, Fetch: true, Test: true, Signed: true, Media: true},
		Limits:     channels.Limits{BodyBytes: 1 << 20, FileBytes: fileBytes, Files: 10, TextBytes: textBytes},
		Methods:    []string{http.MethodPost},
		BodyTypes:  []string{jsonType},
		MediaHosts: []string{"*"}, // files lie where api_url points, and MediaRequest goes nowhere else
		New:        newTelegram,
	}
}

var (
	botTokenShape    = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{20,128}$`)
	secretTokenShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

func botToken(value string) error {
	if !botTokenShape.MatchString(value) {
		return errors.New("a bot token is digits, a colon, and about 35 letters, digits, - or _")
	}
	return nil
}

func secretToken(value string) error {
	if !secretTokenShape.MatchString(value) {
		return errors.New("1 to 256 letters, digits, - and _")
	}
	return nil
}

func telegramMode(value string) error {
	if value != modeWebhook && value != modePoll {
		return errors.New("webhook or poll")
	}
	return nil
}

type telegram struct {
	config channels.Config
	token  channels.Secret
	api    string
	words  channels.Words
	// look is how often a webhook is looked after.
	look time.Duration
}

func newTelegram(config channels.Config) (channels.Adapter, error) {
	if config.Secrets["bot_token"].Current() == "" {
		return nil, errors.New("bot_token is missing")
	}
	at := config.Settings["api_url"]
	if at == "" {
		at = telegramAPI
	}
	api, err := base(at)
	if err != nil {
		return nil, errors.New("api_url: " + err.Error())
	}
	return &telegram{config: config, token: config.Secrets["bot_token"], api: api, look: time.Hour,
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"])}, nil
}

// Receive checks the word that was agreed on and takes the one update. The word
// proves who calls and covers nothing of the body: TLS does that.
func (t *telegram) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	given := exchange.Header.Values(telegramHeader)
	if len(given) != 1 || !t.agreed(given[0]) {
		return channels.Reception{}, channels.Unauthentic()
	}
	return channels.Reception{Messages: []channels.Split{t.split(exchange.Body)}, Answer: taken()}, nil
}

// agreed says whether a word is one that Telegram was told.
func (t *telegram) agreed(given string) bool {
	if own := t.config.Secrets["secret_token"]; own.Current() != "" {
		return own.Matches(given)
	}
	return t.token.Any(func(token string) bool { return channels.Equal(madeToken(token), given) })
}

// madeToken is the word where an admin chose none. Nobody finds it without the
// bot token.
func madeToken(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("onyo webhook secret_token"))
	return hex.EncodeToString(mac.Sum(nil))
}

// split keeps one update as it came.
func (t *telegram) split(body []byte) channels.Split {
	raw := channels.Pack(nil, body)
	message, why, fault := t.read(body)
	if fault != "" {
		return channels.UnparsedSplit(raw, body, string(fault))
	}
	return channels.Split{ProviderID: message.ProviderID, Alias: message.Alias, Digest: message.Digest(), Raw: raw,
		Nature: message.Nature, From: message.From, Why: why}
}
