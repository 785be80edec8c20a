package ledger

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof says that a proof does not prove what it was given for.
var ErrProof = errors.New("the proof does not hold")

// ProveInclusion is the audit path (RFC 6962, 2.1.1) from the entry at index to
// the root of the tree of size entries. It fails when index is not in the tree,
// when fetch fails, and with ErrPages.
func ProveInclusion(fetch Fetch, size, index uint64) ([]Hash, error) {
	if index >= size || size > MaxEntries {
		return nil, fmt.Errorf("prove entry %d: the ledger has %d", index, size)
	}
	proof, err := tlog.ProveRecord(int64(size), int64(index), newHashes(fetch))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	return proof, nil
}

// CheckInclusion checks that leaf is the entry at index of the tree that the
// checkpoint speaks of. It fails with ErrProof.
func CheckInclusion(proof []Hash, in Checkpoint, index uint64, leaf []byte) error {
	if index >= in.Size || in.Size > MaxEntries {
		return fmt.Errorf("%w: the ledger had no entry %d", ErrProof, index)
	}
	if tlog.CheckRecord(proof, int64(in.Size), in.Root, int64(index), tlog.RecordHash(leaf)) != nil {
		return ErrProof
	}
	return nil
}

// ProveConsistency is the proof (RFC 6962, 2.1.2) that the tree of newer entries
// begins with that of older ones. It fails when older is more than newer, when
// fetch fails, and with ErrPages.
func ProveConsistency(fetch Fetch, older, newer uint64) ([]Hash, error) {
	if older > newer || newer > MaxEntries {
		return nil, fmt.Errorf("prove that %d entries begin with %d: there are not as many", newer, older)
	}
	if older == 0 {
		return nil, nil
	}
	proof, err := tlog.ProveTree(int64(newer), int64(older), newHashes(fetch))
	if err != nil {
		return nil, fmt.Errorf("prove that %d entries begin with %d: %w", newer, older, err)
	}
	return proof, nil
}

// CheckConsistency checks that nothing before the older checkpoint was changed
// by the time of the newer one. It fails with ErrProof.
func CheckConsistency(proof []Hash, older, newer Checkpoint) error {
	if older.Origin != newer.Origin {
		return fmt.Errorf("%w: the checkpoints are of two ledgers", ErrProof)
	}
	if older.Size > newer.Size || newer.Size > MaxEntries {
		return fmt.Errorf("%w: the older ledger is the longer one", ErrProof)
	}
	if older.Size == 0 {
		if len(proof) > 0 || older.Root != NewTree().Root() {
			return ErrProof
		}
		return nil
	}
	if tlog.CheckTree(proof, int64(newer.Size), newer.Root, int64(older.Size), older.Root) != nil {
		return ErrProof
	}
	return nil
}
