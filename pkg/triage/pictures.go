package triage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
)

const (
	// maxPictures of one report are looked at.
	maxPictures = 4
	// maxLooks bounds how many looks are remembered.
	maxLooks = 20_000
)

// Pictures shows media safely: a JPEG that carries pixels and nothing else.
type Pictures interface {
	Shown(ctx context.Context, blob crisis.ID) ([]byte, error)
}

// pictured is what is compared of a report's pictures: their digests and, for a
// report that is being heard, their looks. Those of older reports are known if
// they were heard in this process; nobody waits while a hundred are decoded.
// What cannot be read or shown is left out.
func (s *Service) pictured(ctx context.Context, report *crisis.Report, look bool) []alike.Picture {
	var found []alike.Picture
	for _, id := range report.Media[:min(len(report.Media), maxPictures)] {
		blob, err := crisis.Get[*crisis.Blob](ctx, s.store, id)
		if err != nil || blob.State != crisis.BlobStored {
			continue
		}
		picture := alike.Picture{Digest: blob.Digest.Reveal(), Look: s.looks[id]}
		if picture.Look == 0 && look && s.shows != nil && strings.HasPrefix(blob.ContentType, "image/") {
			picture.Look = s.look(ctx, id)
		}
		found = append(found, picture)
	}
	return found
}

func (s *Service) look(ctx context.Context, blob crisis.ID) uint64 {
	shown, err := s.shows.Shown(ctx, blob)
	if err != nil {
		return 0
	}
	picture, err := jpeg.Decode(bytes.NewReader(shown))
	if err != nil {
		return 0
	}
	if len(s.looks) >= maxLooks {
		clear(s.looks)
	}
	s.looks[blob] = alike.Look(picture)
	return s.looks[blob]
}

// arrived follows media that came after their report was placed: its voice is
// heard again, and incidents with the same picture are suggested.
func (s *Service) arrived(ctx context.Context, change *crisis.Change, h *heard, membership *crisis.Membership) error {
	change.Action = "report.pictured"
	if len(h.voice.pictures) == 0 {
		return nil
	}
	one, err := s.standing(ctx, membership.Incident)
	if err != nil {
		return err
	}
	if err := s.listen(ctx, one); err != nil {
		return err
	}
	found, err := s.matches(ctx, h)
	if err != nil {
		return err
	}
	for _, m := range found {
		if m.standing == one || m.standing.said.compared(h.voice).Pictures == alike.Different {
			continue
		}
		known, err := s.suggested(ctx, one.incident.ID, m.standing.incident.ID)
		if err != nil {
			return err
		}
		if !known {
			change.Put = append(change.Put, s.maybeSame(one.incident.ID, m))
		}
	}
	s.memory.touched[one.incident.ID] = true
	s.memory.hear(one, h.voice)
	if reports, sources := one.said.counts(); reports != one.incident.Reports || sources != one.incident.Sources {
		next := *one.incident
		next.Meta, next.Reports, next.Sources = next.Next(s.clock(), actor), reports, sources
		change.Put = append(change.Put, &next)
		s.memory.put(&next, one.location)
	}
	return nil
}

// suggested says whether one of two incidents was ever suggested to be the other.
func (s *Service) suggested(ctx context.Context, a, b crisis.ID) (bool, error) {
	for _, id := range [...]crisis.ID{relationID(a, b), relationID(b, a)} {
		_, err := crisis.Get[*crisis.Relation](ctx, s.store, id)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, crisis.ErrNotFound) {
			return false, fmt.Errorf("read what was suggested: %w", err)
		}
	}
	return false, nil
}

// maybeSame suggests that two incidents are one: the same record however often.
func (s *Service) maybeSame(incident crisis.ID, m match) *crisis.Relation {
	other := m.standing.incident.ID
	return &crisis.Relation{Meta: crisis.First(relationID(incident, other), s.clock(), actor),
		Kind: crisis.RelationMaybeSame, From: incident, To: other, Score: m.Score, Why: m.Why}
}

func relationID(from, to crisis.ID) crisis.ID {
	return derived(from, "maybe_same "+to.String(), 0)
}
