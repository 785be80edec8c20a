package gazetteer

import (
	"strings"

	"github.com/onyo-project/onyo/geo"
)

// shortCodes finds the short plus codes of a text, which are no names.
func shortCodes(text string) []geo.ShortPlusCode {
	if strings.IndexByte(text, '+') < 0 && !strings.Contains(text, "＋") {
		return nil
	}
	return geo.ShortPlusCodes(text)
}

// completed completes the short plus codes from the place named after them, else
// before them, else from where the text comes from.
func (f *finder) completed(mentions []mention, named [][]Candidate) []Candidate {
	var out []Candidate
	for _, code := range f.codes {
		at := -1
		for i, m := range mentions {
			if f.tokens[m.from].start >= code.Words.End {
				at = i
				break
			}
			at = i
		}
		switch {
		case at >= 0:
			out = append(out, f.complete(code, named[at])...)
			landmark(named[at], "it completes the plus code beside it")
		case f.near.Point != nil:
			p, uncertaintyM := code.Near(*f.near.Point)
			c := Candidate{Name: code.Words.Text, Point: p, UncertaintyM: uncertaintyM, Kind: KindTown, Method: MethodPlusCode,
				Words: code.Words, Score: 0.7, Why: "a short plus code, completed from where the text comes from"}
			f.lies(&c)
			out = append(out, c)
		}
	}
	return out
}

// complete reads the code near each place that the name may mean.
func (f *finder) complete(code geo.ShortPlusCode, named []Candidate) []Candidate {
	var out []Candidate
	for i, c := range named[:min(len(named), maxFrom)] {
		if i > 0 && named[0].Certain {
			break
		}
		from := c.Name
		c.Point, c.UncertaintyM = code.Near(c.Point)
		c.Words, c.Method, c.Name, c.Population = code.Words, MethodPlusCode, code.Words.Text+" "+c.Name, 0
		c.Why = "a short plus code, completed from " + from
		f.moved(&c)
		out = append(out, c)
	}
	return out
}
