package gazetteer

// relations are the places that the text describes from those it names.
func (f *finder) relations(mentions []mention, named [][]Candidate) []Candidate { return nil }
