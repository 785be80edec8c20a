package email

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// guessBytes is how much of a text a guess is made from.
const guessBytes = 64 << 10

// guess reads text of which nothing true is known about its charset. A text can
// be of any; what it most looks like is taken.
func guess(body []byte) string {
	sample := body[:min(len(body), guessBytes)]
	best, most := encoding.Encoding(charmap.Windows1252), spelling(charmap.Windows1252, sample)
	for _, candidate := range []*charmap.Charmap{charmap.Windows1251, charmap.KOI8R, charmap.Windows1253, charmap.Windows1256} {
		if score := spelling(candidate, sample); score > most {
			best, most = candidate, score
		}
	}
	for _, candidate := range doubles() {
		if score := candidate.score(sample); score > most {
			best, most = candidate.encoding, score
		}
	}
	return inCharset(best, body)
}

// spelling says how much text looks spelt in a charset of single bytes, from -2
// to 1: letters stand beside letters of their own script, capitals begin words,
// and accented letters seldom follow each other.
func spelling(candidate *charmap.Charmap, sample []byte) float64 {
	score, seen := 0.0, 0
	before := ' '
	for _, c := range sample {
		r := candidate.DecodeByte(c)
		if c >= 0x80 {
			seen++
			switch {
			case r == utf8.RuneError || unicode.IsControl(r):
				score -= 2
			case !unicode.IsLetter(r):
				if unicode.IsLetter(before) {
					score--
				}
			case unicode.IsLetter(before) && latin(r) != latin(before):
				score -= 2
			case latin(r) && before >= 0x80 && unicode.IsLetter(before):
				score -= 0.5
			case unicode.IsUpper(r) && unicode.IsLower(before):
				score--
			default:
				score++
			}
		}
		before = r
	}
	return score / float64(max(seen, 1))
}

func latin(r rune) bool { return unicode.Is(unicode.Latin, r) }

// double is a charset of two bytes a character.
type double struct {
	encoding encoding.Encoding
	// common are characters that most of a text is made of.
	common func(lead, trail byte) bool
	// telling are those by which it differs from the others, and least the part of
	// them that a text has.
	telling func(lead, trail byte) bool
	least   float64
}

// doubles are in the order in which they win when a text could be either.
func doubles() []double {
	kana := func(lead, _ byte) bool { return lead == 0xa4 || lead == 0xa5 }
	hangul := func(lead, trail byte) bool { return trail >= 0xa1 && 0xb0 <= lead && lead <= 0xc8 }
	return []double{
		{japanese.EUCJP, func(lead, trail byte) bool { return kana(lead, trail) || 0xb0 <= lead && lead <= 0xcf || lead == 0xa1 }, kana, 0.15},
		{japanese.ShiftJIS, func(lead, _ byte) bool { return 0x81 <= lead && lead <= 0x83 || 0x88 <= lead && lead <= 0x97 },
			func(lead, _ byte) bool { return lead == 0x82 || lead == 0x83 }, 0.15},
		{korean.EUCKR, hangul, hangul, 0.85},
		{traditionalchinese.Big5, func(lead, _ byte) bool { return 0xa4 <= lead && lead <= 0xc6 || lead == 0xa1 },
			func(_, trail byte) bool { return trail < 0x80 }, 0.15},
		{simplifiedchinese.GB18030, func(lead, trail byte) bool { return trail >= 0xa1 && (0xb0 <= lead && lead <= 0xd7 || lead == 0xa3) },
			func(_, trail byte) bool { return trail >= 0xa1 }, 0.5},
	}
}

// score says how much of a text are common characters, 0 for what cannot be in
// this charset. Half of them is more than chance gives, and then it counts for
// more than any spelling.
func (d double) score(sample []byte) float64 {
	text, err := d.encoding.NewDecoder().Bytes(sample)
	if err != nil {
		return 0
	}
	broken := 0
	for _, r := range string(text) {
		if r == utf8.RuneError {
			broken++
		}
	}
	pairs, common, telling := 0, 0, 0
	for i := 0; i+1 < len(sample); i++ {
		if sample[i] < 0x80 {
			continue
		}
		pairs++
		if d.common(sample[i], sample[i+1]) {
			common++
		}
		if d.telling(sample[i], sample[i+1]) {
			telling++
		}
		i++
	}
	share := float64(common) / float64(max(pairs, 1))
	if pairs < 2 || broken*50 > pairs || share < 0.5 || float64(telling) < d.least*float64(pairs) {
		return 0
	}
	return 1 + share
}
