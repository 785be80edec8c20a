package social

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/onyo-project/onyo/channels"
)

// plain is the text of a piece of HTML as a reader would see it: paragraphs and
// breaks become lines, links keep their words, scripts and styles go. Mastodon
// hides the ends of long links in spans; a reader who copies them gets all, and so
// do we.
func plain(source string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(source))
	tokens.SetMaxBuf(1 << 20)
	hidden := atom.Atom(0) // inside of which nothing is text
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return lines(channels.Clean(out.String()))
		}
		switch kind {
		case html.TextToken:
			if hidden == 0 {
				out.WriteString(strings.Map(space, string(tokens.Text())))
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			tag := atom.Lookup(name)
			switch {
			case hidden != 0:
				if kind == html.EndTagToken && tag == hidden {
					hidden = 0
				}
			case kind == html.StartTagToken && unread(tag):
				hidden = tag
			default:
				out.WriteString(gap(tag, kind == html.EndTagToken))
			}
		}
	}
}

// space makes the white space of HTML source a plain space: where lines end is for
// tags to say.
func space(r rune) rune {
	if r == '\n' || r == '\r' || r == '\t' || r == '\f' {
		return ' '
	}
	return r
}

func unread(tag atom.Atom) bool {
	return tag == atom.Script || tag == atom.Style || tag == atom.Template || tag == atom.Title
}

// gap is what a tag puts between what stands before and after it.
func gap(tag atom.Atom, end bool) string {
	switch tag {
	case atom.Br, atom.Li, atom.Tr, atom.Dt, atom.Dd, atom.Hr:
		if !end {
			return "\n"
		}
	case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4,
		atom.H5, atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer:
		return "\n\n"
	case atom.Td, atom.Th:
		return " "
	}
	return ""
}

// lines trims every line, folds runs of spaces, and keeps at most one empty line
// between two others.
func lines(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Join(strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\r' || r == '\t' }), " ")
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}
