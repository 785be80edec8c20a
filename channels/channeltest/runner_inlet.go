package channeltest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// inlet is the durable side: what was accepted and the cursor outlive every Run.
type inlet struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	cursor  []byte
	kept    []channels.Split // accepted
	tried   []channels.Split // handed in, accepted or not
	fails   int              // so many Accepts of splits fail from now on
	cursors int              // cursors handed in
}

func newInlet() *inlet { return &inlet{changed: make(chan struct{})} }

var errDisk = errors.New("the disk is full")

// visit is the inlet as one Run sees it. An Accept that fails takes the process
// down with it.
type visit struct {
	*inlet
	crash context.CancelFunc
}

func (v visit) Cursor(ctx context.Context) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return bytes.Clone(v.cursor), ctx.Err()
}

func (v visit) Accept(ctx context.Context, splits []channels.Split, cursor []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	defer v.signal()
	for _, split := range splits {
		split.Raw = bytes.Clone(split.Raw)
		v.tried = append(v.tried, split)
	}
	if len(splits) > 0 && v.fails > 0 {
		v.fails--
		v.crash()
		return errDisk
	}
	v.kept = append(v.kept, v.tried[len(v.tried)-len(splits):]...)
	v.cursor = bytes.Clone(cursor)
	if len(cursor) > 0 {
		v.cursors++
	}
	return nil
}

// signal wakes whoever waits; the lock is held.
func (i *inlet) signal() {
	close(i.changed)
	i.changed = make(chan struct{})
}

func (i *inlet) wake() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signal()
}

func (i *inlet) failNext(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fails = n
}

// state is what was accepted and tried so far, and a signal of what comes next.
func (i *inlet) state() (kept, tried []channels.Split, changed <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.kept[:len(i.kept):len(i.kept)], i.tried[:len(i.tried):len(i.tried)], i.changed
}

// await waits until every text was accepted.
func (s *stay) await(texts ...string) error {
	deadline := time.After(s.bench.waiting())
	for {
		kept, _, changed := s.bench.inlet.state()
		missing := ""
		for _, text := range texts {
			if len(s.bench.holding(kept, text)) == 0 {
				missing = text
			}
		}
		if missing == "" {
			return nil
		}
		if err := s.fail(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-s.over:
			return errors.New("Run ended before everything came")
		case <-deadline:
			return errors.New("what was offered does not come: " + missing)
		}
	}
}

// holding are the splits that say text. Texts that are looked for end so that
// none begins another.
func (b *runnerBench) holding(splits []channels.Split, text string) []channels.Split {
	var found []channels.Split
	for _, split := range splits {
		if strings.Contains(b.text(split), text) {
			found = append(found, split)
		}
	}
	return found
}

// text is what a split says, parsed once.
func (b *runnerBench) text(split channels.Split) string {
	if len(split.Raw) == 0 || split.Nature == channels.Unparsed {
		return ""
	}
	if text, known := b.texts.Load(&split.Raw[0]); known {
		return text.(string)
	}
	messages, err := b.truth.Parse(split.Raw)
	if err != nil || len(messages) != 1 {
		return ""
	}
	b.texts.Store(&split.Raw[0], messages[0].Text)
	return messages[0].Text
}

// counted counts requests.
type counted struct {
	channels.Doer
	ask func()
}

func (c counted) Do(request *http.Request) (*http.Response, error) {
	c.ask()
	return c.Doer.Do(request)
}

// nowhere is a DNS in which no name exists.
type nowhere struct{}

func (nowhere) none(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (n nowhere) LookupTXT(_ context.Context, name string) ([]string, error) {
	return nil, n.none(name)
}

func (n nowhere) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, n.none(name)
}

func (n nowhere) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	return nil, n.none(host)
}

func (n nowhere) LookupAddr(_ context.Context, address string) ([]string, error) {
	return nil, n.none(address)
}
