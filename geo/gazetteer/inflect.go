package gazetteer

import "strings"

// withoutPrefix takes off the letters that Arabic writes together with a word:
// and, in, to, from, like, with or without the article.
func (f *finder) withoutPrefix(i int) []hit {
	t := f.tokens[i]
	for _, prefix := range [...]string{"وبال", "بال", "وال", "كال", "فال", "لل", "ب", "و", "ل", "ف", "ك"} {
		if rest, ok := strings.CutPrefix(t.fold, prefix); ok && len(rest) >= 6 && !isCommon(rest) {
			if hits := f.inflected(t, canonical(rest)); len(hits) > 0 {
				return hits
			}
		}
	}
	return nil
}

// cyrillicEndings are what the cases of Ukrainian and Russian put at the end of
// a town's name, and what stands there in the nominative, folded: і for ї, и for
// й.
func cyrillicEndings() [][2]string {
	return [][2]string{
		{"єва", "ів"}, {"єві", "ів"}, {"єву", "ів"}, {"євом", "ів"}, {"ієві", "ів"},
		{"ова", "ів"}, {"ові", "ів"}, {"ову", "ів"}, {"овом", "ів"}, {"ева", "ев"}, {"еве", "ев"},
		{"ою", "а"}, {"еи", "я"}, {"ои", "а"}, {"ом", ""}, {"ем", ""}, {"і", "а"}, {"и", "а"}, {"ы", "а"}, {"у", "а"}, {"е", "а"},
		{"а", ""}, {"у", ""}, {"і", ""}, {"е", ""}, {"я", "ь"}, {"ю", "ь"}, {"і", "ь"}, {"и", "ь"}, {"і", "я"}, {"ії", "ія"}, {"ю", "я"},
	}
}

// withoutEnding puts an inflected name into the nominative: Києва, в Одесі.
func (f *finder) withoutEnding(i int) []hit {
	t := f.tokens[i]
	if stem, ok := strings.CutSuffix(t.fold, "ni"); ok && t.upper && len(stem) >= 5 {
		return f.inflected(t, stem) // Swahili: Nairobini
	}
	if !t.upper || len(t.fold) < 8 || t.fold[0] < 0xd0 || t.fold[0] > 0xd3 {
		return nil
	}
	for _, ending := range cyrillicEndings() {
		if stem, ok := strings.CutSuffix(t.fold, ending[0]); ok && len(stem) >= 4 && !isCommon(stem+ending[1]) {
			if hits := f.inflected(t, stem+ending[1]); len(hits) > 0 {
				return hits
			}
		}
	}
	return nil
}

// inflected looks another form of a word up: more doubtful than as it stands,
// so far away only great cities count.
func (f *finder) inflected(t token, form string) []hit {
	t.fold = form
	words := []token{t}
	f.key = joinKey(f.key[:0], words)
	var hits []hit
	for _, h := range f.keep(f.collect(hashKey(f.key), MethodName), words, hintNone) {
		if h.form != formShort && (h.layer == f.local || f.inside(h) > 0 || h.entry().population >= 500_000 || h.entry().kind == KindCountry) {
			hits = append(hits, h)
		}
	}
	return hits
}
