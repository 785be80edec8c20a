package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Fault is the first place where a ledger is not what it was.
type Fault struct {
	// Index is the first entry known to be wrong or missing. Where only a
	// checkpoint tells, the fault lies from Index up to the checkpoint's size.
	Index uint64
	What  string
}

// Error says where and what.
func (f *Fault) Error() string { return fmt.Sprintf("ledger entry %d: %s", f.Index, f.What) }

// Verifier reads a ledger from its first entry to its last and computes all of
// it anew. It finds every change of an entry against the stored hashes, and every
// change of both against a checkpoint that was kept elsewhere.
//
// Use: Add each entry in order, then Finish. After a Fault, both go on giving
// that one. A Verifier serves one goroutine.
type Verifier struct {
	tree  Tree
	fetch Fetch
	kept  []Checkpoint // still to come, smallest first
	sound uint64       // size of the last checkpoint that fitted

	page  []byte // the stored page being compared
	next  uint64 // number of the next hash to be compared
	fault error
}

// NewVerifier compares with the pages that fetch reads and with checkpoints of
// this ledger, whose signatures the caller has checked.
func NewVerifier(fetch Fetch, kept ...Checkpoint) *Verifier {
	kept = slices.Clone(kept)
	slices.SortStableFunc(kept, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	v := &Verifier{fetch: fetch, kept: kept}
	v.compareRoots()
	return v
}

// Size is how many entries were added.
func (v *Verifier) Size() uint64 { return v.tree.size }

// Add takes the next entry, as it is stored, and gives it parsed. It fails with a
// *Fault, or when fetch does.
func (v *Verifier) Add(leaf []byte) (Entry, error) {
	if v.fault != nil {
		return Entry{}, v.fault
	}
	at := v.tree.size
	entry, err := ParseEntry(leaf)
	if err != nil {
		return Entry{}, v.fail(at, err.Error())
	}
	switch {
	case entry.Index > at:
		return Entry{}, v.fail(at, fmt.Sprintf("missing; entry %d stands in its place", entry.Index))
	case entry.Index < at:
		return Entry{}, v.fail(at, fmt.Sprintf("entry %d stands in its place again", entry.Index))
	}
	v.tree.push(leaf, func(hash Hash) { v.compare(at, hash) })
	v.compareRoots()
	if v.fault != nil {
		return Entry{}, v.fault
	}
	return entry, nil
}

// Finish says that there are no more entries, and gives the checkpoint of what
// was read, without an origin. It fails with a *Fault when there are stored
// hashes or checkpoints of later entries, or when fetch fails.
func (v *Verifier) Finish() (Checkpoint, error) {
	if v.fault == nil && len(v.kept) > 0 {
		v.fail(v.tree.size, fmt.Sprintf("missing; a checkpoint knows %d entries", v.kept[len(v.kept)-1].Size))
	}
	if v.fault == nil {
		v.compareEnd()
	}
	if v.fault != nil {
		return Checkpoint{}, v.fault
	}
	return Checkpoint{Size: v.tree.size, Root: v.tree.Root()}, nil
}

// compare holds a computed hash, one of those that entry brings, against the
// stored one.
func (v *Verifier) compare(entry uint64, hash Hash) {
	if v.fault != nil {
		return
	}
	at := int(v.next%PageHashes) * tlog.HashSize
	if at == 0 && !v.turn() {
		return
	}
	v.next++
	switch {
	case at+tlog.HashSize > len(v.page):
		v.fail(entry, "its stored hash is missing")
	case string(v.page[at:at+tlog.HashSize]) != string(hash[:]):
		v.fail(entry, "it does not fit its stored hash")
	}
}

// compareEnd looks for stored hashes after the last that there should be.
func (v *Verifier) compareEnd() {
	held := int(v.next%PageHashes) * tlog.HashSize
	if held == 0 && !v.turn() {
		return
	}
	if len(v.page) > held {
		v.fail(v.tree.size, "missing; its stored hash is there")
		return
	}
	if held == 0 {
		return // that was the page after the last one
	}
	if after, err := v.fetch(v.next/PageHashes + 1); err != nil {
		v.fault = fmt.Errorf("read the ledger's hashes: %w", err)
	} else if len(after) > 0 {
		v.fail(v.tree.size, "missing; stored hashes of later entries are there")
	}
}

// turn reads the page of the next hash.
func (v *Verifier) turn() bool {
	page, err := v.fetch(v.next / PageHashes)
	if err != nil {
		v.fault = fmt.Errorf("read the ledger's hashes: %w", err)
		return false
	}
	v.page = append(v.page[:0], page...)
	return true
}

// compareRoots holds the root against the checkpoints of this size.
func (v *Verifier) compareRoots() {
	for v.fault == nil && len(v.kept) > 0 && v.kept[0].Size == v.tree.size {
		if v.kept[0].Root != v.tree.Root() {
			v.fail(v.sound, fmt.Sprintf("it or one after it is not what the checkpoint of %d entries knows", v.kept[0].Size))
			return
		}
		v.sound = v.kept[0].Size
		v.kept = v.kept[1:]
	}
}

func (v *Verifier) fail(at uint64, what string) error {
	v.fault = &Fault{Index: at, What: what}
	return v.fault
}
