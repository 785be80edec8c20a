package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// OnBehalfAnswer is the receipt of what a caller said, to read out to them.
type OnBehalfAnswer struct {
	Receipt string `json:"receipt"`
}

// onBehalf takes the same report as POST /api/v1/reports; whoever is signed in
// is its submitter and may not verify it.
func (s *desk) onBehalf(c echo.Context) error {
	body, err := web.ReadBody(c, web.JSONBytes)
	if err != nil {
		return err
	}
	receipt, err := s.intake.onBehalf(c.Request().Context(), who(c).Person.ID, body)
	if err != nil {
		return channelRefusal(err)
	}
	return c.JSON(http.StatusCreated, OnBehalfAnswer{Receipt: receipt})
}

// BatchRow is one import.
type BatchRow struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Rows      int      `json:"rows"`
	Sampled   int      `json:"sampled"`
	Sample    []string `json:"sample"`
	Approvals int      `json:"approvals"`
}

// BatchList lists imports.
type BatchList struct {
	Batches []BatchRow `json:"batches"`
}

// BatchBody judges an import as a whole.
type BatchBody struct {
	Verdict crisis.Verdict `json:"verdict"`
	Reason  string         `json:"reason"`
}

// BatchAnswer says how many incidents it judged.
type BatchAnswer struct {
	Judged int `json:"judged"`
}

// policyBatch heads the policies that name imports: "batch:ID" with its title.
const policyBatch = "batch:"

func (s *desk) batches(c echo.Context) error {
	ctx := c.Request().Context()
	found, err := s.queue.Batches(ctx, acting(who(c)))
	if err != nil {
		return err
	}
	list := BatchList{Batches: []BatchRow{}}
	for _, batch := range found {
		row := BatchRow{ID: batch.ID.String(), Title: batch.ID.String(), Rows: batch.Rows, Sampled: batch.Sampled, Sample: []string{}, Approvals: batch.Approvals}
		if policy, err := crisis.One[*crisis.Policy](ctx, s.records, "key", policyBatch+batch.ID.String()); err == nil {
			row.Title = policy.Value
		}
		for _, one := range batch.Sample {
			row.Sample = append(row.Sample, one.String())
		}
		list.Batches = append(list.Batches, row)
	}
	return c.JSON(http.StatusOK, list)
}

func (s *desk) assessBatch(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	var body BatchBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	judged, err := s.work.AssessBatch(c.Request().Context(), acting(who(c)), id, body.Verdict, body.Reason)
	if err != nil {
		return refusal(err)
	}
	return c.JSON(http.StatusOK, BatchAnswer{Judged: judged})
}
