package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Placed is the current revision of an incident with its location.
func (s *Store) Placed(ctx context.Context, id crisis.ID) (crisis.Placed, error) {
	incident, err := crisis.Get[*crisis.Incident](ctx, s, id)
	if err != nil {
		return crisis.Placed{}, err
	}
	placed := crisis.Placed{Incident: incident}
	if incident.Location.IsZero() {
		return placed, nil
	}
	placed.Location, err = crisis.Get[*crisis.Location](ctx, s, incident.Location)
	if errors.Is(err, crisis.ErrNotFound) {
		return placed, nil
	}
	return placed, err
}

// EachPlaced yields every current incident with its location in one pass, by ID.
// Of what is sealed in a location only the point is opened: Words and Why are
// empty. It stops at yield's error and returns it.
func (s *Store) EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error {
	incidents, locations := s.shapes[crisis.TableIncident], s.shapes[crisis.TableLocation]
	rows, err := s.reader.QueryContext(ctx, "SELECT "+incidents.list("i.")+", "+locations.list("l.")+", k.wrapped"+
		" FROM incident i LEFT JOIN location l ON l.id = i.location AND l.valid_to IS NULL"+
		" LEFT JOIN data_keys k ON l.point IS NOT NULL AND k.owner = COALESCE(l.message, l.incident, '"+deploymentOwner+"')"+
		" WHERE i.valid_to IS NULL ORDER BY i.id")
	if err != nil {
		return fmt.Errorf("read the placed incidents: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		location := new(crisis.Location)
		fields := locations.all(location)
		var wrapped []byte
		more := make([]any, 0, len(fields)+1)
		for i := range fields {
			more = append(more, &fields[i])
		}
		l, err := scan(incidents, rows, append(more, &wrapped)...)
		if err != nil {
			return fmt.Errorf("read the placed incidents: %w", err)
		}
		placed := crisis.Placed{Incident: l.record.(*crisis.Incident)}
		if !location.ID.IsZero() {
			if err := s.openPoint(location, fields, wrapped); err != nil {
				return fmt.Errorf("read the placed incidents: %w", err)
			}
			placed.Location = location
		}
		if err := yield(placed); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the placed incidents: %w", err)
	}
	return nil
}

// openPoint opens a sealed point with the wrapped key that came in the same row.
func (s *Store) openPoint(location *crisis.Location, fields []field, wrapped []byte) error {
	for i := range fields {
		f := &fields[i]
		if _, point := f.at.(*hiddenPlace); !point || f.found == nil || wrapped == nil {
			continue
		}
		key, err := s.keys.Unwrap(wrapped, ownerOf(location))
		if err != nil {
			return fmt.Errorf("the data key of %s: %w", ownerOf(location), err)
		}
		one := loaded{record: location, fields: fields[i : i+1]}
		return one.open(key)
	}
	return nil
}

// readHidden looks whether a category that is switched on is hidden, itself or by
// the deployment's profile: then points are written sealed.
func (s *Store) readHidden(ctx context.Context) error {
	var deployment crisis.Deployment
	policy, err := crisis.One[*crisis.Policy](ctx, s, "key", crisis.PolicyDeployment)
	switch {
	case errors.Is(err, crisis.ErrNotFound):
	case err != nil:
		return fmt.Errorf("read the deployment's profile: %w", err)
	default:
		if err := json.Unmarshal([]byte(policy.Value), &deployment); err != nil {
			return fmt.Errorf("read the deployment's profile: %w", err)
		}
	}
	categories, err := crisis.Select[*crisis.Category](ctx, s, crisis.Query{})
	if err != nil {
		return fmt.Errorf("read the categories: %w", err)
	}
	hidden := deployment.Profile == crisis.ProfileHidden
	for _, category := range categories {
		hidden = hidden || category.Enabled && category.Profile == crisis.ProfileHidden
	}
	s.hidden.Store(hidden)
	return nil
}
