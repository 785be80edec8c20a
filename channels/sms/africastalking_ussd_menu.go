package sms

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

const (
	ussdFirst = "first"
	ussdPlace = "place"
	ussdNote  = "note"
	ussdEnd   = "end"
	// ussdPage is how many categories a screen shows, ussdScreen how many
	// characters it should have at most; phones cut what is longer.
	ussdPage, ussdScreen = 7, 160
	// ussdSaid bounds one free answer in bytes; a phone sends 182 at most.
	ussdSaid = 2000
)

// The questions, in the order in which they are asked.
const (
	askLanguage = iota
	askWhat
	askWhere
	askMore
	askNothing
)

// ussdState is where a session stands: what was said, and what to ask next.
type ussdState struct {
	ask      int
	wrong    bool // the last answer was none to what was asked
	page     int  // of the categories
	language string
	choices  []channels.Choice
	category channels.Choice
	what     string // in the caller's words, instead of a category
	place    string
	note     string
}

// walk replays a session from all that was typed in it, "1*3*Kibera*2 houses".
// The first answers are numbers, one each, whatever number of tries they took; the
// place is the next answer; all that remains is the last one. So a "*" inside the
// last answer is part of it. Inside the place it ends the place, since nothing in
// the text tells it from the end of an answer: what follows is kept as the last
// answer, and the session ends a question early, with nothing lost.
func (u *ussd) walk(text string) ussdState {
	s := ussdState{language: u.languages[0]}
	var answers []string
	if text != "" {
		answers = strings.Split(text, "*")
	}
	if len(u.languages) > 1 {
		if answers = s.chooseLanguage(answers, u.languages); s.ask == askLanguage {
			return s
		}
	}
	s.ask = askWhat
	if u.config.Categories != nil {
		s.choices = u.config.Categories(s.language)
	}
	if answers = s.chooseWhat(answers); s.ask == askWhat || len(answers) == 0 {
		return s
	}
	s.place, s.ask = free(answers[0]), askMore
	if answers = answers[1:]; len(answers) > 0 {
		s.note, s.ask = free(strings.Join(answers, "*")), askNothing
	}
	return s
}

func (s *ussdState) chooseLanguage(answers, languages []string) []string {
	s.ask = askLanguage
	for i, answer := range answers {
		if n := numbered(answer); n >= 1 && n <= len(languages) {
			s.language, s.ask, s.wrong = languages[n-1], askWhat, false
			return answers[i+1:]
		}
		s.wrong = true
	}
	return nil
}

// chooseWhat takes a number of the screen that was shown, 0 for the next screen,
// or words in place of a number: they are a report too.
func (s *ussdState) chooseWhat(answers []string) []string {
	pages := (len(s.choices) + ussdPage - 1) / ussdPage
	for i, answer := range answers {
		shown := s.shown()
		n := numbered(answer)
		s.wrong = false
		switch {
		case n == 0 && pages > 1:
			s.page = (s.page + 1) % pages
			continue
		case n >= 1 && n <= len(shown):
			s.category = shown[n-1]
		case answer != "" && (pages == 0 || strings.ContainsFunc(answer, unicode.IsLetter)):
			s.what = bounded(answer)
		default:
			s.wrong = true
			continue
		}
		s.ask = askWhere
		return answers[i+1:]
	}
	return nil
}

// shown are the categories of the present screen.
func (s *ussdState) shown() []channels.Choice {
	from := min(s.page*ussdPage, len(s.choices))
	return s.choices[from:min(from+ussdPage, len(s.choices))]
}

// facts are what was said so far, a map for each message of it.
func (s *ussdState) facts() (parts []map[string]string) {
	add := func(part, said string) {
		parts = append(parts, map[string]string{"part": part, "said": said, "language": s.language})
	}
	if s.ask < askWhere {
		return nil
	}
	add(ussdFirst, s.what)
	if s.category.Key != "" {
		parts[0]["category"], parts[0]["said"] = channels.Clean(s.category.Key), channels.Clean(s.category.Label)
	}
	if s.place != "" {
		add(ussdPlace, s.place)
	}
	if s.note != "" {
		add(ussdNote, s.note)
	}
	return parts
}

// free is an answer in words: nothing where it was skipped.
func free(answer string) string {
	if trimmed := strings.TrimSpace(answer); trimmed == "" || numbered(trimmed) == 0 {
		return ""
	}
	return bounded(answer)
}

func bounded(answer string) string {
	if len(answer) <= ussdSaid {
		return answer
	}
	return strings.ToValidUTF8(answer[:ussdSaid], "")
}

// numbered is a number that was typed, in the digits of any of the menu's scripts;
// -1 for anything else.
func numbered(answer string) int {
	digits := strings.Map(func(r rune) rune {
		for _, zero := range []rune{'\u0660', '\u06F0', '\u0966'} {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return r
	}, strings.TrimSpace(answer))
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || len(digits) > 3 {
		return -1
	}
	return n
}

// show is the next screen: CON asks, END is the last.
func (u *ussd) show(s ussdState) string {
	words, _ := ussdWordsOf(s.language)
	var b strings.Builder
	b.WriteString("CON ")
	if s.wrong {
		b.WriteString(words.wrong + "\n")
	}
	switch s.ask {
	case askLanguage:
		for i, language := range u.languages {
			named, _ := ussdWordsOf(language)
			fmt.Fprintf(&b, "%d. %s\n", i+1, named.name)
		}
	case askWhat:
		u.showChoices(&b, s, words)
	case askWhere:
		b.WriteString(words.where)
	case askMore:
		b.WriteString(words.more)
	default:
		b.Reset()
		b.WriteString("END " + words.thanks)
		if u.config.Emergency != nil {
			b.WriteString(" " + u.config.Emergency(s.language))
		}
	}
	return strings.TrimSpace(b.String())
}

// showChoices shortens labels until the screen fits.
func (u *ussd) showChoices(b *strings.Builder, s ussdState, words ussdWords) {
	if len(s.choices) == 0 {
		b.WriteString(words.write)
		return
	}
	shown, next := s.shown(), ""
	if len(s.choices) > ussdPage {
		next = "\n0. " + words.next
	}
	room := ussdScreen - utf8.RuneCountInString(b.String()+words.what+next) - 4*len(shown)
	b.WriteString(words.what)
	for i, choice := range shown {
		label := []rune(channels.Clean(choice.Label))
		if most := max(room/len(shown), 8); len(label) > most {
			label = append(label[:most-1], '.')
		}
		fmt.Fprintf(b, "\n%d. %s", i+1, string(label))
	}
	b.WriteString(next)
}
