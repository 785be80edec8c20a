package ledger_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onyo-project/onyo/pkg/ledger"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// reference stores hashes one leaf at a time, as tlog itself would.
func reference(t *rapid.T, leaves [][]byte) (ledger.Hash, []ledger.Hash) {
	var stored []ledger.Hash
	read := tlog.HashReaderFunc(func(places []int64) ([]ledger.Hash, error) {
		out := make([]ledger.Hash, len(places))
		for i, place := range places {
			out[i] = stored[place]
		}
		return out, nil
	})
	for n, leaf := range leaves {
		more, err := tlog.StoredHashes(int64(n), leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(leaves)), read)
	if err != nil {
		t.Fatal(err)
	}
	return root, stored
}

// However a ledger is split into batches, and wherever it is closed and opened
// between them, root and pages are those of RFC 6962.
func TestAppendInAnySplit(t *testing.T) {
	all := leavesOf(t, 1500)
	rapid.Check(t, func(t *rapid.T) {
		leaves := all[:rapid.IntRange(0, len(all)).Draw(t, "count")]
		tree, pages := ledger.NewTree(), disk{}
		for rest := leaves; len(rest) > 0; {
			take := rapid.IntRange(0, len(rest)).Draw(t, "batch")
			grown := tree.Append(rest[:take]...)
			if take > 1 { // a batch that is rolled back leaves no trace
				tree.Append(rest[1:take]...)
			}
			pages.write(grown.Pages)
			tree, rest = grown.Tree, rest[take:]
			if rapid.Bool().Draw(t, "reopen") {
				opened, err := ledger.OpenTree(tree.Size(), pages.fetch)
				if err != nil {
					t.Fatal(err)
				}
				tree = opened
			}
		}
		root, stored := reference(t, leaves)
		if tree.Root() != root || tree.Size() != uint64(len(leaves)) {
			t.Fatalf("root %v of %d, want %v", tree.Root(), tree.Size(), root)
		}
		want := disk{}
		for i, hash := range stored {
			no := uint64(i / ledger.PageHashes)
			want[no] = append(want[no], hash[:]...)
		}
		if diff := cmp.Diff(want, pages); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAppendRewritesOnlyTheEnd(t *testing.T) {
	tree, _ := written(leavesOf(t, 5000))
	grown := tree.Append(leavesOf(t, 1)...)
	if len(grown.Pages) != 1 {
		t.Errorf("one entry rewrote %d pages", len(grown.Pages))
	}
	if none := tree.Append(); none.Tree != tree || none.Pages != nil {
		t.Error("appending nothing changed something")
	}
}

func TestOpenTreeOfDamagedPages(t *testing.T) {
	tree, pages := written(leavesOf(t, 700))
	broken := errors.New("disk")
	for name, fetch := range map[string]ledger.Fetch{
		"no pages":    disk{}.fetch,
		"a cut page":  func(no uint64) ([]byte, error) { return pages[no][:min(len(pages[no]), 32)], nil },
		"a bad fetch": func(uint64) ([]byte, error) { return nil, broken },
	} {
		_, err := ledger.OpenTree(tree.Size(), fetch)
		if want := map[bool]error{true: broken, false: ledger.ErrPages}[name == "a bad fetch"]; !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	leaves := leavesOf(b, 512)
	for _, size := range []int{1, 32, 512} {
		b.Run(map[int]string{1: "one", 32: "batch of 32", 512: "batch of 512"}[size], func(b *testing.B) {
			tree, _ := written(leavesOf(b, 100_000))
			for b.Loop() {
				tree = tree.Append(leaves[:size]...).Tree
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
