package verification_test

import (
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// BenchmarkBatch judges an import of 1,000 rows as a whole.
func BenchmarkBatch(b *testing.B) {
	r := newRigOnFile(b)
	batch := r.id()
	for range 1000 {
		r.open(crisis.SeverityNormal, told{text: "row", batch: batch})
	}
	b.ResetTimer()
	for range b.N {
		p := r.volunteer()
		sample, err := r.Batch(b.Context(), p, batch)
		if err != nil {
			b.Fatal(err)
		}
		for _, id := range sample.Sample {
			r.Opened(p.ID, r.current(id))
		}
		if n, err := r.AssessBatch(b.Context(), p, batch, crisis.VerdictApprove, ""); err != nil || n != 1000 {
			b.Fatal(n, err)
		}
	}
}
