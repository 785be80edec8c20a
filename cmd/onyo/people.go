package main

import (
	"context"
	"fmt"

	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
)

type personCmd struct {
	Add personAddCmd `cmd:"" help:"Add a person and print a one-time sign-in link."`
}

type personAddCmd struct {
	Role string `required:"" help:"volunteer, verifier, responder, coordinator or admin."`
	Name string `arg:"" help:"A name; a nickname will do."`
}

// Run prints the link.
func (c personAddCmd) Run(ctx context.Context, w *world) error {
	return withPeople(ctx, w, c.Role, func(people *auth.Service, role crisis.RoleName) error {
		_, word, err := people.InviteAgain(ctx, crisis.SystemActor("command"), c.Name, role)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "%s signs in once, within %d days, with\n%s/invite/%s\n", c.Name, int(auth.InvitationLife.Hours()/24), w.PublicURL, word)
		return err
	})
}

type tokenCmd struct {
	Add tokenAddCmd `cmd:"" help:"Create or reuse a person and print a bearer token as the last word."`
}

type tokenAddCmd struct {
	Role string `required:"" help:"volunteer, verifier, responder, coordinator or admin."`
	Name string `arg:"" help:"Whose token it is; two tokens of one person count once."`
}

// Run prints the token as the last word.
func (c tokenAddCmd) Run(ctx context.Context, w *world) error {
	return withPeople(ctx, w, c.Role, func(people *auth.Service, role crisis.RoleName) error {
		_, word, err := people.AddToken(ctx, crisis.SystemActor("command"), c.Name, role)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "token of %s: %s\n", c.Name, word)
		return err
	})
}

func withPeople(ctx context.Context, w *world, role string, do func(*auth.Service, crisis.RoleName) error) error {
	named, err := crisis.ParseRole(role)
	if err != nil {
		return fmt.Errorf("--role: %w", err)
	}
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	if err := plant(ctx, w, o.store); err != nil {
		return err
	}
	return do(auth.New(o.store, w.clock, w.random, w.log), named)
}
