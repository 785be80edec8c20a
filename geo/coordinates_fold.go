package geo

import (
	"unicode"
	"unicode/utf8"
)

// folded is a text in which look-alike signs are one sign, with the byte
// offset in the original of every byte of its own and of its end.
type folded struct {
	s  string
	at []int
}

// foldText turns the digits of all scripts into ASCII and gathers the many
// minus, prime, degree and comma signs that keyboards and phones produce.
func foldText(text string) folded {
	out := make([]byte, 0, len(text))
	at := make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			r = ' ' // invalid UTF-8 separates, like any other sign
		}
		before := len(out)
		out = utf8.AppendRune(out, foldRune(r))
		for range out[before:] {
			at = append(at, i)
		}
		i += size
	}
	return folded{s: string(out), at: append(at, len(text))}
}

func foldRune(r rune) rune {
	if r < 0x80 {
		return r
	}
	switch r {
	case '−', '‐', '‑', '–', '﹣', '－':
		return '-'
	case '′', '’', '‘', 'ʹ', '´', '＇', 'ʼ':
		return '\''
	case '″', '”', '“', 'ʺ', '＂':
		return '"'
	case 'º', '˚', '⁰', '∘':
		return '°'
	case '，', '、', '،':
		return ','
	case '；', '؛':
		return ';'
	case '：':
		return ':'
	case '．', '٫':
		return '.'
	case '（':
		return '('
	case '）':
		return ')'
	case '＋':
		return '+'
	}
	if unicode.IsSpace(r) || r == '\u200e' || r == '\u200f' || r == '\u2066' || r == '\u2069' {
		return ' '
	}
	if unicode.Is(unicode.Nd, r) {
		return '0' + digitValue(r)
	}
	return r
}

// digitValue: every script keeps its ten digits together, zero first, at a
// code point after a non-digit.
func digitValue(r rune) rune {
	start := r
	for r-start < 9 && unicode.Is(unicode.Nd, start-1) {
		start--
	}
	return (r - start) % 10
}
