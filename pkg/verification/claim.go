package verification

import (
	"context"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// ClaimLife is how long a claim lasts without a heartbeat.
const ClaimLife = 2 * time.Minute

// Claim gives the person the incident for ClaimLife, with a token that their
// writes carry. Held by somebody else, the answer is crisis.ErrClaimed and who
// holds it.
func (s *Service) Claim(ctx context.Context, person Person, incident crisis.ID) (crisis.Claim, error) {
	if !person.desk() {
		return crisis.Claim{}, forbid("role", "Claiming is for volunteers, verifiers and coordinators.")
	}
	in, err := crisis.Get[*crisis.Incident](ctx, s.store, incident)
	if err != nil {
		return crisis.Claim{}, err
	}
	if in.Status == crisis.StatusDuplicate {
		return crisis.Claim{}, refuse("merged", "", "This incident was merged into another; claim that one.")
	}
	return s.store.Claim(ctx, incident, person.ID, ClaimLife)
}

// Beat keeps a claim for another ClaimLife; crisis.ErrNoClaim where it ended.
func (s *Service) Beat(ctx context.Context, incident crisis.ID, token string) (crisis.Claim, error) {
	return s.store.Beat(ctx, incident, token, ClaimLife)
}

// Unclaim gives an incident back.
func (s *Service) Unclaim(ctx context.Context, incident crisis.ID, token string) error {
	return s.store.Unclaim(ctx, incident, token)
}
