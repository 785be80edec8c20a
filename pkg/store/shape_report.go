package store

import "github.com/onyo-project/onyo/pkg/crisis"

// reportShapes are the tables of what came in.
func reportShapes() []*shape {
	return []*shape{
		shapeOf(messageFields, "channel", "batch", "source", "report"),
		shapeOf(func(s *crisis.Source) []field {
			return []field{
				column("channel", &s.Channel), column("kind", (*string)(&s.Kind)), sealed("address", &s.Address),
				column("address_index", &s.Index), column("pseudonym", &s.Pseudonym),
				column("reliability", &s.Reliability), column("opted_out", &s.OptedOut), column("language", &s.Language),
			}
		}, "index=address_index", "channel"),
		shapeOf(reportFields, "message", "source", "receipt_hash", "batch"),
		shapeOf(func(m *crisis.MessageReport) []field {
			return []field{
				column("message", &m.Message), column("report", &m.Report),
				column("reason", &m.Reason), column("ended", &m.Ended), column("name", &m.Name),
			}
		}, "message", "report", "name"),
		shapeOf(locationFields, "report", "incident"),
		shapeOf(func(b *crisis.Blob) []field {
			return []field{
				column("message", &b.Message), column("report", &b.Report), column("state", (*string)(&b.State)),
				column("content_type", &b.ContentType), column("bytes", &b.Bytes), sealed("digest", &b.Digest),
				sealed("name", &b.Name), sealed("url", &b.URL), column("why", &b.Why),
			}
		}, "message", "report", "state"),
	}
}

func messageFields(m *crisis.Message) []field {
	return []field{
		column("channel", &m.Channel), column("direction", (*string)(&m.Direction)), column("kind", (*string)(&m.Kind)),
		column("provider_key", &m.ProviderKey), column("digest", &m.Digest), sealed("raw", &m.Raw),
		column("variant", &m.Variant), column("why", &m.Why), column("source", &m.Source), column("report", &m.Report),
		column("submitter", &m.Submitter), column("batch", &m.Batch),
	}
}

func reportFields(r *crisis.Report) []field {
	return []field{
		column("channel", &r.Channel), column("source", &r.Source), column("message", &r.Message),
		sealed("body", &r.Text), column("language", &r.Language), column("received_at", &r.ReceivedAt),
		column("occurred_from", &r.Occurred.From), column("occurred_to", &r.Occurred.To),
		column("occurred_precision", (*string)(&r.Occurred.Precision)), column("occurred_zone", &r.Occurred.Zone),
		column("said", &r.Said), sealed("words", &r.Words), sealed("given", &r.Given), sealed("contact", &r.Contact),
		sealed("answers", &r.Answers), column("form", &r.Form), column("submitter", &r.Submitter),
		column("receipt_hash", &r.ReceiptHash), column("withdrawn", &r.Withdrawn), column("batch", &r.Batch),
		column("media", &r.Media), sealed("subject", &r.Subject), sealed("quoted", &r.Quoted), column("checks", &r.Checks),
	}
}

// locationFields seal Why as well as Words: it quotes what the witness wrote.
func locationFields(l *crisis.Location) []field {
	place := func(f field) field { f.place = true; return f }
	return []field{
		column("report", &l.Report), column("incident", &l.Incident), column("message", &l.Message),
		place(column("lon", &l.Lon)), place(column("lat", &l.Lat)), sealed("point", &hiddenPlace{l}),
		column("uncertainty_m", &l.UncertaintyM), column("method", &l.Method), sealed("words", &l.Words),
		place(column("name", &l.Name)), column("country_code", &l.CountryCode), column("admin1_code", &l.Admin1Code),
		column("admin1", &l.Admin1), column("score", &l.Score), column("certain", &l.Certain),
		sealed("why", &l.Why), column("ended", &l.Ended),
	}
}
