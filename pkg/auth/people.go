package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// NameMax bounds a person's name, in characters.
const NameMax = 80

// Invite creates a person with a role and makes a link secret that signs them in
// once within InvitationLife. Whoever hands it over needs no mail server. A name
// that somebody has is refused (crisis.ErrTaken): a link for them would be a way
// into their account.
func (s *Service) Invite(ctx context.Context, by crisis.Actor, name string, role crisis.RoleName) (*crisis.Person, string, error) {
	_, err := crisis.One[*crisis.Person](ctx, s.store, "name", strings.TrimSpace(name))
	if err == nil {
		return nil, "", crisis.ErrTaken
	}
	if !errors.Is(err, crisis.ErrNotFound) {
		return nil, "", fmt.Errorf("look for the person: %w", err)
	}
	return s.InviteAgain(ctx, by, name, role)
}

// InviteAgain is Invite for a new person or one who is there already: for whoever
// sits at the server's own terminal.
func (s *Service) InviteAgain(ctx context.Context, by crisis.Actor, name string, role crisis.RoleName) (*crisis.Person, string, error) {
	word, hash, err := s.secret()
	if err != nil {
		return nil, "", err
	}
	expires := s.clock().Add(InvitationLife)
	person, err := s.employ(ctx, by, name, role, crisis.CredentialInvitation, hash, expires)
	return person, word, err
}

// AddToken creates or reuses a person and makes a bearer token that belongs to
// them: two tokens of one person count once.
func (s *Service) AddToken(ctx context.Context, by crisis.Actor, name string, role crisis.RoleName) (*crisis.Person, string, error) {
	word, hash, err := s.secret()
	if err != nil {
		return nil, "", err
	}
	person, err := s.employ(ctx, by, name, role, crisis.CredentialToken, hash, time.Time{})
	return person, word, err
}

// CheckName says what is wrong with a person's name, or nil.
func CheckName(name string) error {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > NameMax || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("a person needs a name of 1 to %d characters; a nickname will do", NameMax)
	}
	return nil
}

func (s *Service) employ(ctx context.Context, by crisis.Actor, name string, role crisis.RoleName, kind crisis.CredentialKind, hash [32]byte, expires time.Time) (*crisis.Person, error) {
	name = strings.TrimSpace(name)
	if err := CheckName(name); err != nil {
		return nil, err
	}
	person, change, err := s.hire(ctx, by, name, role)
	if err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	change.Put = append(change.Put, &crisis.Credential{Meta: crisis.First(id, s.clock(), by), Kind: kind,
		Person: person.ID, Role: role, Hash: hash, Expires: crisis.Moment(expires)})
	if _, err := s.store.Write(ctx, change); err != nil {
		return nil, fmt.Errorf("write the person: %w", err)
	}
	return person, nil
}

// hire returns the person of that name, made where there is none, and a Change
// that gives them the role where they lack it.
func (s *Service) hire(ctx context.Context, by crisis.Actor, name string, role crisis.RoleName) (*crisis.Person, crisis.Change, error) {
	now := s.clock()
	change := crisis.Change{Action: "person.added", Actor: by, At: now}
	person, err := crisis.One[*crisis.Person](ctx, s.store, "name", name)
	var held []crisis.RoleName
	switch {
	case errors.Is(err, crisis.ErrNotFound):
		id, err := s.newID()
		if err != nil {
			return nil, change, err
		}
		person = &crisis.Person{Meta: crisis.First(id, now, by), Name: name}
		change.Put = append(change.Put, person)
	case err != nil:
		return nil, change, fmt.Errorf("look for the person: %w", err)
	default:
		who, err := s.identify(ctx, person.ID)
		if err != nil {
			return nil, change, err
		}
		held = who.Roles
	}
	if !slices.Contains(held, role) {
		records, err := s.roleRecords(person.ID, by, role)
		if err != nil {
			return nil, change, err
		}
		change.Put = append(change.Put, records...)
	}
	return person, change, nil
}

// roleRecords are the role and, for one that sees true points, a grant: no
// grants named means all areas and no hidden categories (CONTRACT, Commands).
func (s *Service) roleRecords(person crisis.ID, by crisis.Actor, role crisis.RoleName) ([]crisis.Record, error) {
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	records := []crisis.Record{&crisis.Role{Meta: crisis.First(id, s.clock(), by), Person: person, Name: role}}
	if role.Ops() {
		id, err := s.newID()
		if err != nil {
			return nil, err
		}
		records = append(records, &crisis.Grant{Meta: crisis.First(id, s.clock(), by), Person: person})
	}
	return records, nil
}

// Member is a person with their roles, for lists.
type Member struct {
	Person *crisis.Person
	Roles  []crisis.RoleName
}

// People lists everybody, oldest first.
func (s *Service) People(ctx context.Context) ([]Member, error) {
	people, err := crisis.Select[*crisis.Person](ctx, s.store, crisis.Query{})
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	members := make([]Member, 0, len(people))
	for _, person := range people {
		roles, err := crisis.Find[*crisis.Role](ctx, s.store, "person", person.ID)
		if err != nil {
			return nil, fmt.Errorf("list roles: %w", err)
		}
		member := Member{Person: person}
		for _, role := range roles {
			member.Roles = append(member.Roles, role.Name)
		}
		members = append(members, member)
	}
	return members, nil
}

// Disable ends everything a person may do, at once.
func (s *Service) Disable(ctx context.Context, by crisis.Actor, id crisis.ID) error {
	person, err := crisis.Get[*crisis.Person](ctx, s.store, id)
	if err != nil {
		return fmt.Errorf("read the person: %w", err)
	}
	next := *person
	next.Meta = person.Next(s.clock(), by)
	next.Disabled = true
	if _, err := s.store.Write(ctx, crisis.Change{Action: "person.disabled", Actor: by, At: s.clock(), Put: []crisis.Record{&next}}); err != nil {
		return fmt.Errorf("disable the person: %w", err)
	}
	return s.store.EndSessions(ctx, id)
}
