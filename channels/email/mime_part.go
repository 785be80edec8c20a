package email

import (
	"bytes"
	"net/textproto"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

const (
	// maxText is how long the text of a message may be.
	maxText = 256 << 10
	// maxWords is how much of one part is read for its text.
	maxWords = 4 << 20
)

// part is one node of a mail's tree.
type part struct {
	header textproto.MIMEHeader
	body   []byte // still encoded
	kind   string // media type, lower case
	params map[string]string
	depth  int
}

// words are what a part says.
type words struct {
	text string
	html bool
}

// walker takes a mail apart, within limits.
type walker struct {
	letter    letter
	parts     int
	attached  []words // texts among the attachments
	reporting bool    // within a report about another mail
}

// readMail takes a mail apart. It never fails: what cannot be read as mail is
// text.
func readMail(raw []byte) letter {
	raw = bytes.TrimLeft(raw, "\r\n")
	header, body := cutHeader(raw, ofMail)
	w := walker{letter: letter{header: header}}
	said := w.walk(newPart(header, body, "text/plain", 0))
	if blank(said.text) && len(w.attached) > 0 {
		said = joinWords(w.attached)
	}
	w.letter.text = said.text
	return w.letter
}

// newPart reads what a part says about itself; a missing or unreadable type is
// the one that its surroundings give.
func newPart(header textproto.MIMEHeader, body []byte, otherwise string, depth int) part {
	p := part{header: header, body: body, depth: depth}
	stated := header.Get("Content-Type")
	p.kind, p.params = parameters(stated)
	switch family, kind, _ := strings.Cut(p.kind, "/"); {
	case strings.Contains(strings.ToLower(stated), "<html"):
		p.kind = "text/html"
	case family == "text" && kind == "":
		p.kind = "text/plain"
	case family == "" || kind == "":
		p.kind = otherwise
	}
	return p
}

// walk is what a part says; what it carries is added to the letter.
func (w *walker) walk(p part) words {
	w.parts++
	if w.parts > maxParts || p.depth > maxDepth {
		w.leave("parts")
		return words{}
	}
	switch {
	case strings.HasPrefix(p.kind, "multipart/"):
		return w.several(p)
	case p.kind == "message/rfc822" || p.kind == "message/global":
		return w.enclosed(p)
	case p.kind == "message/delivery-status" || p.kind == "message/global-delivery-status" || p.kind == "message/disposition-notification":
		w.status(p)
	case p.kind == "text/rfc822-headers":
		w.original(p.decoded())
	case strings.HasPrefix(p.kind, "text/") && !w.isFile(p):
		return p.words()
	default:
		w.file(p)
	}
	return words{}
}

func (p part) decoded() []byte {
	return decodeTransfer(p.header.Get("Content-Transfer-Encoding"), p.body)
}

// words are a text part's, decoded, HTML and flowed lines made plain.
func (p part) words() words {
	body, charset := p.decoded(), p.params["charset"]
	body = body[:min(len(body), maxWords)]
	if p.kind == "text/html" {
		if charset == "" {
			charset = charsetInHTML(body)
		}
		return words{channels.Clean(htmlText(decodeCharset(charset, body))), true}
	}
	text := newlines(decodeCharset(charset, body))
	if strings.EqualFold(p.params["format"], "flowed") {
		text = unflowed(text, strings.EqualFold(p.params["delsp"], "yes"))
	}
	return words{strings.Trim(text, "\n"), false}
}

func newlines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// several is what a multipart says: of alternatives the plain ones, else all.
func (w *walker) several(p part) words {
	children := p.children()
	if children == nil { // no boundary, or none of them in it
		if p.kind = "text/plain"; blank(string(p.body)) {
			return words{}
		}
		return p.words()
	}
	if p.kind == "multipart/encrypted" {
		w.leave("encrypted")
	}
	outside := w.reporting
	w.reporting = outside || p.kind == "multipart/report"
	defer func() { w.reporting = outside }()
	if p.kind == "multipart/report" && w.letter.report == nil {
		w.letter.report = &deliveryReport{}
	}
	var said []words
	for _, child := range children {
		if one := w.walk(child); !blank(one.text) || len(children) == 1 {
			said = append(said, one)
		}
	}
	if p.kind == "multipart/alternative" {
		if plain := slices.DeleteFunc(slices.Clone(said), func(one words) bool { return one.html }); len(plain) > 0 {
			said = plain
		}
		said = slices.CompactFunc(said, func(a, b words) bool { return a.text == b.text })
	}
	return joinWords(said)
}

func joinWords(said []words) words {
	texts := make([]string, len(said))
	html := len(said) > 0
	for i, one := range said {
		texts[i], html = one.text, html && one.html
	}
	return words{strings.Join(texts, "\n\n"), html}
}

// children cuts a multipart at its boundary, or at one that it seems to have had
// in mind; nil where there is none. What follows its end is taken too when it
// begins like another part: some programs use one boundary twice.
func (p part) children() []part {
	boundary := strings.TrimRight(p.params["boundary"], " \t")
	if found := p.cutAt(boundary); found != nil {
		return found
	}
	return p.cutAt(boundaryOf(p.body))
}

func (p part) cutAt(boundary string) (found []part) {
	if boundary == "" || len(boundary) > 1000 {
		return nil
	}
	start := -1
	add := func(end int) {
		if start >= 0 && len(found) <= maxParts {
			found = append(found, p.child(trimLineEnd(p.body[start:end])))
		}
	}
	for at := 0; at < len(p.body); {
		line, rest := cutLine(p.body[at:])
		next := len(p.body) - len(rest)
		if delimits, last := delimiter(line, boundary); delimits {
			add(at)
			if start = next; last {
				start = -1
			}
			if found == nil {
				found = []part{}
			}
		}
		at = next
	}
	add(len(p.body))
	return found
}

// child reads one part; an empty line at its start is a header with nothing in
// it.
func (p part) child(raw []byte) part {
	otherwise := "text/plain"
	if p.kind == "multipart/digest" {
		otherwise = "message/rfc822"
	}
	if bytes.HasPrefix(raw, []byte("\n")) || bytes.HasPrefix(raw, []byte("\r\n")) {
		_, body := cutLine(raw)
		return newPart(textproto.MIMEHeader{}, body, otherwise, p.depth+1)
	}
	header, body := cutHeader(raw, ofPart)
	return newPart(header, body, otherwise, p.depth+1)
}

// delimiter says whether a line is "--boundary" or "--boundary--".
func delimiter(line []byte, boundary string) (delimits, last bool) {
	rest, ok := bytes.CutPrefix(line, []byte("--"))
	if !ok {
		return false, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(boundary)); !ok {
		return false, false
	}
	rest = bytes.TrimRight(rest, " \t\r")
	rest, last = bytes.CutPrefix(rest, []byte("--"))
	return len(rest) == 0 || last, last
}

// boundaryOf guesses the boundary that a header forgot: the first line "--…"
// under which a part's header begins.
func boundaryOf(body []byte) string {
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if len(line) > 4 && bytes.HasPrefix(line, []byte("--")) && bytes.HasPrefix(bytes.ToLower(rest[:min(len(rest), 8)]), []byte("content-")) {
			return string(line[2:])
		}
	}
	return ""
}

// trimLineEnd takes off the one line end that belongs to the boundary.
func trimLineEnd(body []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r"))
}

// enclosed is what a mail within a mail says: passed on, it is what the sender
// wants to be read. Within a report it is the mail that the report is about.
func (w *walker) enclosed(p part) words {
	raw := bytes.TrimLeft(p.decoded(), "\r\n")
	if w.reporting {
		w.original(raw)
		return words{}
	}
	header, body := cutHeader(raw, ofMail)
	inner := w.walk(newPart(header, body, "text/plain", p.depth+1))
	inner.text = withSubject(decodeField(header.Get("Subject")), inner.text)
	return inner
}

func (w *walker) leave(what string) {
	if !slices.Contains(w.letter.left, what) {
		w.letter.left = append(w.letter.left, what)
	}
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// unflowed joins lines that were broken only to fit (RFC 3676).
func unflowed(text string, deleteSpace bool) string {
	var out strings.Builder
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		depth := len(line) - len(strings.TrimLeft(line, ">"))
		content := strings.TrimPrefix(line[depth:], " ")
		flows := strings.HasSuffix(content, " ") && content != "-- "
		if i > 0 && joins(lines[i-1], depth) && content != "-- " {
			line = content
		} else {
			if i > 0 {
				out.WriteByte('\n')
			}
			if depth == 0 {
				line = content // a space was stuffed in front
			}
		}
		if flows && deleteSpace {
			line = strings.TrimSuffix(line, " ")
		}
		out.WriteString(line)
	}
	return out.String()
}

// joins says whether a line flows into one of the same depth of quotation.
func joins(line string, depth int) bool {
	own := len(line) - len(strings.TrimLeft(line, ">"))
	content := strings.TrimPrefix(line[own:], " ")
	return own == depth && strings.HasSuffix(content, " ") && content != "-- "
}
