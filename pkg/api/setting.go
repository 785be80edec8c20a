package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/onyo-project/onyo/pkg/api/public"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// settingLife is how long what the deployment tells about itself is kept before
// it is read again.
const settingLife = time.Second

// settingCache keeps the deployment's settings for a second, so that pages do
// not read them each time and a change still shows without a restart.
type settingCache struct {
	records crisis.Reader
	clock   func() time.Time
	demo    bool
	every   time.Duration // an override; 0 for the profile's own

	mu   sync.Mutex
	kept public.Setting
	at   time.Time
}

func (s *settingCache) read(ctx context.Context) (public.Setting, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock(); !s.at.IsZero() && now.Sub(s.at) < settingLife {
		return s.kept, nil
	}
	deployment, _, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil {
		return public.Setting{}, err
	}
	categories, err := crisis.Select[*crisis.Category](ctx, s.records, crisis.Query{})
	if err != nil {
		return public.Setting{}, err
	}
	slices.SortFunc(categories, func(a, b *crisis.Category) int { return a.Order - b.Order })
	every := deployment.Profile.Period()
	if s.every != 0 && deployment.Profile != crisis.ProfileHidden {
		every = s.every
	}
	s.kept = public.Setting{Deployment: deployment, Categories: categories, Demo: s.demo, PublishEvery: every}
	s.at = s.clock()
	return s.kept, nil
}
