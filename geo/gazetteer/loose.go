package gazetteer

import "slices"

// maxParts is how many places may share a word for it to stand for one of them.
const maxParts = 4

// inTag looks for the name in a hashtag that says more: #nairobifloods,
// #PrayForAmatrice2016.
func (f *finder) inTag(i int) []hit {
	t := f.tokens[i]
	if !t.tag && len(f.tokens) > 1 || len(t.fold) > 60 {
		return nil
	}
	name, ok := withoutAffix(t.fold)
	if !ok || isCommon(name) {
		return nil
	}
	return slices.DeleteFunc(f.collect(hashKey([]byte(name)), MethodName), func(h hit) bool {
		e := h.entry()
		return h.form >= formBare || h.layer != f.local && f.inside(h) == 0 && e.population < 200_000 && e.kind != KindCountry
	})
}

// parts looks for longer names that begin or end with a word ("Arquata" for
// Arquata del Tronto): within the text's area alone, and only if few places
// share it. A country's name may be cut short anywhere.
func (f *finder) parts(i int) []hit {
	w := f.tokens[i]
	whole := len(f.tokens) == 1
	if w.segment || w.cased && !w.upper || isCommon(w.fold) || runes(f.tokens[i:i+1]) < partLeastIn(w) {
		return nil
	}
	if !whole && (w.opens || f.shouting || !f.lone(i, i+1)) {
		return nil
	}
	hits := slices.DeleteFunc(f.all(hashKey([]byte(w.fold)), MethodPart), func(h hit) bool { return h.form != formPart })
	countries := slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.entry().kind != KindCountry })
	if len(countries) == 1 {
		return countries
	}
	hits = slices.DeleteFunc(hits, func(h hit) bool { return h.layer != f.local && f.inside(h) == 0 })
	if len(hits) > maxParts {
		return nil
	}
	return hits
}

// partsNearby adds the parts of names of the text's own area where the exact
// name is known from elsewhere only.
func (f *finder) partsNearby(hits []hit, i, n int) []hit {
	if n > 1 || !f.hasBias() || slices.ContainsFunc(hits, func(h hit) bool {
		return h.layer == f.local || f.inside(h) > 0 || h.entry().kind == KindCountry || h.entry().population >= 100_000
	}) {
		return nil
	}
	return slices.DeleteFunc(f.parts(i), func(h hit) bool { return h.entry().kind == KindCountry })
}

// stateAfter reads the letters of an area behind the name of a place in it:
// "Ellicott City, MD". The place then lies there.
func (f *finder) stateAfter(i int, before mention) (mention, bool) {
	t := f.tokens[i]
	if before.to != i || !t.caps || t.end-f.tokens[i-1].end > len(t.fold)+2 {
		return mention{}, false
	}
	hits := slices.DeleteFunc(f.all(hashKey([]byte(t.fold)), MethodName), func(h hit) bool {
		return h.form != formShort || h.entry().kind != KindAdmin1 || !slices.ContainsFunc(before.hits, func(p hit) bool {
			return p.layer == h.layer && p.entry().admin1 == int32(h.id)
		})
	})
	return mention{from: i, to: i + 1, hits: hits}, len(hits) > 0
}
