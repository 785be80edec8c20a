package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// update is what Telegram tells: at most one of its parts is there.
type update struct {
	ID                *int64           `json:"update_id"`
	Message           *telegramMessage `json:"message"`
	EditedMessage     *telegramMessage `json:"edited_message"`
	ChannelPost       *telegramMessage `json:"channel_post"`
	EditedChannelPost *telegramMessage `json:"edited_channel_post"`
}

// listened are the updates that Onyo asks for.
func listened() []string {
	return []string{"channel_post", "edited_channel_post", "edited_message", "message"}
}

type telegramMessage struct {
	ID       int64 `json:"message_id"`
	Date     int64 `json:"date"`
	EditDate int64 `json:"edit_date"`
	Chat     struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	} `json:"chat"`
	From *struct {
		ID       int64  `json:"id"`
		Bot      bool   `json:"is_bot"`
		Language string `json:"language_code"`
	} `json:"from"`
	Text     string            `json:"text"`
	Caption  string            `json:"caption"`
	Location *telegramLocation `json:"location"`
	Venue    *struct {
		Location *telegramLocation `json:"location"`
		Title    string            `json:"title"`
		Address  string            `json:"address"`
	} `json:"venue"`
	Contact *struct {
		Phone  string `json:"phone_number"`
		First  string `json:"first_name"`
		Last   string `json:"last_name"`
		UserID int64  `json:"user_id"`
	} `json:"contact"`
	ReplyTo *struct {
		ID int64 `json:"message_id"`
	} `json:"reply_to_message"`
	Quote *struct {
		Text string `json:"text"`
	} `json:"quote"`
	Album         string          `json:"media_group_id"`
	ForwardOrigin json.RawMessage `json:"forward_origin"`
	ForwardDate   int64           `json:"forward_date"` // before Bot API 7.0
	telegramFiles
}

type telegramLocation struct {
	Lat      *float64 `json:"latitude"`
	Lon      *float64 `json:"longitude"`
	Accuracy float64  `json:"horizontal_accuracy"`
}

// Parse reads a stored update in full.
func (t *telegram) Parse(raw []byte) ([]channels.Message, error) {
	_, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	message, _, fault := t.read(body)
	if fault != "" {
		return nil, fmt.Errorf("telegram: %w", fault) // its own words may hold what was sent
	}
	return []channels.Message{message}, nil
}

// read makes the message of an update. Why says what an Other is.
func (t *telegram) read(body []byte) (message channels.Message, why string, fault errNoMessage) {
	var u update
	if err := json.Unmarshal(body, &u); err != nil || u.ID == nil {
		return message, "", "not_an_update"
	}
	for _, part := range []struct {
		message *telegramMessage
		edited  bool
	}{{u.Message, false}, {u.ChannelPost, false}, {u.EditedMessage, true}, {u.EditedChannelPost, true}} {
		if part.message != nil {
			return t.message(*u.ID, part.message, part.edited)
		}
	}
	return channels.Message{ProviderID: "update/" + strconv.FormatInt(*u.ID, 10), Nature: channels.Other}, otherUpdate(body), ""
}

// otherUpdate names an update that is no message, as "my_chat_member".
func otherUpdate(body []byte) string {
	var parts map[string]json.RawMessage
	_ = json.Unmarshal(body, &parts) // read once already
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if name != "update_id" {
			return code(name, "unknown_update")
		}
	}
	return "empty_update"
}

// message reads one. Its id is chat, message and update: an update is told again
// under the same number, but a number may come back for another one after a quiet
// week; and every edit is an update of its own. Edits and replies name only chat
// and message, which is the alias.
func (t *telegram) message(updateID int64, m *telegramMessage, edited bool) (message channels.Message, why string, fault errNoMessage) {
	if m.Chat.ID == 0 || m.ID == 0 {
		return message, "", "no_chat"
	}
	alias := telegramID(m.Chat.ID, m.ID)
	message = channels.Message{ProviderID: alias + "/" + strconv.FormatInt(updateID, 10), Alias: alias,
		From: channels.Address{Scheme: "telegram", Value: strconv.FormatInt(m.Chat.ID, 10)}, At: moment(m.Date)}
	if m.From != nil && m.From.ID != 0 && m.Chat.Type != "channel" {
		message.From.Value = strconv.FormatInt(m.From.ID, 10)
		message.Language = languageTag(m.From.Language)
	}
	if edited {
		message.Supersedes = alias
		if m.EditDate != 0 {
			message.At = moment(m.EditDate)
		}
	}
	if m.ReplyTo != nil && m.ReplyTo.ID != 0 {
		message.ReplyTo = telegramID(m.Chat.ID, m.ReplyTo.ID)
	}
	if m.Quote != nil {
		message.Quoted = channels.Clean(m.Quote.Text)
	}
	if m.Album != "" {
		message.Thread = "album/" + channels.Clean(m.Album)
	}
	if len(m.ForwardOrigin) > 0 && string(m.ForwardOrigin) != "null" || m.ForwardDate != 0 {
		message.Checks = map[string]string{"forwarded": "yes"}
	}
	m.content(&message)
	message.Nature, why = t.nature(m, message)
	return message, why, ""
}

// telegramID names a message as edits and replies do.
func telegramID(chat, message int64) string {
	return strconv.FormatInt(chat, 10) + "/" + strconv.FormatInt(message, 10)
}

// content is what a message says and carries.
func (m *telegramMessage) content(message *channels.Message) {
	message.Text = channels.Clean(m.Text + m.Caption) // never both
	if v := m.Venue; v != nil && v.Location != nil {
		message.Location = place(v.Location.point(), v.Title, v.Address)
	} else if m.Location != nil {
		message.Location = place(m.Location.point())
	}
	if c := m.Contact; c != nil {
		if c.UserID != 0 && m.From != nil && c.UserID == m.From.ID {
			message.Contact = channels.Clean(c.Phone) // their own number, given to be called
		} else {
			message.Text = joined("\n", message.Text, joined(", ", joined(" ", c.First, c.Last), c.Phone))
		}
	}
	message.Media = m.media()
}

func (l *telegramLocation) point() *channels.Point { return point(l.Lon, l.Lat, l.Accuracy) }

// nature: what a person writes to the bot, or an organisation in a channel that
// has the bot, is a report. What people say to each other in a group is not.
func (t *telegram) nature(m *telegramMessage, message channels.Message) (nature channels.Nature, why string) {
	silent := message.Location == nil && len(message.Media) == 0 && message.Contact == ""
	switch {
	case m.Chat.Type == "channel":
	case m.Chat.Type != "private":
		return channels.Other, "group"
	case m.From != nil && m.From.Bot:
		return channels.Other, "bot"
	}
	switch {
	case !silent:
		return channels.Report, ""
	case strings.TrimSpace(message.Text) == "" && m.Text == "":
		return channels.Other, "no_content"
	}
	return t.spoken(message.Text)
}

var (
	commandShape = regexp.MustCompile(`^/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]{1,64})?(?:\s+(\S[\s\S]*))?$`)
	// payloadShape is what a link to a bot may carry behind /start.
	payloadShape = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)
)

// spoken sorts words. Telegram's own first command is /start; a command with words
// behind it may be meant as a report.
func (t *telegram) spoken(text string) (nature channels.Nature, why string) {
	command := commandShape.FindStringSubmatch(strings.TrimSpace(text))
	if command == nil {
		return t.words.Nature(text), ""
	}
	name, rest := strings.ToLower(command[1]), strings.TrimSpace(command[2])
	switch {
	case name == "start" && payloadShape.MatchString(rest):
		return channels.Start, ""
	case rest != "":
		return channels.Report, ""
	}
	if nature := t.words.Nature(name); nature != channels.Report {
		return nature, ""
	}
	return channels.Other, "command"
}

var languageShape = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)

// languageTag is the language of the sender's app.
func languageTag(tag string) string {
	if !languageShape.MatchString(tag) {
		return ""
	}
	return tag
}
