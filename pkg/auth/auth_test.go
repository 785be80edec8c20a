package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// rig is people over a real store, with a clock that tests move.
type rig struct {
	*auth.Service
	now time.Time
}

func each(t *testing.T, test func(t *testing.T, ctx context.Context, r *rig)) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		r := &rig{now: time.Now()}
		r.Service = auth.New(open(), func() time.Time { return r.now }, rand.Reader, slog.New(slog.DiscardHandler))
		test(t, t.Context(), r)
	})
}

const by = crisis.Actor("system:test")

func TestAnInvitationIsSpentOnce(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, r *rig) {
		_, word, err := r.Invite(ctx, by, "Amina", crisis.RoleVolunteer)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // a preview looks as often as it likes
			if person, role, err := r.Peek(ctx, word); err != nil || person.Name != "Amina" || role != crisis.RoleVolunteer {
				t.Fatalf("a look gave %v %s %v", person, role, err)
			}
		}
		who, secret, err := r.Accept(ctx, word, "four random words here")
		if err != nil || !who.Has(crisis.RoleVolunteer) {
			t.Fatalf("accepting: %v %v", who, err)
		}
		if _, _, err := r.Accept(ctx, word, ""); !errors.Is(err, auth.ErrSpent) {
			t.Errorf("a second time: %v", err)
		}
		if again, err := r.Cookie(ctx, secret); err != nil || again.Person.ID != who.Person.ID {
			t.Errorf("the session: %v %v", again, err)
		}
		if _, _, err := r.SignIn(ctx, "Amina", "four random words here"); err != nil {
			t.Errorf("coming back: %v", err)
		}
		for _, wrong := range [][2]string{{"Amina", "another passphrase"}, {"Nobody", "four random words here"}, {"Amina", ""}} {
			if _, _, err := r.SignIn(ctx, wrong[0], wrong[1]); !errors.Is(err, auth.ErrRefused) {
				t.Errorf("%q: %v", wrong[0], err)
			}
		}
	})
}

func TestSecretsExpireAndEnd(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, r *rig) {
		_, word, err := r.Invite(ctx, by, "Joseph", crisis.RoleVerifier)
		if err != nil {
			t.Fatal(err)
		}
		who, secret, err := r.Accept(ctx, word, "")
		if err != nil {
			t.Fatal(err)
		}
		_, late, err := r.Invite(ctx, by, "Late", crisis.RoleVolunteer)
		if err != nil {
			t.Fatal(err)
		}
		r.now = r.now.Add(auth.SessionIdle + time.Minute)
		if _, err := r.Cookie(ctx, secret); !errors.Is(err, auth.ErrNobody) {
			t.Errorf("a session left alone: %v", err)
		}
		r.now = r.now.Add(auth.InvitationLife)
		if _, _, err := r.Accept(ctx, late, ""); !errors.Is(err, auth.ErrSpent) {
			t.Errorf("an old invitation: %v", err)
		}
		_, token, err := r.AddToken(ctx, by, "Joseph", crisis.RoleVerifier)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := r.Bearer(ctx, token); err != nil || same.Person.ID != who.Person.ID {
			t.Errorf("a token belongs to its person: %v %v", same, err)
		}
		if err := r.Disable(ctx, by, who.Person.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Bearer(ctx, token); !errors.Is(err, auth.ErrNobody) {
			t.Errorf("the token of somebody who left: %v", err)
		}
	})
}

func TestTwoTokensAreOnePerson(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, r *rig) {
		first, one, err := r.AddToken(ctx, by, "Nadia", crisis.RoleVolunteer)
		if err != nil {
			t.Fatal(err)
		}
		second, two, err := r.AddToken(ctx, by, " Nadia ", crisis.RoleResponder)
		if err != nil {
			t.Fatal(err)
		}
		if first.ID != second.ID || one == two {
			t.Fatalf("%s and %s", first.ID, second.ID)
		}
		who, err := r.Bearer(ctx, one)
		if err != nil || !who.Has(crisis.RoleVolunteer) || !who.Has(crisis.RoleResponder) {
			t.Fatalf("roles %v: %v", who, err)
		}
		if len(who.Grants) != 1 || who.Grants[0].Hidden || len(who.Grants[0].Areas) != 0 {
			t.Errorf("no grants named means all areas and no hidden categories, got %+v", who.Grants)
		}
	})
}

func TestTheSetupLinkIsOne(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, r *rig) {
		first, err := r.SetupLink(ctx, by)
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.SetupLink(ctx, by)
		if err != nil {
			t.Fatal(err)
		}
		if r.MaySetUp(ctx, first) || !r.MaySetUp(ctx, second) || r.MaySetUp(ctx, "guess") {
			t.Error("only the newest link may set up")
		}
		if err := r.EndSetup(ctx, by); err != nil {
			t.Fatal(err)
		}
		if r.MaySetUp(ctx, second) {
			t.Error("a spent link still sets up")
		}
	})
}

func TestNamesAreChecked(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, r *rig) {
		for _, name := range []string{"", "   ", string(make([]byte, 400)), "\xff"} {
			if _, _, err := r.Invite(ctx, by, name, crisis.RoleVolunteer); err == nil {
				t.Errorf("%q was taken for a name", name)
			}
		}
	})
}
