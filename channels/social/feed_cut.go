package social

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// Limits on one document, before anything reads it in full.
const (
	feedDepth      = 64
	feedEntries    = 500
	feedEntryBytes = 128 << 10
	feedEntryParts = 2000 // tags and texts
	feedParts      = 200_000
	feedTagBytes   = 16 << 10
)

var errNoFeed = errors.New("what it serves is no RSS or Atom")

// cutting is what a document was divided into.
type cutting struct {
	// entries in the order in which they stand there, usually newest first: each a
	// small document of its own, in UTF-8, with the same namespaces.
	entries [][]byte
	// language of the whole feed, if it names one.
	language string
	// passed counts entries too large to be any.
	passed int
}

// cut divides a document into its entries. What stands behind something broken is
// lost, what stands before it is not.
func cut(document []byte) (cutting, error) {
	c := &cutter{text: readable(document)}
	c.decoder = xml.NewDecoder(bytes.NewReader(c.text))
	c.decoder.Strict = false
	c.decoder.Entity = xml.HTMLEntity
	c.decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil } // it is UTF-8 by now
	for n := 0; n < feedParts && len(c.entries) < feedEntries && c.next(); n++ {
	}
	if len(c.around) == 0 {
		return cutting{}, errNoFeed
	}
	return c.cutting, nil
}

// cutter walks the tags of a document and remembers where they stand.
type cutter struct {
	cutting
	text    []byte
	decoder *xml.Decoder
	depth   int
	// around are the open tags above the entries (rss and channel, RDF, feed), and
	// entry is at which depth they stand and what they are called.
	around []openTag
	entry  string
	at     int
	// begun is where the entry that is open began, or -1; parts counts what is in it.
	begun, parts int
}

type openTag struct {
	name   string
	source []byte
}

// next takes one token; it says false at the end and where it cannot go on.
func (c *cutter) next() bool {
	start := int(c.decoder.InputOffset())
	token, err := c.decoder.RawToken()
	if err != nil {
		return false
	}
	end := int(c.decoder.InputOffset())
	c.parts++
	switch tag := token.(type) {
	case xml.StartElement:
		c.depth++
		return c.depth <= feedDepth && end-start <= feedTagBytes && c.open(tag, start, end)
	case xml.EndElement:
		if c.depth == c.at && c.begun >= 0 {
			c.keep(end)
		}
		if c.depth--; c.depth < len(c.around) {
			return false // the feed is over
		}
	}
	return true
}

func (c *cutter) open(tag xml.StartElement, start, end int) bool {
	local := tag.Name.Local
	switch {
	case c.depth == 1:
		switch strings.ToLower(local) {
		case "rss":
			c.entry, c.at = "item", 3
		case "rdf":
			c.entry, c.at = "item", 2
		case "feed":
			c.entry, c.at = "entry", 2
		default:
			return false
		}
		c.begun = -1
		c.enclose(tag, start, end)
		for _, attribute := range tag.Attr {
			if attribute.Name.Space == "xml" && attribute.Name.Local == "lang" {
				c.language = attribute.Value
			}
		}
	case c.depth == 2 && c.at == 3 && local == "channel":
		c.around = c.around[:1]
		c.enclose(tag, start, end)
	case c.depth == c.at && local == c.entry && len(c.around) == c.at-1:
		c.begun, c.parts = start, 0
	case local == "language" && c.begun < 0 && c.language == "":
		rest := c.text[end:min(end+20, len(c.text))]
		value, _, _ := bytes.Cut(rest, []byte("<"))
		c.language = strings.TrimSpace(string(value))
	}
	return true
}

func (c *cutter) enclose(tag xml.StartElement, start, end int) {
	name := tag.Name.Local
	if tag.Name.Space != "" {
		name = tag.Name.Space + ":" + name
	}
	c.around = append(c.around, openTag{name, c.text[start:end]})
}

// keep makes the small document of the entry that ends here.
func (c *cutter) keep(end int) {
	source := c.text[c.begun:end]
	c.begun = -1
	if len(source) > feedEntryBytes || c.parts > feedEntryParts {
		c.passed++
		return
	}
	var whole bytes.Buffer
	for _, tag := range c.around {
		whole.Write(tag.source)
	}
	whole.Write(source)
	for i := len(c.around) - 1; i >= 0; i-- {
		whole.WriteString("</" + c.around[i].name + ">")
	}
	c.entries = append(c.entries, whole.Bytes())
}

// declared finds the encoding that an XML declaration names.
func declared(document []byte) string {
	head := strings.ToLower(string(document[:min(len(document), 200)]))
	head, _, _ = strings.Cut(head, "?>")
	_, after, found := strings.Cut(head, "encoding")
	if !found || !strings.HasPrefix(strings.TrimSpace(head), "<?xml") {
		return ""
	}
	after = strings.TrimLeft(after, " \t\r\n=")
	if after == "" || after[0] != '"' && after[0] != '\'' {
		return ""
	}
	label, _, _ := strings.Cut(after[1:], after[:1])
	return label
}

// readable is the document in UTF-8, without what XML forbids. Of a document that
// is not what it says it is, what can be read is kept.
func readable(document []byte) []byte {
	label := declared(document)
	switch {
	case bytes.HasPrefix(document, []byte("\xfe\xff")), bytes.HasPrefix(document, []byte("\x00<")):
		label = "utf-16be"
	case bytes.HasPrefix(document, []byte("\xff\xfe")), bytes.HasPrefix(document, []byte("<\x00")):
		label = "utf-16le"
	case label == "" || strings.HasPrefix(label, "utf-16") || utf8.Valid(document) && !strings.HasPrefix(label, "iso-2022"):
		label = "utf-8"
	}
	if label != "utf-8" {
		if reader, err := charset.NewReaderLabel(label, bytes.NewReader(document)); err == nil {
			// A byte becomes at most three.
			if converted, err := io.ReadAll(io.LimitReader(reader, 3*feedBytes)); err == nil {
				document = converted
			}
		}
	}
	document = whileTagsEnd(bytes.TrimPrefix(document, []byte("\ufeff")))
	return bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r // what is not UTF-8 has become U+FFFD
	}, document)
}

// whileTagsEnd is the document up to a tag that has no end within reason: nothing
// else bounds how many attributes a tag may have.
func whileTagsEnd(document []byte) []byte {
	shut := -1 // the next end of a tag
	for at := 0; ; at++ {
		open := bytes.IndexByte(document[at:], '<')
		if open < 0 {
			return document
		}
		at += open
		if shut < at {
			shut = len(document)
			if found := bytes.IndexByte(document[at:], '>'); found >= 0 {
				shut = at + found
			}
		}
		if shut-at > feedTagBytes && !bytes.HasPrefix(document[at:], []byte("<!")) {
			return document[:at]
		}
	}
}
