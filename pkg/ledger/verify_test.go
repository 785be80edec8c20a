package ledger_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/onyo-project/onyo/pkg/ledger"
	"pgregory.net/rapid"
)

// check reads a whole ledger.
func check(leaves [][]byte, fetch ledger.Fetch, kept ...ledger.Checkpoint) (ledger.Checkpoint, error) {
	v := ledger.NewVerifier(fetch, kept...)
	for _, leaf := range leaves {
		if _, err := v.Add(leaf); err != nil {
			return ledger.Checkpoint{}, err
		}
	}
	return v.Finish()
}

func checkpoint(leaves [][]byte) ledger.Checkpoint {
	tree, _ := written(leaves)
	return ledger.Checkpoint{Size: tree.Size(), Root: tree.Root()}
}

func TestUntouchedLedgerVerifies(t *testing.T) {
	for _, size := range []int{0, 1, 2, 127, 128, 129, 130, 131, 132, 133, 600} {
		leaves := leavesOf(t, size)
		tree, pages := written(leaves)
		got, err := check(leaves, pages.fetch, checkpoint(leaves[:size/2]), checkpoint(nil), checkpoint(leaves))
		if err != nil || got.Size != uint64(size) || got.Root != tree.Root() {
			t.Errorf("%d entries: %v (%v)", size, got, err)
		}
	}
}

// The faults that somebody with the database in hand could plant. Each finds its
// own first entry; a rewritten past, with hashes to match, only a checkpoint can
// tell.
func TestTampering(t *testing.T) {
	all := leavesOf(t, 400)
	other := entry(150)
	other.Note = "never happened"
	forged, _ := other.Encode()
	rewritten := slices.Clone(all)
	rewritten[150] = forged
	renumbered := slices.Delete(slices.Clone(all), 150, 151)
	for i := 150; i < len(renumbered); i++ {
		e, _ := ledger.ParseEntry(renumbered[i])
		e.Index = uint64(i)
		renumbered[i], _ = e.Encode()
	}
	for name, tt := range map[string]struct {
		leaves [][]byte
		hashes [][]byte // what the pages are computed of
		spoil  func(disk)
		at     uint64
		blind  bool // nothing shows without a checkpoint
	}{
		"an entry rewritten":               {leaves: rewritten, hashes: all, at: 150},
		"an entry deleted":                 {leaves: slices.Delete(slices.Clone(all), 150, 151), hashes: all, at: 150},
		"an entry deleted, renumbered":     {leaves: renumbered, hashes: all, at: 150},
		"an entry doubled":                 {leaves: slices.Insert(slices.Clone(all), 151, all[150]), hashes: all, at: 151},
		"two entries swapped":              {leaves: slices.Concat(all[:150], all[151:152], all[150:151], all[152:]), hashes: all, at: 150},
		"the last entry deleted":           {leaves: all[:399], hashes: all, at: 399},
		"the last 200 deleted":             {leaves: all[:200], hashes: all, at: 200},
		"a page deleted":                   {leaves: all, hashes: all, spoil: func(d disk) { delete(d, 1) }, at: 129},
		"a page cut":                       {leaves: all, hashes: all, spoil: func(d disk) { d[0] = d[0][:32] }, at: 1},
		"a page altered":                   {leaves: all, hashes: all, spoil: func(d disk) { d[0][0] ^= 1 }, at: 0},
		"a page put back":                  {leaves: all, hashes: all, spoil: func(d disk) { d[1] = d[0] }, at: 129},
		"a page too many":                  {leaves: all[:128], hashes: all[:128], spoil: func(d disk) { d[1] = make([]byte, 32) }, at: 128},
		"everything rewritten":             {leaves: rewritten, hashes: rewritten, at: 100, blind: true},
		"an entry gone, all renumbered":    {leaves: renumbered, hashes: renumbered, at: 399, blind: true},
		"the end gone, with its hashes":    {leaves: all[:350], hashes: all[:350], at: 350, blind: true},
		"an old copy of everything, empty": {at: 0, blind: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, pages := written(tt.hashes)
			if tt.spoil != nil {
				tt.spoil(pages)
			}
			_, blind := check(tt.leaves, pages.fetch)
			if (blind == nil) != tt.blind {
				t.Errorf("without a checkpoint: %v", blind)
			}
			_, err := check(tt.leaves, pages.fetch, checkpoint(all), checkpoint(all[:100]))
			var fault *ledger.Fault
			if !errors.As(err, &fault) || fault.Index != tt.at {
				t.Errorf("found %v, want entry %d", err, tt.at)
			}
		})
	}
}

// Whatever single thing changes, in entries or pages, a saved checkpoint finds
// it, even where the hashes were made to fit.
func TestAnyTamperingIsFound(t *testing.T) {
	all := leavesOf(t, 300)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(2, len(all)).Draw(t, "size")
		kept := checkpoint(all[:size])
		leaves := slices.Clone(all[:size])
		_, pages := written(leaves)
		at := rapid.IntRange(0, size-2).Draw(t, "at")
		kind := rapid.SampledFrom([]string{"flip", "delete", "swap", "double", "cut", "page"}).Draw(t, "kind")
		switch kind {
		case "flip":
			leaf := bytes.Clone(leaves[at])
			leaf[rapid.IntRange(0, len(leaf)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
			leaves[at] = leaf
		case "delete":
			leaves = slices.Delete(leaves, at, at+1)
		case "swap":
			leaves[at], leaves[at+1] = leaves[at+1], leaves[at]
		case "double":
			leaves = slices.Insert(leaves, at, leaves[at])
		case "cut":
			leaves = leaves[:at]
		case "page":
			no := uint64(rapid.IntRange(0, len(pages)-1).Draw(t, "page"))
			pages[no][rapid.IntRange(0, len(pages[no])-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		}
		if kind != "page" && rapid.Bool().Draw(t, "refit") {
			_, pages = written(leaves)
		}
		var fault *ledger.Fault
		if _, err := check(leaves, pages.fetch, kept); !errors.As(err, &fault) {
			t.Fatalf("%s at %d of %d went unseen: %v", kind, at, size, err)
		}
	})
}

func TestVerifierStaysAtItsFirstFault(t *testing.T) {
	leaves := leavesOf(t, 3)
	_, pages := written(leaves)
	v := ledger.NewVerifier(pages.fetch)
	_, first := v.Add(leaves[1])
	_, second := v.Add(leaves[0])
	_, last := v.Finish()
	if first == nil || first != second || first != last {
		t.Errorf("%v, then %v, then %v", first, second, last)
	}
	broken := errors.New("disk")
	v = ledger.NewVerifier(func(uint64) ([]byte, error) { return nil, broken })
	if _, err := v.Add(leaves[0]); !errors.Is(err, broken) {
		t.Errorf("a page that cannot be read: %v", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	leaves := leavesOf(b, 20_000)
	_, pages := written(leaves)
	for b.Loop() {
		if _, err := check(leaves, pages.fetch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(leaves))/b.Elapsed().Seconds(), "entries/s")
}
