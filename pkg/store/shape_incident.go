package store

import "github.com/onyo-project/onyo/pkg/crisis"

// incidentShapes are the tables of what happened and what people make of it.
func incidentShapes() []*shape {
	return []*shape{
		shapeOf(incidentFields, "status", "batch", "merged_into"),
		shapeOf(func(s *crisis.Summary) []field {
			return []field{
				column("incident", &s.Incident), column("language", &s.Language),
				sealed("body", &s.Text), column("approved", &s.Approved),
			}
		}, "incident"),
		shapeOf(func(m *crisis.Membership) []field {
			return []field{
				column("report", &m.Report), column("incident", &m.Incident), column("reason", &m.Reason),
				column("score", &m.Score), sealed("why", &m.Why), column("ended", &m.Ended),
			}
		}, "incident", "report"),
		shapeOf(func(r *crisis.Relation) []field {
			return []field{
				column("kind", (*string)(&r.Kind)), column("from_incident", &r.From), column("to_incident", &r.To),
				column("score", &r.Score), sealed("why", &r.Why), column("ended", &r.Ended),
			}
		}, "from=from_incident", "to=to_incident"),
		shapeOf(func(a *crisis.Assessment) []field {
			return []field{
				column("incident", &a.Incident), column("version", &a.Version), column("person", &a.Person),
				column("verdict", (*string)(&a.Verdict)), column("credibility", &a.Credibility),
				column("reliability", &a.Reliability), sealed("reason", &a.Reason), column("on_ground", &a.OnGround),
				column("as_verifier", &a.AsVerifier), column("batch", &a.Batch),
			}
		}, "incident", "person"),
		shapeOf(func(e *crisis.Evidence) []field {
			return []field{
				column("incident", &e.Incident), column("assessment", &e.Assessment), column("kind", (*string)(&e.Kind)),
				sealed("url", &e.URL), sealed("note", &e.Note), column("blob", &e.Blob), sealed("digest", &e.Digest),
			}
		}, "incident"),
		shapeOf(hotspotFields, "status"),
	}
}

func incidentFields(i *crisis.Incident) []field {
	return []field{
		column("version", &i.Version), column("status", (*string)(&i.Status)), column("phase", (*string)(&i.Phase)),
		column("phase_reason", &i.PhaseReason), column("severity", (*string)(&i.Severity)),
		column("categories", &i.Categories), column("location", &i.Location),
		column("occurred_from", &i.Occurred.From), column("occurred_to", &i.Occurred.To),
		column("occurred_precision", (*string)(&i.Occurred.Precision)), column("occurred_zone", &i.Occurred.Zone),
		column("first_received", &i.FirstReceived), column("last_received", &i.LastReceived),
		column("reports", &i.Reports), column("sources", &i.Sources),
		column("shown_reports", &i.Shown.Reports), column("shown_sources", &i.Shown.Sources),
		column("shown_occurred_from", &i.Shown.Occurred.From), column("shown_occurred_to", &i.Shown.Occurred.To),
		column("shown_occurred_precision", (*string)(&i.Shown.Occurred.Precision)), column("shown_occurred_zone", &i.Shown.Occurred.Zone),
		column("shown_location", &i.Shown.Location), column("shown_categories", &i.Shown.Categories),
		column("shown_severity", (*string)(&i.Shown.Severity)), column("shown_bound", &i.Shown.Bound),
		column("edited_location", &i.EditedBy.Location), column("edited_categories", &i.EditedBy.Categories),
		column("edited_reports", &i.EditedBy.Reports),
		column("first_assessment", &i.First.Assessment), column("first_person", &i.First.Person),
		column("first_as_verifier", &i.First.AsVerifier), column("second_assessment", &i.Second.Assessment),
		column("second_person", &i.Second.Person), column("second_as_verifier", &i.Second.AsVerifier),
		column("merged_into", &i.MergedInto), column("batch", &i.Batch),
	}
}

func hotspotFields(h *crisis.Hotspot) []field {
	return []field{
		column("status", (*string)(&h.Status)), column("severity", (*string)(&h.Severity)), column("score", &h.Score),
		column("members", &h.Members), column("reports", &h.Reports), column("sources", &h.Sources),
		column("categories", &h.Categories), column("first_seen", &h.FirstSeen), column("last_seen", &h.LastSeen),
		column("trend", (*string)(&h.Trend)), column("why", &h.Why), column("parent", &h.Parent),
		column("response", &h.Response), column("response_by", &h.ResponseBy), column("response_at", &h.ResponseAt),
	}
}
