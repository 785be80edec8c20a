package email

import (
	"bytes"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// maxQuotes is how many levels of quotation are marked.
	maxQuotes = 10
	// maxLink is how long an address may be that is written beside a link's words.
	maxLink = 2000
)

// htmlText is what a person sees of an HTML mail, as plain text: quotations
// marked with ">", lists with "-", addresses of links beside their words.
func htmlText(source string) string {
	tokens := html.NewTokenizer(strings.NewReader(source))
	var page sheet
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return page.text()
		case html.TextToken:
			if page.hidden == 0 {
				page.write(string(tokens.Text()))
			}
		case html.StartTagToken:
			page.open(tokens.Token())
		case html.SelfClosingTagToken:
			if token := tokens.Token(); !hides(token.DataAtom) {
				page.open(token)
			}
		case html.EndTagToken:
			page.close(tokens.Token().DataAtom)
		}
	}
}

// sheet is the text so far.
type sheet struct {
	out     strings.Builder
	hidden  atom.Atom // within this element nothing is shown
	pre     int
	quotes  int
	breaks  int  // line ends that are due before the next word
	space   bool // a space is due
	started bool // something stands in the line
	link    string
	shown   int // where the link's words began
}

func hides(a atom.Atom) bool {
	return a == atom.Script || a == atom.Style || a == atom.Title || a == atom.Template
}

func (s *sheet) open(token html.Token) {
	if s.hidden != 0 {
		return
	}
	switch a := token.DataAtom; a {
	case atom.Script, atom.Style, atom.Title, atom.Template:
		s.hidden = a
	case atom.Br:
		s.breaks = min(s.breaks+1, 2)
	case atom.Hr:
		s.block(1)
	case atom.Pre:
		s.block(1)
		s.pre++
	case atom.Blockquote:
		s.block(1)
		s.quotes++
	case atom.Li:
		s.block(1)
		s.word("- ")
		s.space = false
	case atom.Td, atom.Th:
		s.space = s.started
	case atom.A:
		s.link, s.shown = "", s.out.Len()
		for _, attribute := range token.Attr {
			if attribute.Key == "href" {
				s.link = strings.TrimSpace(attribute.Val)
			}
		}
	default:
		s.block(blockOf(a))
	}
}

func (s *sheet) close(a atom.Atom) {
	if s.hidden != 0 {
		if s.hidden == a {
			s.hidden = 0
		}
		return
	}
	switch a {
	case atom.Pre:
		s.pre = max(s.pre-1, 0)
		s.block(1)
	case atom.Blockquote:
		s.quotes = max(s.quotes-1, 0)
		s.block(1)
	case atom.A:
		s.address()
	default:
		s.block(blockOf(a))
	}
}

// blockOf is how many line ends stand around an element.
func blockOf(a atom.Atom) int {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table, atom.Dl:
		return 2
	case atom.Div, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Dt, atom.Dd,
		atom.Center, atom.Form, atom.Figure, atom.Main, atom.Nav, atom.Aside, atom.Body:
		return 1
	}
	return 0
}

func (s *sheet) block(lines int) { s.breaks = max(s.breaks, lines) }

// address writes where a link leads, unless its words say so already: places are
// shared as links to maps.
func (s *sheet) address() {
	link := s.link
	s.link = ""
	if !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") && !strings.HasPrefix(link, "geo:") || len(link) > maxLink {
		return
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(link, "https://"), "http://"), "/")
	if strings.Contains(s.out.String()[s.shown:], bare) {
		return
	}
	s.space = s.started
	s.word("(" + link + ")")
}

func (s *sheet) write(text string) {
	if s.pre > 0 {
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				s.breaks++
			}
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				s.word(line)
			}
		}
		return
	}
	for text != "" {
		end := strings.IndexAny(text, " \t\r\n\f\u00a0")
		switch {
		case end == 0:
			s.space = true
			text = strings.TrimLeft(text, " \t\r\n\f\u00a0")
		case end < 0:
			s.word(text)
			return
		default:
			s.word(text[:end])
			text = text[end:]
		}
	}
}

// word writes what must stand before it, then the word.
func (s *sheet) word(word string) {
	if s.out.Len() == 0 {
		s.breaks = 0
		s.mark()
	}
	for ; s.breaks > 0; s.breaks-- {
		s.out.WriteByte('\n')
		s.mark()
		s.started = false
	}
	if s.space && s.started {
		s.out.WriteByte(' ')
	}
	s.space, s.started = false, true
	s.out.WriteString(word)
}

func (s *sheet) mark() {
	if s.quotes > 0 {
		s.out.WriteString(strings.Repeat(">", min(s.quotes, maxQuotes)) + " ")
	}
}

func (s *sheet) text() string { return strings.TrimRight(s.out.String(), "\n ") }

var metaCharset = regexp.MustCompile(`<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:.\-]+)`)

// charsetInHTML finds what a page itself says about its charset.
func charsetInHTML(body []byte) string {
	head := bytes.ToLower(body[:min(len(body), 2048)])
	if found := metaCharset.FindSubmatch(head); found != nil {
		return string(found[1])
	}
	return ""
}
