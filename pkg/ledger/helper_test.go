package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/ledger"
)

// disk stands in for the store: pages by number.
type disk map[uint64][]byte

func (d disk) fetch(no uint64) ([]byte, error) { return d[no], nil }

func (d disk) write(pages []ledger.Page) {
	for _, page := range pages {
		d[page.No] = append([]byte(nil), page.Hashes...)
	}
}

func entry(index uint64) ledger.Entry {
	return ledger.Entry{
		Index: index, At: time.UnixMicro(1_772_600_000_000_000 + int64(index)).UTC(), Actor: "channel:twilio-main",
		Action: "message.received", Table: "message", ID: fmt.Sprintf("01jq%022d", index), Rev: 1,
		Commitment: sha256.Sum256([]byte{byte(index), byte(index >> 8)}), Note: "new",
	}
}

func leavesOf(t testing.TB, count int) [][]byte {
	t.Helper()
	leaves := make([][]byte, count)
	for i := range leaves {
		e := entry(uint64(i))
		leaf, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		leaves[i] = leaf
	}
	return leaves
}

// written appends all leaves at once.
func written(leaves [][]byte) (*ledger.Tree, disk) {
	grown := ledger.NewTree().Append(leaves...)
	pages := disk{}
	pages.write(grown.Pages)
	return grown.Tree, pages
}
