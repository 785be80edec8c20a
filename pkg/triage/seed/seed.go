// Package seed is what a new deployment starts with: the tree of categories,
// the kinds of crisis that setup offers and what each switches on, and the
// sentence every witness is told. All of it can be changed while Onyo runs; it
// is data (the .json files beside this one), read and checked here.
package seed

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
)

//go:embed categories.json
var categoriesJSON []byte

//go:embed crises.json
var crisesJSON []byte

//go:embed emergency.json
var emergencyJSON []byte

// Languages are those in which everything here is written.
func Languages() []string { return []string{"en", "fr", "es", "ar", "sw", "ht", "uk", "ne"} }

// Crisis is one kind of crisis that setup offers.
type Crisis struct {
	Key string `json:"key"`
	// Titles by language; every language of Languages is there.
	Titles     map[string]string `json:"titles"`
	Profile    crisis.Profile    `json:"profile"`
	Categories []string          `json:"categories"` // what it switches on
}

// Title is the crisis in one language, English where it has none.
func (c Crisis) Title(language string) string {
	if title, ok := c.Titles[language]; ok {
		return title
	}
	return c.Titles["en"]
}

// Categories is the whole tree, parents before their children, each with Order
// set and nothing switched on. Meta is empty: whoever writes them gives ids.
func Categories() ([]*crisis.Category, error) {
	var rows []struct {
		Key           string            `json:"key"`
		Parent        string            `json:"parent"`
		Icon          string            `json:"icon"`
		Severity      crisis.Severity   `json:"severity"`
		LifetimeHours float64           `json:"lifetime_hours"`
		Profile       crisis.Profile    `json:"profile"`
		Labels        map[string]string `json:"labels"`
	}
	if err := decode("categories", categoriesJSON, &rows); err != nil {
		return nil, err
	}
	categories := make([]*crisis.Category, len(rows))
	for i, row := range rows {
		categories[i] = &crisis.Category{Key: row.Key, Parent: row.Parent, Icon: row.Icon, Severity: row.Severity,
			LifetimeHours: row.LifetimeHours, Profile: row.Profile, Labels: row.Labels, Order: i}
	}
	return categories, nil
}

// For is the tree as a crisis starts with it: its categories switched on, and
// of the others only the definition. Hidden ones stay off in every crisis but
// those that name them.
func For(key string) ([]*crisis.Category, error) {
	crises, err := Crises()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(crises, func(c Crisis) bool { return c.Key == key })
	if at < 0 {
		return nil, fmt.Errorf("there is no crisis %q to start with", key)
	}
	categories, err := Categories()
	if err != nil {
		return nil, err
	}
	for _, category := range categories {
		category.Enabled = slices.Contains(crises[at].Categories, category.Key)
	}
	return categories, nil
}

// Crises are the kinds of crisis that setup offers.
func Crises() ([]Crisis, error) {
	var crises []Crisis
	if err := decode("crises", crisesJSON, &crises); err != nil {
		return nil, err
	}
	return crises, nil
}

// Emergency is the sentence every witness is told, in every language, with the
// number that most of the world answers; setup asks for the local one.
func Emergency() (crisis.Emergency, error) {
	var emergency crisis.Emergency
	err := decode("emergency", emergencyJSON, &emergency)
	return emergency, err
}

func decode(name string, data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read the seed %s: %w", name, err)
	}
	return nil
}
