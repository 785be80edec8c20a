package ledger

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// PageHashes is how many hashes a full page holds.
	PageHashes = 256
	// PageBytes is the size of a full page: 8 KiB.
	PageBytes = PageHashes * tlog.HashSize
)

// ErrPages says that the stored pages do not hold the hashes that a ledger of
// this size has.
var ErrPages = errors.New("the stored hashes of the ledger are damaged")

// Page is a run of stored hashes: page No holds those numbered from
// No·PageHashes on, in the order of tlog.StoredHashIndex.
type Page struct {
	No     uint64
	Hashes []byte // whole hashes; PageBytes unless it is the last page
}

// Fetch reads a stored page. A page that is not there is empty and no error.
// What it returns is only read, and only until the next call.
type Fetch func(no uint64) ([]byte, error)

// pager lays hashes out on pages.
type pager struct {
	no    uint64
	pages []Page
}

func newPager(count int64, tail []byte) *pager {
	p := &pager{no: uint64(count) / PageHashes}
	if len(tail) > 0 {
		p.pages = []Page{{No: p.no, Hashes: append(make([]byte, 0, PageBytes), tail...)}}
	}
	return p
}

func (p *pager) add(hash Hash) {
	last := len(p.pages) - 1
	if last < 0 || len(p.pages[last].Hashes) == PageBytes {
		no := p.no + uint64(len(p.pages))
		p.pages = append(p.pages, Page{No: no, Hashes: make([]byte, 0, PageBytes)})
		last++
	}
	p.pages[last].Hashes = append(p.pages[last].Hashes, hash[:]...)
}

// tail is the last page if it has room, else nothing.
func (p *pager) tail() []byte {
	if last := len(p.pages) - 1; last >= 0 && len(p.pages[last].Hashes) < PageBytes {
		return p.pages[last].Hashes
	}
	return nil
}

// hashes reads single hashes from pages, each page once. It serves one proof or
// one opening and is then let go.
type hashes struct {
	fetch Fetch
	read  map[uint64][]byte
}

func newHashes(fetch Fetch) *hashes { return &hashes{fetch: fetch, read: map[uint64][]byte{}} }

func (h *hashes) page(no uint64) ([]byte, error) {
	if page, ok := h.read[no]; ok {
		return page, nil
	}
	page, err := h.fetch(no)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", no, err)
	}
	page = append([]byte(nil), page...)
	h.read[no] = page
	return page, nil
}

// ReadHashes implements tlog.HashReader.
func (h *hashes) ReadHashes(places []int64) ([]Hash, error) {
	out := make([]Hash, len(places))
	for i, place := range places {
		page, err := h.page(uint64(place) / PageHashes)
		if err != nil {
			return nil, err
		}
		at := int(place%PageHashes) * tlog.HashSize
		if at+tlog.HashSize > len(page) {
			return nil, fmt.Errorf("%w: hash %d is missing", ErrPages, place)
		}
		copy(out[i][:], page[at:])
	}
	return out, nil
}
