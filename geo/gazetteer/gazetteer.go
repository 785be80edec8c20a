// Package gazetteer turns words into places and points into the names of
// areas, offline. It carries the world: countries, first-level administrative
// areas and some 200,000 towns with their names in all scripts (GeoNames,
// CC BY 4.0; Natural Earth, public domain; see data/ATTRIBUTION.txt), and lets a
// deployment lay its own places over it.
//
// The embedded file is read on first use, in well under two seconds and about
// 100 MB. All methods may be called at the same time from any goroutine.
package gazetteer

import (
	_ "embed"
	"sync"
	"sync/atomic"

	"github.com/onyo-project/onyo/geo"
)

//go:embed data/world.bin.gz
var worldFile []byte

// Kind is what sort of place an entry is.
type Kind uint8

// The kinds, as the data file numbers them.
const (
	KindCountry Kind = iota
	KindRegion       // between country and admin-1, like England
	KindAdmin1       // first-level administrative area
	KindCapital
	KindSeat // seat of an administration
	KindTown
	KindQuarter  // part of a town
	KindDivision // administrative area below the first level, or newer than the outlines of the first
)

// isArea tells areas from settlements.
func (k Kind) isArea() bool { return k <= KindAdmin1 || k == KindDivision }

// Division is an administrative area by the code that humanitarian data gives
// it (P-code), as the deployment's own boundaries have it. Level 0 is the
// country.
type Division struct {
	Level int
	PCode string
	Name  string
}

// Place is an entry of a deployment's own gazetteer. Name and a valid Point
// are needed; an uncertainty of 0 becomes 500 m.
type Place struct {
	Name         string
	Names        []string // other spellings, in any script
	Point        geo.Point
	UncertaintyM float64
	Population   int
	Country      string // ISO 3166-1 alpha-2, or empty: looked up
	Admin1       string // name, or empty: looked up
	Kind         Kind   // KindCountry, the zero value, counts as KindTown
	PCode        string // or empty
	// Divisions are those that it lies in, from the country downwards.
	Divisions []Division
	// Level is its own, if it is an administrative area; Rings are its outline,
	// read by the even-odd rule. Reverse answers from them.
	Level int
	Rings [][]geo.Point
}

// Near is what is known about where a text was written: all of it optional.
type Near struct {
	Bounds  *geo.Bounds
	Point   *geo.Point
	Country string // ISO 3166-1 alpha-2
}

// Method is how a name was matched.
type Method string

// The methods of Find.
const (
	MethodName  Method = "name"       // the name, spelled as the gazetteer has it but for case and accents
	MethodFuzzy Method = "name_fuzzy" // one letter wrong, missing, added or swapped with the next
	MethodLocal Method = "name_local" // as MethodName, in the deployment's own places
	MethodPart  Method = "name_part"  // the first or last word of a longer name

	MethodRelation Method = "relation"  // from a place named: 3 km north of it, between two
	MethodPlusCode Method = "plus_code" // a short plus code with the place that completes it
)

// Candidate is one place that some words of a text may mean. Score, in [0,1],
// orders the candidates of the same words; Certain means that nothing else was
// a serious candidate. A person can still know better.
type Candidate struct {
	Name         string
	Country      string // ISO 3166-1 alpha-2
	Admin1       string // name
	Admin1Code   string // as Area has it
	PCode        string // of the deployment's own places, or empty
	Divisions    []Division
	Kind         Kind
	Point        geo.Point
	UncertaintyM float64
	Population   int
	Method       Method
	Words        geo.Words
	Score        float64
	Certain      bool
	Why          string
}

// Gazetteer is the world and the places laid over it.
type Gazetteer struct {
	load  func() (*world, error)
	local atomic.Pointer[layer] // nil without own places
}

// Open makes the embedded gazetteer ready. It reads nothing yet.
func Open() (*Gazetteer, error) {
	return &Gazetteer{load: sync.OnceValues(func() (*world, error) { return readWorld(worldFile) })}, nil
}

// Load reads the embedded file now, for those who would rather wait at start
// than at the first question. It fails only if the file was damaged before it
// was built in; every other method then knows the own places alone.
func (g *Gazetteer) Load() error {
	_, err := g.load()
	return err
}

// Local is a gazetteer with the deployment's own places laid over this one's
// world; they win over everything else. Earlier own places are replaced. Places
// without a name or a valid point are left out. The receiver does not change.
func (g *Gazetteer) Local(places []Place) *Gazetteer {
	out := &Gazetteer{load: g.load}
	out.Lay(places)
	return out
}

// Lay replaces the own places of this gazetteer, as Local does, for everyone who
// holds it. Questions asked meanwhile are answered from the old ones or the new.
func (g *Gazetteer) Lay(places []Place) { g.local.Store(newLocalLayer(places)) }

// world never fails: a damaged file, which Load reports, leaves it empty.
func (g *Gazetteer) world() *world {
	w, err := g.load()
	if err != nil {
		return &world{}
	}
	return w
}
