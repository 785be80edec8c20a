package alike

import "strings"

// latin writes a folded word in Latin letters, roughly and the same each time:
// enough to recognise a name or a borrowed word, not to read by. Scripts that are
// not here stay as they are.
func latin(word string) string {
	if plain(word) {
		return word
	}
	var out strings.Builder
	for _, r := range word {
		if written, known := letter(r); known {
			out.WriteString(written)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// The letters of a script in the order of Unicode from its first one on, each
// written in Latin; "-" is not written, "." is no letter of it.
const (
	cyrillicFrom = 'а'
	cyrillic     = "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh sh - y - e yu ya e e d g e s i i y l n ch k i u dz"
	greekFrom    = 'α'
	greek        = "a v g d e z i th i k l m n x o p r s s t y f kh ps o i y"
	arabicFrom   = 'ء'
	arabic       = "- a a u i i a b h t th j h kh d dh r z s sh s d t z a gh . . . . . - f q k l m n h w i y"
	nagariFrom   = 'अ'
	nagari       = "a a i i u u r l e e e e o o o au k kh g gh n ch ch j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h . . - - a i i u u r r e e e e o o o au -"
)

func letter(r rune) (string, bool) {
	for _, script := range [...]struct {
		from    rune
		letters string
	}{{cyrillicFrom, cyrillic}, {greekFrom, greek}, {arabicFrom, arabic}, {nagariFrom, nagari}} {
		if at := int(r - script.from); at >= 0 {
			if written, ok := field(script.letters, at); ok {
				return written, true
			}
		}
	}
	switch r {
	case 'ґ':
		return "g", true
	case 'پ':
		return "p", true
	case 'چ':
		return "ch", true
	case 'گ':
		return "g", true
	case 'ک':
		return "k", true
	case 'ی':
		return "y", true
	case 'ँ', 'ं':
		return "n", true
	case 'ः':
		return "h", true
	}
	return "", false
}

// field is the nth of words parted by one space.
func field(words string, n int) (string, bool) {
	for ; n > 0; n-- {
		_, rest, ok := strings.Cut(words, " ")
		if !ok {
			return "", false
		}
		words = rest
	}
	word, _, _ := strings.Cut(words, " ")
	if word == "-" {
		return "", true
	}
	return word, word != "."
}

// bones are the consonants of a word in Latin letters, those that are often
// written for one another made one: what is left of a word in every spelling of
// every script.
func bones(word string) string {
	out := make([]byte, 0, len(word))
	for i := range len(word) {
		c := word[i]
		switch c {
		case 'a', 'e', 'i', 'o', 'u', 'y', 'w', 'h':
			continue
		case 'q', 'c':
			c = 'k'
		case 'v', 'p':
			c = 'b'
		case 'z':
			c = 's'
		case 'j':
			c = 'g'
		}
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	return string(out)
}
