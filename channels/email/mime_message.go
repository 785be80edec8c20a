package email

import (
	"crypto/sha256"
	"encoding/hex"
	netmail "net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// message is what a mail says, for intake. why says why its nature is Other.
func (l letter) message(checks map[string]string, rules rules) (message channels.Message, why string) {
	subject := strings.TrimSpace(decodeField(l.header.Get("Subject")))
	bare, answers, forwards := bareSubject(subject)
	before := messageIDs(l.header.Get("References"))
	replies := messageIDs(l.header.Get("In-Reply-To"))
	answers = answers || len(before)+len(replies) > 0
	message = channels.Message{Alias: firstID(l.header.Get("Message-Id")), Nature: channels.Report,
		From: l.author(), To: l.recipient(), At: dateOf(l.header.Get("Date")), Checks: checks}
	message.ReplyTo = firstOf(replies)
	if message.ReplyTo == "" && len(before) > 0 {
		message.ReplyTo = before[len(before)-1]
	}
	message.Thread = firstOf(append(before, replies...))
	if other := addressOf(l.header.Get("Reply-To")); other != message.From {
		message.Contact = other.Value
	}
	text := newlines(channels.Clean(l.text))
	if len(text) > maxText {
		text = channels.Clean(strings.ToValidUTF8(text[:maxText], ""))
		l.left = append(slices.Clip(l.left), "long")
	}
	text = strings.Trim(text, "\n")
	message.Text, message.Quoted = foldQuotes(text, answers, forwards)
	if blank(message.Text) && len(l.files) == 0 {
		message.Text, message.Quoted = text, "" // a mail that only passes on says that
	}
	switch {
	case answers || said(bare, message.Text):
	case blank(message.Text):
		message.Text = bare
	default:
		message.Subject = bare
	}
	for _, f := range l.files {
		message.Media = append(message.Media, channels.Media{Bytes: f.bytes, Digest: sha256.Sum256(f.bytes),
			ContentType: f.contentType, Name: f.name})
	}
	if message.Nature, why = l.nature(message.From, answers, rules); message.Nature == channels.Report && len(message.Media) == 0 {
		message.Nature = rules.words.Nature(withSubject(message.Subject, message.Text))
	}
	if message.Nature == channels.Delivery {
		message.Text, message.Subject, message.Quoted, message.Media = "", "", "", nil
		message.Status = &channels.Status{Of: l.report.of, State: l.report.state, Code: l.report.code}
	}
	message.Text = withNotes(message.Text, l.left)
	return l.identified(message), why
}

// identified gives a message its id, which depends on nothing that changes under
// way: not on Received lines, boundaries or how the text was encoded.
func (l letter) identified(message channels.Message) channels.Message {
	digest := message.Digest()
	name := message.Alias
	if name == "" {
		name = noMessageID
		digest = sha256.Sum256([]byte(string(digest[:]) + l.header.Get("Date")))
	}
	message.ProviderID = name + "/" + hex.EncodeToString(digest[:8])
	for i := range message.Media {
		message.Media[i].Ref = message.ProviderID + "/" + strconv.Itoa(i)
	}
	return message
}

// author is From, or who else says to have sent it.
func (l letter) author() channels.Address {
	for _, field := range []string{"From", "Sender", "Return-Path"} {
		if found := addressOf(l.header.Get(field)); found.Value != "" {
			return found
		}
	}
	return channels.Address{}
}

func (l letter) recipient() channels.Address {
	for _, field := range []string{"To", "Cc", "Delivered-To"} {
		if found := addressOf(l.header.Get(field)); found.Value != "" {
			return found
		}
	}
	return channels.Address{}
}

func dateOf(field string) time.Time {
	at, err := netmail.ParseDate(strings.TrimSpace(field))
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		return time.Time{}
	}
	return at.UTC()
}

// What programs write before a subject when they answer or pass on.
var (
	answerPat  = regexp.MustCompile(`(?i)^(re|aw|sv|vs|antw|antwort|odp|rif|ris|res|ynt|ref|atb|回复|答复|回覆|رد|השב|отв|ответ)(\[\d+\])?\s*[:：]\s*`)
	forwardPat = regexp.MustCompile(`(?i)^(fwd?|wg|tr|rv|i|enc|doorst|vb|vl|pd|ilt|转发|轉寄|إعادة توجيه|пересл)\s*[:：]\s*`)
	emptyPat   = regexp.MustCompile(`(?i)^[(\[<]?\s*(no subject|none|kein betreff|sans objet|aucun objet|sin asunto|sem assunto|nessun oggetto|geen onderwerp|без темы|无主题|無主旨|بدون موضوع|hakuna mada)\s*[)\]>]?$`)
)

// bareSubject takes off what programs wrote in front.
func bareSubject(subject string) (bare string, answers, forwards bool) {
	bare = subject
	for range 10 {
		if cut := answerPat.FindString(bare); cut != "" {
			bare, answers = bare[len(cut):], answers || !forwards
		} else if cut := forwardPat.FindString(bare); cut != "" {
			bare, forwards = bare[len(cut):], true
		} else {
			break
		}
	}
	if emptyPat.MatchString(bare) {
		bare = ""
	}
	return bare, answers, forwards
}

// said says whether a text says what a subject does.
func said(subject, text string) bool {
	plain := strings.Join(strings.Fields(strings.ToLower(subject)), " ")
	return plain == "" || strings.Contains(strings.Join(strings.Fields(strings.ToLower(text)), " "), plain)
}

// withSubject puts a subject in front of a text that does not say it.
func withSubject(subject, text string) string {
	switch {
	case said(subject, text):
		return text
	case blank(text):
		return subject
	}
	return subject + "\n\n" + text
}

// withNotes says below the text what was left out of it; the original has it.
func withNotes(text string, left []string) string {
	for _, what := range left {
		note := "[Left out: " + what + "]"
		switch what {
		case "calendar":
			note = "[Left out: a calendar invitation]"
		case "tnef":
			note = "[Left out: winmail.dat, a file that only Outlook reads]"
		case "files":
			note = "[Left out: more than " + strconv.Itoa(maxFiles) + " files]"
		case "large":
			note = "[Left out: a file that is too large]"
		case "long":
			note = "[Left out: the rest of a very long text]"
		case "parts":
			note = "[Left out: what lies too deep or in too many parts]"
		case "encrypted":
			note = "[This mail is encrypted; Onyo cannot read it]"
		}
		if text = strings.TrimRight(text, "\n"); text != "" {
			text += "\n\n"
		}
		text += note
	}
	return text
}
