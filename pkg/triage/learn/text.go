package learn

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

const (
	// bucketBits is how many bits of a feature's hash name its weight. With 2^16
	// the figures are those of 2^18, at a quarter of the memory.
	bucketBits = 16
	buckets    = 1 << bucketBits
	// maxWords of a text are looked at, and maxLetters of a word: a report is far
	// shorter, and nothing may make one text cost as much as a thousand.
	maxWords   = 300
	maxLetters = 24
	// markWeight is what a mark ("it asks", "it links") weighs against all words
	// together.
	markWeight = 0.3
)

// Text is what of a text is learned from: its words and pairs of words, the runs
// of letters in them, and a few marks that need no language. It never changes.
type Text struct {
	words    []word
	features []feature
}

type word struct {
	start, end int
	text       string // as it stands there
	hash       uint64
	again      bool // it stood before
}

// feature is a weight that this text uses. Words, runs and marks share one table;
// a collision of two is halved by the sign, which each hash brings along.
type feature struct {
	bucket uint32
	value  float32
	word   int16 // the word it belongs to; -1 for the text as a whole
}

// Read takes a text apart. Links and names of accounts are marks, not words:
// each is new, and nothing learned of one would hold for the next.
func Read(text string) *Text {
	plain, links, accounts := blanked(text)
	tokens := lexicon.Tokens(plain)
	tokens = tokens[:min(len(tokens), maxWords)]
	t := &Text{words: make([]word, len(tokens))}
	var words, runs []feature
	numbers, before := false, uint64(0)
	for i, token := range tokens {
		folded := token.Text
		if isNumber(folded) {
			folded, numbers = "0", true // that there is a number says more than which
		}
		hash := hashed('w', folded)
		again := slices.ContainsFunc(t.words[:i], func(before word) bool { return before.hash == hash })
		t.words[i] = word{token.Start, token.End, text[token.Start:token.End], hash, again}
		words = append(words, featureOf(hash, i))
		if i > 0 {
			words = append(words, featureOf(before*31+hash, i))
		}
		before = hash
		runs = appendRuns(runs, folded, i)
	}
	var marks []feature
	mark := func(is bool, name string) {
		if is {
			marks = append(marks, featureOf(hashed('#', name), -1))
		}
	}
	mark(links, "links")
	mark(accounts, "accounts")
	mark(numbers, "numbers")
	mark(len(tokens) < 6, "short")
	mark(len(tokens) > 14, "long")
	mark(strings.ContainsAny(text, "?؟"), "asks")
	mark(strings.ContainsRune(text, '!'), "exclaims")
	t.features = slices.Concat(weighed(words, 1), weighed(runs, 1), marks)
	for i := len(t.features) - len(marks); i < len(t.features); i++ {
		t.features[i].value *= markWeight
	}
	return t
}

// appendRuns adds the runs of three to five letters of a word, of two to four in
// scripts that put no spaces between words. They carry over endings, compounds
// and misspellings.
func appendRuns(runs []feature, folded string, at int) []feature {
	letters := append(append([]rune{'_'}, []rune(folded)...), '_')
	letters = letters[:min(len(letters), maxLetters)]
	shortest := 3
	if r, _ := utf8.DecodeRuneInString(folded); unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
		shortest = 2
	}
	for start := range letters {
		hash := hashed('c', "")
		for n := 1; n <= shortest+2 && start+n <= len(letters); n++ {
			hash = (hash ^ uint64(letters[start+n-1])) * prime
			if n >= shortest {
				runs = append(runs, featureOf(mixed(hash), at))
			}
		}
	}
	return runs
}

// weighed leaves each feature once and gives all together the length norm.
func weighed(features []feature, norm float64) []feature {
	slices.SortStableFunc(features, func(a, b feature) int { return int(a.bucket) - int(b.bucket) })
	features = slices.CompactFunc(features, func(a, b feature) bool { return a.bucket == b.bucket })
	value := float32(norm / math.Sqrt(float64(max(1, len(features)))))
	for i := range features {
		features[i].value *= value
	}
	return features
}

func featureOf(hash uint64, at int) feature {
	value := float32(1)
	if hash>>63 == 1 {
		value = -1
	}
	return feature{bucket: uint32(hash & (buckets - 1)), value: value, word: int16(at)}
}

const prime = 1099511628211

// hashed is FNV-1a over a kind and a text, mixed so that all its bits count.
func hashed(kind byte, text string) uint64 {
	hash := (uint64(14695981039346656037) ^ uint64(kind)) * prime
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * prime
	}
	return mixed(hash)
}

func mixed(hash uint64) uint64 {
	hash = (hash ^ hash>>31) * 0x9e3779b97f4a7c15
	return hash ^ hash>>29
}

func isNumber(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

// blanked is the text with links and names of accounts blanked out, byte for
// byte as long.
func blanked(text string) (plain string, links, accounts bool) {
	if !strings.ContainsAny(text, "@:") {
		return text, false, false
	}
	out := []byte(text)
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] > ' ' {
			end++
		}
		part := text[start:end]
		at := strings.IndexByte(part, '@')
		switch {
		case strings.Contains(part, "://"), strings.HasPrefix(part, "www."):
			links = true
			at = 0
		case at >= 0:
			accounts = true
		}
		if at >= 0 {
			for i := start + at; i < end; i++ {
				out[i] = ' '
			}
		}
		start = end + 1
	}
	return string(out), links, accounts
}
