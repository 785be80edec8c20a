package media

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// desk is a room for uploads whose clock stands still until it is moved.
type desk struct {
	*Uploads
	now time.Time
}

func newDesk(t interface{ Fatal(...any) }, dir string, keys *vault.Keys) *desk {
	d := &desk{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	if d.Uploads, err = NewUploads(dir, keys, func() time.Time { return d.now }, rand.Reader, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return d
}

func testKeys(t interface{ Fatal(...any) }) *vault.Keys {
	keys, err := vault.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (d *desk) create(t *testing.T, length int64) string {
	t.Helper()
	id, _, err := d.Create(length, "image/jpeg")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// onDisk is the one file that lies there.
func (d *desk) onDisk(t interface{ Fatal(...any) }) string {
	files, err := filepath.Glob(filepath.Join(d.dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal("not one file", files, err)
	}
	return files[0]
}

var errLine = errors.New("the line broke")

// TestUploadsSurvive: however a file is cut into pieces, however often the line
// breaks, the server dies in the middle of a write or begins anew, what was
// acknowledged stays, and in the end the file is whole.
func TestUploadsSurvive(t *testing.T) {
	keys := testKeys(t)
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		d := newDesk(r, dir, keys)
		want := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(r, "content"), rapid.IntRange(0, 20_000).Draw(r, "times"))
		id, _, err := d.Create(int64(len(want)), "image/png")
		if err != nil {
			r.Fatal(err)
		}
		for {
			at, length, _, err := d.State(id)
			if err != nil || length != int64(len(want)) {
				r.Fatal(length, err)
			}
			if at == length {
				break
			}
			most := rapid.Int64Range(1, length-at).Draw(r, "piece")
			line := io.Reader(bytes.NewReader(want[at : at+most]))
			breaks := rapid.Bool().Draw(r, "breaks")
			if breaks {
				line = io.MultiReader(line, iotest.ErrReader(errLine))
			}
			ends, _, err := d.Append(id, at, line)
			if ends != at+most || (err != nil) != (breaks && ends < length) || err != nil && !(errors.Is(err, errLine) && errors.Is(err, ErrCut)) {
				r.Fatalf("from %d by %d to %d: %v", at, most, ends, err)
			}
			if rapid.Bool().Draw(r, "dies") {
				torn := append([]byte{0, 0, 1, byte(rapid.IntRange(0, 255).Draw(r, "length"))}, rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(r, "torn")...)
				file, err := os.OpenFile(d.onDisk(r), os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					r.Fatal(err)
				}
				if _, err := file.Write(torn[:rapid.IntRange(0, len(torn)).Draw(r, "of it")]); err != nil {
					r.Fatal(err)
				}
				file.Close()
				d = newDesk(r, dir, keys)
			}
		}
		got, contentType, err := d.Take(id)
		if err != nil || contentType != "image/png" || !bytes.Equal(got, want) {
			r.Fatalf("%d bytes of %d, %q, %v", len(got), len(want), contentType, err)
		}
		if info, err := os.Stat(d.onDisk(r)); err != nil || d.count != 1 || len(want) == 0 && d.bytes != info.Size() {
			r.Fatal("the room is counted wrong", d.count, d.bytes, err)
		}
	})
}

// TestUploadsAreSealed: nothing of an upload can be read or put elsewhere without
// the key, and its id is not on the disk.
func TestUploadsAreSealed(t *testing.T) {
	keys := testKeys(t)
	d := newDesk(t, t.TempDir(), keys)
	canary := []byte("canary: what the witness photographed")
	id := d.create(t, int64(len(canary)))
	if _, _, err := d.Append(id, 0, bytes.NewReader(canary)); err != nil {
		t.Fatal(err)
	}
	path := d.onDisk(t)
	content, err := os.ReadFile(path)
	if err != nil || bytes.Contains(content, []byte("canary")) || bytes.Contains(content, []byte("jpeg")) || strings.Contains(path, id) || bytes.Contains(content, []byte(id)) {
		t.Fatalf("%s holds %q, %v", path, content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, _, err := newDesk(t, d.dir, testKeys(t)).Take(id); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("under another key: %v", err)
	}
	other := d.create(t, 5)
	name, err := nameOf(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(d.dir, name)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Take(other); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("moved to another's place: %v", err)
	}
	for _, id := range []string{"", "..", strings.Repeat("0", 32), strings.Repeat("../", 11)[:32]} {
		if _, _, _, err := d.State(id); !errors.Is(err, crisis.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestUploadsKeepToTheirLimits and say which one it was.
func TestUploadsKeepToTheirLimits(t *testing.T) {
	d := newDesk(t, t.TempDir(), testKeys(t))
	for _, length := range []int64{-1, MaxBytes + 1} {
		if _, _, err := d.Create(length, ""); !errors.Is(err, ErrLength) {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
	id := d.create(t, 4)
	if _, _, err := d.Take(id); !errors.Is(err, ErrUnfinished) {
		t.Errorf("unfinished: %v", err)
	}
	for _, at := range []int64{1, -1} {
		if _, _, err := d.Append(id, at, strings.NewReader("x")); !errors.Is(err, ErrOffset) {
			t.Errorf("at %d: %v", at, err)
		}
	}
	if ends, _, err := d.Append(id, 0, strings.NewReader("12345")); !errors.Is(err, ErrLength) || ends != 4 {
		t.Errorf("too much: %d, %v", ends, err)
	}
	if got, _, err := d.Take(id); err != nil || string(got) != "1234" {
		t.Errorf("%q, %v", got, err)
	}
	small := d.create(t, uploadPieces+1)
	name, _ := nameOf(small)
	up, file, err := d.openFile(name, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	for range uploadPieces {
		sealed := up.seal([]byte("x"))
		if _, err := file.WriteAt(sealed, up.size); err != nil {
			t.Fatal(err)
		}
		up.size, up.offset = up.size+int64(len(sealed)), up.offset+1
	}
	file.Close()
	if _, _, err := d.Append(small, uploadPieces, strings.NewReader("x")); !errors.Is(err, ErrPieces) {
		t.Errorf("one piece more: %v", err)
	}
	d.weigh(0, uploadsBytes)
	if _, _, err := d.Create(4, ""); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
	d.weigh(uploadsMost, -uploadsBytes)
	if _, _, err := d.Create(4, ""); !errors.Is(err, ErrFull) {
		t.Errorf("too many: %v", err)
	}
}

// TestUploadsEnd: one that nobody began goes first, a used one after its report had
// time to be sent again, any after a day, and with the file its room.
func TestUploadsEnd(t *testing.T) {
	d := newDesk(t, t.TempDir(), testKeys(t))
	start := d.now
	begun, used, never, dropped := d.create(t, 4), d.create(t, 4), d.create(t, 4), d.create(t, 4)
	for _, id := range []string{begun, used, dropped} {
		if _, expires, err := d.Append(id, 0, strings.NewReader("1234")); err != nil || !expires.Equal(start.Add(UploadLife)) {
			t.Fatal(expires, err)
		}
	}
	if err := d.Drop(dropped); err != nil {
		t.Fatal(err)
	}
	d.Used(used)
	for _, step := range []struct {
		after time.Duration
		there map[string]bool
	}{
		{0, map[string]bool{begun: true, used: true, never: true, dropped: false}},
		{unusedLife, map[string]bool{begun: true, used: true, never: true}},
		{unusedLife + time.Second, map[string]bool{begun: true, used: false, never: false}},
		{UploadLife, map[string]bool{begun: true}},
		{UploadLife + time.Second, map[string]bool{begun: false}},
	} {
		d.now = start.Add(step.after)
		if err := d.Sweep(); err != nil {
			t.Fatal(err)
		}
		for id, want := range step.there {
			if _, _, _, err := d.State(id); (err == nil) != want || err != nil && !errors.Is(err, crisis.ErrNotFound) {
				t.Errorf("after %s: %v", step.after, err)
			}
		}
	}
	if files, _ := os.ReadDir(d.dir); len(files) != 0 || d.bytes != 0 || d.count != 0 || len(d.used) != 0 {
		t.Errorf("%d files, %d bytes, %d uploads are left", len(files), d.bytes, d.count)
	}
	if err := d.Drop(dropped); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("dropped twice: %v", err)
	}
}

// TestUploadsSweepWhatCannotBeRead, but not before a day is over: it may be about
// to be written.
func TestUploadsSweepWhatCannotBeRead(t *testing.T) {
	d := newDesk(t, t.TempDir(), testKeys(t))
	path := filepath.Join(d.dir, strings.Repeat("a", 32))
	if err := os.WriteFile(path, []byte("half a he"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, age := range []time.Duration{UploadLife, UploadLife + time.Second} {
		if err := os.Chtimes(path, d.now.Add(-age), d.now.Add(-age)); err != nil {
			t.Fatal(err)
		}
		if err := d.Sweep(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != (age == UploadLife) {
			t.Errorf("after %s: %v", age, err)
		}
	}
}

// TestUploadsOfOneFileAtOnce: a request that hangs does not keep out the one that
// resumes, and what both bring is there once.
func TestUploadsOfOneFileAtOnce(t *testing.T) {
	d := newDesk(t, t.TempDir(), testKeys(t))
	want := make([]byte, 3*chunkBytes+17)
	if _, err := rand.Read(want); err != nil {
		t.Fatal(err)
	}
	id := d.create(t, int64(len(want)))
	hangs, brings := io.Pipe()
	var all sync.WaitGroup
	all.Go(func() {
		if _, _, err := d.Append(id, 0, hangs); !errors.Is(err, ErrOffset) {
			t.Errorf("the one that hung: %v", err)
		}
	})
	if _, err := brings.Write(want[:10]); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		all.Go(func() {
			if ends, _, err := d.Append(id, 0, bytes.NewReader(want)); err != nil && !errors.Is(err, ErrOffset) || err == nil && ends != int64(len(want)) {
				t.Errorf("%d: %v", ends, err)
			}
		})
	}
	all.Go(func() {
		for {
			at, _, _, err := d.State(id)
			if err != nil {
				t.Error(err)
			}
			if err != nil || at == int64(len(want)) {
				brings.CloseWithError(errLine)
				return
			}
			if _, _, err := d.Append(id, at, bytes.NewReader(want[at:])); err != nil && !errors.Is(err, ErrOffset) {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if got, _, err := d.Take(id); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestUploadsSurviveKill: a process that is killed while it writes has lost nothing
// that it acknowledged.
func TestUploadsSurviveKill(t *testing.T) {
	dir, keyFile := os.Getenv("UPLOADS_DIR"), os.Getenv("UPLOADS_KEY")
	if dir != "" {
		writeUntilKilled(t, dir, keyFile)
		return
	}
	dir = t.TempDir()
	keyFile = filepath.Join(dir, "key")
	keys := testKeys(t)
	if err := keys.Save(keyFile); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "uploads")
	id, at := "", int64(0)
	for acknowledged := 1; acknowledged < 40; acknowledged += 13 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUploadsSurviveKill$") //nolint:gosec // this test itself
		child.Env = append(os.Environ(), "UPLOADS_DIR="+dir, "UPLOADS_KEY="+keyFile, "UPLOADS_ID="+id)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < acknowledged && lines.Scan(); n++ {
			if _, err := fmt.Sscan(lines.Text(), &id, &at); err != nil {
				t.Fatal(lines.Text(), err)
			}
		}
		_ = child.Process.Kill()
		_ = child.Wait()
		got, length, _, err := newDesk(t, dir, keys).State(id)
		if err != nil || got < at || length != MaxBytes {
			t.Fatalf("%d were acknowledged, %d are there: %v", at, got, err)
		}
	}
	d := newDesk(t, dir, keys)
	name, _ := nameOf(id)
	up, file, err := d.openFile(name, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := up.content(file)
	if err != nil || int64(len(content)) < at {
		t.Fatal(len(content), err)
	}
	for i, b := range content {
		if b != byte(i/1000) {
			t.Fatalf("byte %d is %d", i, b)
		}
	}
}

// writeUntilKilled adds pieces of 1000 bytes and prints each acknowledgement.
func writeUntilKilled(t *testing.T, dir, keyFile string) {
	keys, err := vault.LoadKeys(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	d, id := newDesk(t, dir, keys), os.Getenv("UPLOADS_ID")
	if id == "" {
		id = d.create(t, MaxBytes)
	}
	at, _, _, err := d.State(id)
	for err == nil {
		at, _, err = d.Append(id, at, bytes.NewReader(bytes.Repeat([]byte{byte(at / 1000)}, 1000)))
		fmt.Println(id, at)
	}
	t.Fatal(err)
}
