package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
	"github.com/onyo-project/onyo/pkg/simulate"
)

const (
	demoScenario = "nairobi-flood"
	demoChannel  = "twilio-demo"
	// demoToken signs what the demo sends to itself; it opens nothing else.
	demoToken = "0123456789abcdef0123456789abcdef"
	// demoRest is how long the demo is quiet between two playings.
	demoRest = 30 * time.Second
)

// prepareDemo sets a demo up as a person would: the scenario's area, languages
// and zone, and a Twilio channel.
func prepareDemo(ctx context.Context, w *world, o *opened, scenario *simulate.Scenario) error {
	by := crisis.SystemActor("demo")
	deployment, policy, err := crisis.ReadDeployment(ctx, o.store)
	if err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if deployment.SetUp.IsZero() {
		deployment.Name, deployment.Crisis, deployment.TimeZone = scenario.Name, scenario.Crisis, scenario.TimeZone
		deployment.Profile = crisis.ProfileOpen
		deployment.Area = &geo.Bounds{West: scenario.Area[0], South: scenario.Area[1], East: scenario.Area[2], North: scenario.Area[3]}
		deployment.SetUp = crisis.Moment(w.clock())
		change, err := crisis.Configure(policy, deployment, w.clock(), by)
		if err != nil {
			return err
		}
		if _, err := o.store.Write(ctx, change); err != nil {
			return fmt.Errorf("set the demo up: %w", err)
		}
	}
	_, err = intake.NewDesk(o.store, kinds(), w.clock, w.random).Add(ctx, by, "sms.twilio", demoChannel, map[string]string{
		"account_sid": "AC00000000000000000000000000000000", "auth_token": demoToken, "pull": "off"})
	if err != nil && !errors.Is(err, crisis.ErrTaken) {
		return fmt.Errorf("add the demo's channel: %w", err)
	}
	return nil
}

// playDemo plays the scenario again and again, and two scripted people work the
// desk, all through the API.
func playDemo(ctx context.Context, w *world, o *opened, h *house, speed float64) error {
	scenario, err := simulate.Open(demoScenario)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 20 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	for _, person := range []struct {
		name string
		role crisis.RoleName
	}{{"Amina (scripted)", crisis.RoleVerifier}, {"Joseph (scripted)", crisis.RoleVolunteer}} {
		_, token, err := h.people.AddToken(ctx, crisis.SystemActor("demo"), person.name, person.role)
		if err != nil {
			return fmt.Errorf("seat a scripted person: %w", err)
		}
		volunteer := &simulate.Volunteer{Base: w.PublicURL, HTTP: client, Log: w.log, Name: person.name, Token: token, About: scenario.About(),
			Hurry: 15 * time.Second, Pause: time.Duration(float64(2*time.Second) / speed)}
		group.Go(func() error { return volunteer.Work(ctx) })
	}
	group.Go(func() error {
		for round := 0; ctx.Err() == nil; round++ {
			player := &simulate.Player{Base: w.PublicURL, HTTP: client, Log: w.log, Speed: speed,
				Round: strconv.FormatInt(w.clock().Unix()%10000, 10),
				SMS:   simulate.SMS{Channel: demoChannel, PublicURL: w.PublicURL + "/hooks/" + demoChannel, Token: demoToken, To: "+254711000000"}}
			if _, err := player.Play(ctx, scenario); err != nil {
				return nil // the demo ends with its server
			}
			select {
			case <-ctx.Done():
			case <-time.After(demoRest):
			}
		}
		return nil
	})
	return group.Wait()
}
