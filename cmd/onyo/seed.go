package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/triage/seed"
)

// plant writes what a deployment starts with, once: settings, the category
// tree, the channel app. Everything of it can be changed without a restart.
func plant(ctx context.Context, w *world, db *store.Store) error {
	_, _, err := crisis.ReadDeployment(ctx, db)
	if err == nil {
		return nil
	}
	if !errors.Is(err, crisis.ErrNotFound) {
		return fmt.Errorf("read the deployment: %w", err)
	}
	by, now := crisis.SystemActor("first start"), w.clock()
	first := func() (crisis.Meta, error) {
		id, err := crisis.NewID(now, w.random)
		return crisis.First(id, now, by), err
	}
	emergency, err := seed.Emergency()
	if err != nil {
		return err
	}
	deployment := crisis.Deployment{Name: "Onyo", Profile: crisis.Profile(w.Profile), TimeZone: "UTC", Languages: seed.Languages(),
		Emergency: emergency, Cell: 0.01, Hotspot: crisis.DefaultDensity()}
	value, err := json.Marshal(deployment)
	if err != nil {
		return fmt.Errorf("write the deployment: %w", err)
	}
	meta, err := first()
	if err != nil {
		return err
	}
	change := crisis.Change{Action: "deployment.started", Actor: by, At: now,
		Put: []crisis.Record{&crisis.Policy{Meta: meta, Key: crisis.PolicyDeployment, Value: string(value)}}}
	categories, err := seed.For("flood")
	if err != nil {
		return err
	}
	for _, category := range categories {
		if category.Meta, err = first(); err != nil {
			return err
		}
		change.Put = append(change.Put, category)
	}
	meta, err = first()
	if err != nil {
		return err
	}
	kind := app.Kind()
	change.Put = append(change.Put, &crisis.Channel{Meta: meta, Name: "app", Kind: kind.Name, Settings: map[string]string{}, Enabled: true})
	if _, err := db.Write(ctx, change); err != nil {
		return fmt.Errorf("write what a deployment starts with: %w", err)
	}
	return nil
}
