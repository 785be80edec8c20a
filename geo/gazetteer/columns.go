package gazetteer

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/onyo-project/onyo/geo"
)

// The columns, in folded form, in which people's files keep what we need; the
// first that is filled in counts.
var (
	nameColumns       = []string{"name", "nameen", "placename", "place", "featurename", "settlement", "village", "camp", "site", "sitename", "station", "pollingstation", "title", "label"}
	otherColumns      = []string{"names", "othernames", "altname", "altnames", "alternatename", "alternatenames", "alternativename", "alternativenames", "namealt", "localname", "namelocal", "nameascii"}
	latColumns        = []string{"lat", "latitude", "centerlat", "gpslatitude", "ycoord", "pointy", "y"}
	lonColumns        = []string{"lon", "lng", "long", "longitude", "centerlon", "gpslongitude", "xcoord", "pointx", "x"}
	pcodeColumns      = []string{"pcode", "placecode", "placepcode", "popplacepcode"}
	countryColumns    = []string{"country", "countrycode", "iso2", "isoa2", "adm0pcode", "admin0pcode"}
	populationColumns = []string{"population", "pop", "poptotal", "tpop"}
	radiusColumns     = []string{"uncertaintym", "accuracym", "radiusm"}

	// adminColumn is HDX's: admin2Name_en, ADM2_PCODE, adm2_name1, admin2AltName1_fr.
	adminColumn = regexp.MustCompile(`^adm(?:in)?([0-5])(pcode|altname|alt|name|)(\d?)([a-z]{2})?$`)
	// languageColumn is name_fr.
	languageColumn = regexp.MustCompile(`^name[a-z]{2}$`)
)

const (
	maxNameBytes = 200
	maxNames     = 60
)

// record is one row or feature: its filled columns, by folded name.
type record map[string]string

// columnKey folds the name of a column: "Admin1 Name (en)" is admin1nameen.
func columnKey(column string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, column)
}

func (r record) first(columns []string) string {
	for _, column := range columns {
		if v := r[column]; v != "" {
			return v
		}
	}
	return ""
}

// admin is one level of administration as a record names it.
type admin struct {
	name, pcode string
	others      []string
}

// admins gathers the levels. English names go before others.
func (r record) admins() [6]admin {
	var out [6]admin
	for _, column := range slices.Sorted(maps.Keys(r)) {
		m := adminColumn.FindStringSubmatch(column)
		if m == nil || r[column] == "" {
			continue
		}
		a := &out[m[1][0]-'0']
		switch {
		case m[2] == "pcode":
			a.pcode = r[column]
		case m[2] == "alt" || m[2] == "altname", m[2] == "" && m[4] == "":
			a.others = append(a.others, r[column])
		case m[4] == "en" && m[3] == "", m[4] == "" && m[3] == "":
			if a.name != "" {
				a.others = append(a.others, a.name)
			}
			a.name = r[column]
		default:
			a.others = append(a.others, r[column])
		}
	}
	for i := range out {
		if a := &out[i]; a.name == "" && len(a.others) > 0 {
			a.name, a.others = a.others[0], a.others[1:]
		}
	}
	return out
}

// What a record may lack.
var (
	errNoName  = errors.New("it has no name")
	errNoPoint = errors.New("it has no position")
)

// place makes a place of a record and what its geometry gave. A record with no
// name of its own is the deepest administrative area that it names.
func (r record) place(at outline) (Place, error) {
	p := Place{Name: r.first(nameColumns), PCode: r.first(pcodeColumns), Kind: KindTown, Point: at.point, Rings: at.rings, UncertaintyM: at.radiusM}
	for _, column := range slices.Sorted(maps.Keys(r)) {
		if languageColumn.MatchString(column) && r[column] != p.Name {
			p.Names = append(p.Names, r[column])
		}
	}
	for _, column := range otherColumns {
		p.Names = append(p.Names, split(r[column])...)
	}
	r.placeAdmins(&p)
	if country := strings.ToUpper(r.first(countryColumns)); len(country) == 2 {
		p.Country = country
	}
	if err := r.numbers(&p, at); err != nil {
		return Place{}, err
	}
	switch strings.ToLower(r.first([]string{"kind", "type", "fclass", "placetype"})) {
	case "quarter", "neighbourhood", "neighborhood", "suburb", "pplx":
		p.Kind = KindQuarter
	}
	return p, p.check()
}

func (r record) placeAdmins(p *Place) {
	admins := r.admins()
	deepest := -1
	for level, a := range admins {
		if a.name != "" {
			deepest = level
		}
	}
	if level, err := strconv.Atoi(r["level"]); err == nil && level >= 0 && level < len(admins) && p.Name != "" {
		p.Level, p.Kind = level, kindOfLevel(level)
	} else if p.Name == "" && deepest >= 0 {
		own := admins[deepest]
		p.Name, p.PCode, p.Names = own.name, own.pcode, append(p.Names, own.others...)
		p.Level, p.Kind = deepest, kindOfLevel(deepest)
		deepest--
	}
	for level, a := range admins[:deepest+1] {
		if a.name != "" {
			p.Divisions = append(p.Divisions, Division{Level: level, PCode: a.pcode, Name: a.name})
		}
		if level == 1 {
			p.Admin1 = a.name
		}
	}
}

func kindOfLevel(level int) Kind {
	switch level {
	case 0:
		return KindRegion
	case 1:
		return KindAdmin1
	}
	return KindDivision
}

func (r record) numbers(p *Place, at outline) error {
	lat, lon := r.first(latColumns), r.first(lonColumns)
	switch {
	case lat != "" && lon != "":
		y, errY := strconv.ParseFloat(strings.Replace(lat, ",", ".", 1), 64)
		x, errX := strconv.ParseFloat(strings.Replace(lon, ",", ".", 1), 64)
		if errX == nil && errY == nil {
			p.Point = geo.Point{Lon: x, Lat: y}
		} else if !at.ok {
			return fmt.Errorf("%w: latitude or longitude is no number", errNoPoint)
		}
	case !at.ok:
		return errNoPoint
	}
	if v, err := strconv.ParseFloat(r.first(populationColumns), 64); err == nil && v > 0 {
		p.Population = int(math.Min(v, math.MaxInt32))
	}
	if v, err := strconv.ParseFloat(r.first(radiusColumns), 64); err == nil && v > 0 {
		p.UncertaintyM = math.Min(v, 2e7)
	}
	return nil
}

// check says why a place cannot be taken in.
func (p *Place) check() error {
	p.Name = strings.Join(strings.Fields(p.Name), " ")
	switch {
	case p.Name == "" || len(appendTokens(nil, p.Name)) == 0:
		return errNoName
	case len(p.Name) > maxNameBytes:
		return fmt.Errorf("its name is longer than %d bytes", maxNameBytes)
	}
	if err := p.Point.Check(); err != nil {
		return err
	}
	if p.Point.Lon == 0 && p.Point.Lat == 0 {
		return fmt.Errorf("%w: 0,0 is what is written for an unknown one", errNoPoint)
	}
	kept := p.Names[:0]
	for _, name := range p.Names {
		name = strings.Join(strings.Fields(name), " ")
		if name != "" && name != p.Name && len(name) <= maxNameBytes && len(kept) < maxNames && !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	p.Names = slices.Clip(kept)
	if len(p.Names) == 0 {
		p.Names = nil
	}
	return nil
}

// split takes several names out of one column.
func split(names string) []string {
	return strings.FieldsFunc(names, func(r rune) bool { return r == '|' || r == ';' || r == ',' || r == '،' })
}
