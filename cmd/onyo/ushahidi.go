package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onyo-project/onyo/geo"
)

const (
	// longestText bounds, in bytes, what one row says.
	longestText = 64 << 10
	// leastImportedM: an imported point is never better known than this, in
	// metres; others click on maps as roughly as we do.
	leastImportedM = 100
	// ahead is how far in the future a row may lie, for clocks that are wrong.
	ahead = 24 * time.Hour
)

// statement is what one row of an import says happened. Ushahidi's columns are
// understood, and plainer ones of the same meaning.
type statement struct {
	id, title, text, words string
	located                bool
	point                  geo.Point
	uncertaintyM           float64
	occurred               time.Time
	minute                 bool // the time of day was said too
	labels                 []string
	verified               bool
	// content is all of it, in one form whatever the order of columns: what the
	// digest is taken over.
	content []byte
}

// checkUshahidi refuses a file that is no export of Ushahidi.
func checkUshahidi(r *record) error {
	for _, column := range [...]string{"incident title", "incident date", "location", "description", "category", "latitude", "longitude"} {
		if _, ok := r.fields[column]; !ok {
			return fmt.Errorf("no export of Ushahidi: the column %s is missing", strings.ToUpper(column))
		}
	}
	return nil
}

// statementOf reads a row; its error is the reason for which the row is refused.
func statementOf(r *record, zone *time.Location, now time.Time) (*statement, error) {
	if r.fault != nil {
		return nil, r.fault
	}
	for column, value := range r.fields {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("column %q is not UTF-8 text", column)
		}
	}
	s := &statement{
		title: r.first("incident title", "title"), text: r.first("description", "text", "message"),
		words: r.first("location", "place"), labels: labelsOf(r.first("category", "categories")),
		verified: flag(r.first("verified")),
	}
	if s.title == "" && s.text == "" {
		return nil, errors.New("it has no text")
	}
	if len(s.title)+len(s.text)+len(s.words) > longestText {
		return nil, fmt.Errorf("its text is longer than %d bytes", longestText)
	}
	var err error
	if s.point, s.uncertaintyM, err = r.place(); err == nil {
		s.located, s.uncertaintyM = true, math.Max(leastImportedM, s.uncertaintyM)
	} else if !errors.Is(err, errNoPoint) {
		return nil, err
	}
	if s.occurred, s.minute, err = r.when(zone); err != nil {
		return nil, err
	}
	if s.occurred.After(now.Add(ahead)) {
		return nil, errors.New("its date lies in the future")
	}
	return s, s.identify(r)
}

// identify gives the row its lasting name: what its system calls it, else a name
// made of what it says. The file it came in is no part of it.
func (s *statement) identify(r *record) error {
	fields := make(map[string]string, len(r.fields))
	for column, value := range r.fields {
		fields[column] = strings.ReplaceAll(value, "\r\n", "\n")
	}
	var err error
	if s.content, err = json.Marshal(fields); err != nil {
		return fmt.Errorf("write down the row: %w", err)
	}
	if s.id = r.first("serial", "#", "id"); s.id == "" {
		sum := sha256.Sum256(s.content)
		s.id = hex.EncodeToString(sum[:])
	}
	return nil
}

// said is the whole text: the title is its first line.
func (s *statement) said() string {
	switch {
	case s.title == "" || strings.HasPrefix(s.text, s.title):
		return s.text
	case s.text == "":
		return s.title
	}
	return s.title + "\n" + s.text
}

// fingerprint is the same for rows that say the same at the same point; zero
// for a row without one.
func (s *statement) fingerprint() [32]byte {
	if !s.located {
		return [32]byte{}
	}
	words := strings.Join(strings.Fields(strings.ToLower(s.title+" "+s.text)), " ")
	return sha256.Sum256(fmt.Appendf(nil, "%v %v %s", s.point.Lon, s.point.Lat, words))
}

// flag reads the yes of a column.
func flag(text string) bool {
	switch strings.ToLower(text) {
	case "yes", "true", "1":
		return true
	}
	return false
}

// labelsOf splits "1. Urgences | Emergency, 3. Public Health, " at its commas.
func labelsOf(text string) []string {
	var labels []string
	for _, label := range strings.Split(text, ",") {
		if label = strings.TrimSpace(label); label != "" {
			labels = append(labels, label)
		}
	}
	return labels
}
