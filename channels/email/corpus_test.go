package email_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/email"
)

// judged is what a person found in a mail of the corpus.
type judged struct {
	File   string   `json:"file"`
	Nature string   `json:"nature"`
	Why    string   `json:"why"`
	Files  []string `json:"files"` // type and name of each
	Says   []string `json:"says"`  // pieces of its text, in order
}

func judgements(t *testing.T) map[string]judged {
	t.Helper()
	data, err := os.ReadFile("testdata/corpus.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]judged{}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var one judged
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all[one.File] = one
	}
	return all
}

// letters are the 141 real and odd mails of the corpus by their names, with line
// ends as they travel. A bare part becomes a mail by the fields that every
// mail has.
func letters(t *testing.T) map[string][]byte {
	t.Helper()
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is not set: the mails lie there")
	}
	root = filepath.Join(root, "emails")
	found := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{".raw", ".txt", ".eml"}, filepath.Ext(path)) {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = asMail(filepath.ToSlash(name), raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 141 {
		t.Fatalf("%d mails instead of 141", len(found))
	}
	return found
}

func asMail(name string, raw []byte) []byte {
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if bytes.Contains(bytes.ToLower(append([]byte("\n"), head...)), []byte("\nfrom:")) || bytes.HasPrefix(raw, []byte(" From:")) {
		return raw
	}
	wrapped := fmt.Sprintf("From: corpus@example.org\r\nTo: reports@example.org\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMessage-ID: <%s@corpus.example>\r\n", name)
	if !bytes.Contains(head, []byte(": ")) && !bytes.Contains(head, []byte("Content-")) {
		wrapped += "\r\n" // no header at all
	}
	return append([]byte(wrapped), raw...)
}

// collector is an inlet that remembers.
type collector struct {
	mu      sync.Mutex
	cursor  []byte
	splits  []channels.Split
	changed chan struct{}
	fails   error
}

func newCollector() *collector { return &collector{changed: make(chan struct{}, 1)} }

func (c *collector) Cursor(context.Context) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.cursor), nil
}

func (c *collector) Accept(_ context.Context, splits []channels.Split, cursor []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fails != nil {
		return c.fails
	}
	for _, split := range splits {
		split.Raw = bytes.Clone(split.Raw)
		c.splits = append(c.splits, split)
	}
	c.cursor = bytes.Clone(cursor)
	select {
	case c.changed <- struct{}{}:
	default:
	}
	return nil
}

func (c *collector) all() []channels.Split {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.splits)
}

// await waits until so many splits were accepted, or more.
func (c *collector) await(t *testing.T, n int) []channels.Split {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		if got := c.all(); len(got) >= n {
			return got
		}
		select {
		case <-c.changed:
		case <-deadline:
			t.Fatalf("%d of %d mails came", len(c.all()), n)
		}
	}
}

// nowhere is a DNS in which nothing exists.
type nowhere struct{}

var errNowhere = &net.DNSError{Err: "no such host", IsNotFound: true}

func (nowhere) LookupTXT(context.Context, string) ([]string, error) { return nil, errNowhere }
func (nowhere) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errNowhere }
func (nowhere) LookupIPAddr(context.Context, string) ([]net.IPAddr, error) {
	return nil, errNowhere
}
func (nowhere) LookupAddr(context.Context, string) ([]string, error) { return nil, errNowhere }

// built is the adapter of a channel as the host makes it.
func built(t *testing.T, kind channels.Kind, config channels.Config) channels.Runner {
	t.Helper()
	config.Settings, _ = kind.Split(config.Settings)
	config.Clock, config.Rand, config.Resolver = time.Now, rand.Reader, nowhere{}
	config.Dial = (&net.Dialer{}).DialContext
	config.Log = slog.New(slog.DiscardHandler)
	made, err := kind.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Runner)
}

// running runs an adapter; the function that it gives ends it and waits.
func running(t *testing.T, runner channels.Runner, inlet channels.Inlet) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- runner.Run(ctx, inlet) }()
	end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-over:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(end)
	return end
}

// judge holds what was accepted against what was sent: nothing lost, nothing
// twice, every byte there, and what each says is what a person reads in it.
func judge(t *testing.T, reader channels.Adapter, sent map[string][]byte, got []channels.Split) {
	t.Helper()
	if len(got) != len(sent) {
		t.Errorf("%d mails were accepted, %d were sent", len(got), len(sent))
	}
	bodies := map[string]channels.Split{}
	for _, split := range got {
		_, body, err := channels.Unpack(split.Raw)
		if err != nil {
			t.Fatal(err)
		}
		bodies[string(bytes.TrimRight(body, "\r\n"))] = split
	}
	expected := judgements(t)
	for name, mail := range sent {
		split, ok := bodies[string(bytes.TrimRight(mail, "\r\n"))]
		if !ok {
			t.Errorf("%s is lost, or changed under way", name)
			continue
		}
		messages, err := reader.Parse(split.Raw)
		if err != nil || len(messages) != 1 || messages[0].ProviderID != split.ProviderID || messages[0].Digest() != split.Digest {
			t.Errorf("%s: split and parse disagree (%v)", name, err)
			continue
		}
		if complaint := compare(expected[name], messages[0], split.Why); complaint != "" {
			t.Errorf("%s: %s", name, complaint)
		}
	}
}

func compare(want judged, got channels.Message, why string) string {
	if string(got.Nature) != want.Nature || why != want.Why {
		return fmt.Sprintf("is %s (%s), not %s (%s)", got.Nature, why, want.Nature, want.Why)
	}
	var files []string
	for _, media := range got.Media {
		files = append(files, media.ContentType+" "+media.Name)
	}
	if diff := cmp.Diff(want.Files, files); diff != "" {
		return "files: " + diff
	}
	whole := strings.TrimPrefix(got.Subject+"\n\n"+got.Text, "\n\n")
	for _, piece := range want.Says {
		if !strings.Contains(whole, piece) {
			return fmt.Sprintf("does not say %q but %q", piece, whole)
		}
	}
	if strings.ContainsRune(whole, '\uFFFD') {
		return fmt.Sprintf("some of its text cannot be read: %q", whole)
	}
	return ""
}

func TestCorpusThroughSMTP(t *testing.T) {
	sent := letters(t)
	sender := startSender(t)
	runner, inlet := built(t, email.SMTP(), sender.Config()), newCollector()
	running(t, runner, inlet)
	for _, mail := range sent {
		sender.OfferRaw(mail)
	}
	judge(t, runner, sent, inlet.await(t, len(sent)))
}

func TestCorpusThroughIMAP(t *testing.T) {
	sent := letters(t)
	box := startMailbox(t)
	runner, inlet := built(t, email.IMAP(), box.Config()), newCollector()
	running(t, runner, inlet)
	for _, mail := range sent {
		box.deliver(mail)
	}
	judge(t, runner, sent, inlet.await(t, len(sent)))
	if n := box.flagged("S"); n != 0 {
		t.Errorf("%d mails were marked as read", n)
	}
}
