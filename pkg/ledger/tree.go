package ledger

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is a ledger's tree at one size: all that appending needs of it, which is
// the roots of its complete subtrees and its last page of hashes. A Tree never
// changes; Append gives another, so that a transaction that is rolled back needs
// no undoing. It may be used by many goroutines.
type Tree struct {
	size uint64
	// peaks are the roots of the complete subtrees from left to right: one for
	// each bit of size.
	peaks []Hash
	// tail is the last page where it is not full, else empty.
	tail []byte
}

// Growth is what appending brought.
type Growth struct {
	// Tree is the tree after it, to be kept once Pages are on the disk.
	Tree *Tree
	// Pages are whole pages to be written in place of those of the same number:
	// the former last one, if it was not full, and new ones.
	Pages []Page
}

// NewTree is the tree of no entries.
func NewTree() *Tree { return &Tree{} }

// OpenTree reads the tree of a size from its pages: the last one and at most one
// for each bit of size. It fails when fetch does or with ErrPages.
func OpenTree(size uint64, fetch Fetch) (*Tree, error) {
	t := &Tree{size: size}
	var places []int64
	for left, done := size, uint64(0); left > 0; {
		level := bits.Len64(left) - 1
		places = append(places, tlog.StoredHashIndex(level, int64(done>>level)))
		done += 1 << level
		left -= 1 << level
	}
	hashes := newHashes(fetch)
	var err error
	if t.peaks, err = hashes.ReadHashes(places); err != nil {
		return nil, fmt.Errorf("open the ledger's tree: %w", err)
	}
	count := uint64(tlog.StoredHashCount(int64(size)))
	if held := count % PageHashes * tlog.HashSize; held > 0 {
		page, err := hashes.page(count / PageHashes)
		if err != nil {
			return nil, fmt.Errorf("open the ledger's tree: %w", err)
		}
		if uint64(len(page)) < held {
			return nil, fmt.Errorf("open the ledger's tree: %w: page %d is cut", ErrPages, count/PageHashes)
		}
		t.tail = append([]byte(nil), page[:held]...)
	}
	return t, nil
}

// Size is how many entries the tree has.
func (t *Tree) Size() uint64 { return t.size }

// Root is the root hash of RFC 6962; that of no entries is SHA-256 of nothing.
func (t *Tree) Root() Hash {
	if len(t.peaks) == 0 {
		return sha256.Sum256(nil)
	}
	root := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.peaks[i], root)
	}
	return root
}

// Append adds leaves (see Entry.Encode) in order. It reads nothing, and costs
// about two hashes a leaf.
func (t *Tree) Append(leaves ...[]byte) Growth {
	if len(leaves) == 0 {
		return Growth{Tree: t}
	}
	next := &Tree{size: t.size, peaks: append(make([]Hash, 0, len(t.peaks)+8), t.peaks...)}
	pages := newPager(tlog.StoredHashCount(int64(t.size)), t.tail)
	for _, leaf := range leaves {
		next.push(leaf, pages.add)
	}
	next.tail = pages.tail()
	return Growth{Tree: next, Pages: pages.pages}
}

// push adds one leaf and tells every hash that is to be stored for it, in order:
// the leaf's own and those of the subtrees that it completes.
func (t *Tree) push(leaf []byte, store func(Hash)) {
	hash := tlog.RecordHash(leaf)
	store(hash)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.peaks) - 1
		hash = tlog.NodeHash(t.peaks[last], hash)
		t.peaks = t.peaks[:last]
		store(hash)
	}
	t.peaks = append(t.peaks, hash)
	t.size++
}
