package ledger_test

import (
	"errors"
	"testing"

	"github.com/onyo-project/onyo/pkg/ledger"
)

func TestEveryInclusionProof(t *testing.T) {
	leaves := leavesOf(t, 70)
	for size := 1; size <= len(leaves); size++ {
		tree, pages := written(leaves[:size])
		at := ledger.Checkpoint{Size: tree.Size(), Root: tree.Root()}
		for i := range size {
			proof, err := ledger.ProveInclusion(pages.fetch, at.Size, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			if err := ledger.CheckInclusion(proof, at, uint64(i), leaves[i]); err != nil {
				t.Errorf("entry %d of %d: %v", i, size, err)
			}
			if ledger.CheckInclusion(proof, at, uint64(i), leaves[(i+1)%len(leaves)]) == nil {
				t.Errorf("entry %d of %d: another entry is proven too", i, size)
			}
			for step := range proof {
				proof[step][step%32] ^= 1
				if err := ledger.CheckInclusion(proof, at, uint64(i), leaves[i]); !errors.Is(err, ledger.ErrProof) {
					t.Errorf("entry %d of %d: an altered proof holds", i, size)
				}
				proof[step][step%32] ^= 1
			}
		}
	}
}

func TestEveryConsistencyProof(t *testing.T) {
	leaves := leavesOf(t, 40)
	_, pages := written(leaves)
	for older := range len(leaves) + 1 {
		before, _ := written(leaves[:older])
		for newer := older; newer <= len(leaves); newer++ {
			after, _ := written(leaves[:newer])
			proof, err := ledger.ProveConsistency(pages.fetch, uint64(older), uint64(newer))
			if err != nil {
				t.Fatal(err)
			}
			a := ledger.Checkpoint{Size: before.Size(), Root: before.Root()}
			b := ledger.Checkpoint{Size: after.Size(), Root: after.Root()}
			if err := ledger.CheckConsistency(proof, a, b); err != nil {
				t.Errorf("%d to %d: %v", older, newer, err)
			}
			a.Root[0] ^= 1
			if err := ledger.CheckConsistency(proof, a, b); !errors.Is(err, ledger.ErrProof) {
				t.Errorf("%d to %d: another past is consistent too", older, newer)
			}
		}
	}
}

func TestProofsOfWhatIsNotThere(t *testing.T) {
	tree, pages := written(leavesOf(t, 5))
	if _, err := ledger.ProveInclusion(pages.fetch, 5, 5); err == nil {
		t.Error("entry 5 of 5 is proven")
	}
	if _, err := ledger.ProveInclusion(pages.fetch, 9, 1); !errors.Is(err, ledger.ErrPages) {
		t.Errorf("a ledger longer than its pages: %v", err)
	}
	if _, err := ledger.ProveConsistency(pages.fetch, 6, 5); err == nil {
		t.Error("5 entries begin with 6")
	}
	here := ledger.Checkpoint{Origin: "a", Size: 5, Root: tree.Root()}
	there := ledger.Checkpoint{Origin: "b", Size: 5, Root: tree.Root()}
	if err := ledger.CheckConsistency(nil, here, there); !errors.Is(err, ledger.ErrProof) {
		t.Errorf("two ledgers are one: %v", err)
	}
}
