package lexicon

import (
	"cmp"
	"slices"
)

// Hit is one term found in a text: byte offsets into it, end exclusive.
type Hit struct {
	Key        string
	Language   string
	Start, End int
	Text       string // as it stands there
	Weight     float64
}

// Finding is what the hits of one key come to. Score is the sum of their
// weights, each distinct term counted once; from 1 on it is worth acting on.
type Finding struct {
	Key   string
	Score float64
	Hits  []Hit
}

// Certain says whether the words are enough to go by until a person looks.
func (f Finding) Certain() bool { return f.Score >= 1 }

// Reading is all that the words of a text say.
type Reading struct {
	// Findings by score, the strongest first; keys with "!" are among them.
	Findings []Finding
	// Language is the known one if there are terms in it, else the one whose
	// terms carried most, else "".
	Language string
	Words    int
}

// Find is the finding of one key; its Score is 0 where there is none.
func (r Reading) Find(key string) Finding {
	for _, finding := range r.Findings {
		if finding.Key == key {
			return finding
		}
	}
	return Finding{Key: key}
}

// Categories are the findings that are categories.
func (r Reading) Categories() []Finding {
	var categories []Finding
	for _, finding := range r.Findings {
		if finding.Key[0] != '!' {
			categories = append(categories, finding)
		}
	}
	return categories
}

// Read finds the terms in a text. Language is what it is known to be written
// in, or "". Words of another language than that, or where it is not known than
// the one that most of them belong to, count half: "moto" is fire in Swahili and a motorcycle in French.
func (l *Lexicon) Read(text, language string) Reading {
	words := tokens(text)
	reading := Reading{Words: len(words)}
	hits, denials := l.hits(text, words)
	hits = slices.DeleteFunc(hits, func(h found) bool { return denied(h, denials, words) })
	reading.Language = carrying(hits)
	if l.languages[language] {
		reading.Language = language
	}
	reading.Findings = add(hits, reading.Language)
	return reading
}

// found is a hit and where its words stand.
type found struct {
	Hit
	first, last int // tokens, last exclusive
}

// hits finds every term; of two of one key that overlap the longer counts.
func (l *Lexicon) hits(text string, words []token) (hits, denials []found) {
	covered := map[string]int{} // key to the token up to which it is covered
	for at := range words {
		for _, start := range [2]string{words[at].text, bare(words[at].text)} {
			l.startingWith(start, func(one term) {
				end := one.spans(start, words, at)
				if end == 0 {
					return
				}
				hit := found{first: at, last: end, Hit: Hit{Key: one.key, Language: one.language, Weight: one.weight,
					Start: words[at].start, End: words[end-1].end, Text: text[words[at].start:words[end-1].end]}}
				if one.key == negation {
					denials = append(denials, hit)
				} else if covered[one.key+one.language] <= at {
					covered[one.key+one.language] = end
					hits = append(hits, hit)
				}
			})
			if start == bare(start) {
				break
			}
		}
	}
	return hits, denials
}

// spans is the token after the term if it stands at this place, else 0.
func (t term) spans(first string, words []token, at int) int {
	if at+len(t.words) > len(words) || !t.words[0].fits(first) {
		return 0
	}
	for i, w := range t.words[1:] {
		next := words[at+1+i]
		if next.after || !w.fits(next.text) && !w.fits(bare(next.text)) {
			return 0
		}
	}
	return at + len(t.words)
}

// denied says whether a word that denies, of the same language, stands at most
// one word before the hit in the same sentence: "no flood", "not yet flooded".
func denied(hit found, denials []found, words []token) bool {
	for _, denial := range denials {
		if denial.Language != hit.Language || denial.last > hit.first || hit.first-denial.last > 1 {
			continue
		}
		broken := false
		for i := denial.last; i <= hit.first; i++ {
			broken = broken || words[i].after
		}
		if !broken {
			return true
		}
	}
	return false
}

// carrying is the language to which most weight belongs.
func carrying(hits []found) string {
	weight := map[string]float64{}
	for _, hit := range hits {
		weight[hit.Language] += hit.Weight * float64(hit.last-hit.first)
	}
	best := ""
	for language, sum := range weight {
		if best == "" || sum > weight[best] || sum == weight[best] && before(language, best) {
			best = language
		}
	}
	return best
}

// before decides ties: English, then by name.
func before(a, b string) bool { return a == "en" || b != "en" && a < b }

func add(hits []found, language string) []Finding {
	byKey := map[string]*Finding{}
	counted := map[string]bool{}
	for _, hit := range hits {
		finding := byKey[hit.Key]
		if finding == nil {
			finding = &Finding{Key: hit.Key}
			byKey[hit.Key] = finding
		}
		if hit.Language != language {
			hit.Weight /= 2
		}
		// The same spot read in two languages, or the same word again, proves
		// nothing more.
		spot := hit.Key + "\x00" + Fold(hit.Text)
		if counted[spot] {
			if i := slices.IndexFunc(finding.Hits, func(h Hit) bool { return Fold(h.Text) == Fold(hit.Text) }); i >= 0 && hit.Weight > finding.Hits[i].Weight {
				finding.Score += hit.Weight - finding.Hits[i].Weight
				finding.Hits[i] = hit.Hit
			}
			continue
		}
		counted[spot] = true
		finding.Score += hit.Weight
		finding.Hits = append(finding.Hits, hit.Hit)
	}
	findings := make([]Finding, 0, len(byKey))
	for _, finding := range byKey {
		slices.SortFunc(finding.Hits, func(a, b Hit) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
		findings = append(findings, *finding)
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Hits[0].Start, b.Hits[0].Start), cmp.Compare(a.Key, b.Key))
	})
	return findings
}
