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
	policies, err := crisis.Select[*crisis.Policy](ctx, s.records, crisis.Query{})
	if err != nil {
		return err
	}
	list := BatchList{Batches: []BatchRow{}}
	for _, policy := range policies {
		if len(policy.Key) <= len(policyBatch) || policy.Key[:len(policyBatch)] != policyBatch {
			continue
		}
		id, err := crisis.ParseID(policy.Key[len(policyBatch):])
		if err != nil {
			continue
		}
		batch, err := s.work.Batch(ctx, acting(who(c)), id)
		if err != nil {
			continue // nothing of it is left to judge
		}
		row := BatchRow{ID: id.String(), Title: policy.Value, Rows: batch.Rows, Sampled: batch.Sampled, Sample: []string{}, Approvals: batch.Approvals}
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
