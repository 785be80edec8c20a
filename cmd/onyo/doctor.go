package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/vault"
)

type doctorCmd struct{}

// finding is one thing that was looked at: "OK", "WARN" or "FAIL", and what to do.
type finding struct{ level, what, do string }

const (
	levelOK   = "OK"
	levelWarn = "WARN"
	levelFail = "FAIL"

	// Free disk below these is a warning and a failure.
	diskWarn = 2 << 30
	diskFail = 200 << 20
	// tailRead is how many entries of the ledger's end are read.
	tailRead = 500
	// clockSlack is how far the last entry may lie ahead of the clock.
	clockSlack = 5 * time.Second
)

// Run prints a line for each thing looked at and fails when one of them is FAIL.
// It makes nothing that is not there.
func (doctorCmd) Run(ctx context.Context, w *world) error {
	findings := []finding{lookAddress(w.settings)}
	used, err := store.Initialised(ctx, w.DatabaseURL)
	if err != nil {
		findings = append(findings, finding{levelFail, "database: " + err.Error(), "see ONYO_DATABASE_URL, and whether the database runs"})
	}
	findings = append(findings, lookKey(w.KeyFile, used))
	findings = append(findings, lookFolder(w.DataDir)...)
	if err == nil && !used {
		findings = append(findings, finding{levelWarn, "database: nothing was ever stored", "start with onyo serve"})
	}
	if used && findings[1].level == levelOK {
		findings = append(findings, lookInside(ctx, w)...)
	}
	failed := 0
	for _, f := range findings {
		line := fmt.Sprintf("%-4s %s", f.level, f.what)
		if f.level != levelOK {
			line += "\n     -> " + f.do
		}
		fmt.Fprintln(w.out, line)
		if f.level == levelFail {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d are FAIL", failed, len(findings))
	}
	return nil
}

func lookAddress(s settings) finding {
	u, err := url.Parse(s.PublicURL)
	host := ""
	if err == nil {
		host = u.Hostname()
	}
	if err == nil && u.Scheme == "http" && host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" {
		return finding{levelWarn, "public address: " + s.PublicURL + " is not encrypted: whoever sits between reads reports and passwords",
			"put a server with a certificate before it and set ONYO_PUBLIC_URL to https://…"}
	}
	return finding{level: levelOK, what: "public address: " + s.PublicURL}
}

func lookKey(path string, used bool) finding {
	keys, err := vault.LoadKeys(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !used:
		return finding{levelWarn, "key: " + path + " is not there yet", "it is made at the first start"}
	case errors.Is(err, fs.ErrNotExist):
		return finding{levelFail, "key: " + path + " is missing and nothing sealed can be read", "bring it back with onyo key restore and its 24 words"}
	case errors.Is(err, vault.ErrKeyFileOpen):
		return finding{levelFail, "key: others on this machine can read " + path, "chmod 600 " + path}
	case err != nil:
		return finding{levelFail, "key: " + err.Error(), "move it away and bring it back with onyo key restore"}
	}
	return finding{level: levelOK, what: "key: " + keys.ID() + " in " + path}
}

func lookFolder(path string) []finding {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return []finding{{levelWarn, "data directory: " + path + " is not there yet", "it is made at the first start"}}
	}
	if err != nil || !info.IsDir() {
		return []finding{{levelFail, "data directory: " + path + " cannot be used", "see ONYO_DATA_DIR"}}
	}
	var findings []finding
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		findings = append(findings, finding{levelWarn, fmt.Sprintf("data directory: others on this machine may look into %s (mode %04o)", path, mode), "chmod 700 " + path})
	} else {
		findings = append(findings, finding{level: levelOK, what: "data directory: " + path})
	}
	free, err := freeBytes(path)
	disk := finding{level: levelOK, what: fmt.Sprintf("disk: %d MB free", free>>20), do: "make room: without space nothing can be accepted"}
	switch {
	case err != nil:
		disk.level, disk.what = levelWarn, "disk: how much is free cannot be told: "+err.Error()
	case free < diskFail:
		disk.level = levelFail
	case free < diskWarn:
		disk.level = levelWarn
	}
	return append(findings, disk, lookLock(path))
}

func lookLock(folder string) finding {
	path := filepath.Join(folder, "onyo.lock")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return finding{level: levelOK, what: "lock: no server runs on this data directory"}
	}
	release, err := holdLock(path)
	switch {
	case errors.Is(err, errServing):
		return finding{level: levelOK, what: "lock: a server runs on this data directory"}
	case err != nil:
		return finding{levelFail, "lock: " + err.Error(), "see who owns " + path}
	}
	release()
	return finding{level: levelOK, what: "lock: no server runs on this data directory"}
}

// lookInside opens the database, which also brings its schema up to date.
func lookInside(ctx context.Context, w *world) []finding {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return []finding{{levelFail, "database: " + err.Error(), "if the key is another one, move it away and use onyo key restore"}}
	}
	defer o.close()
	findings := []finding{{level: levelOK, what: "database: " + o.store.Dialect() + ", schema up to date"}}
	findings = append(findings, lookLedger(ctx, w, o)...)
	return append(findings, lookDeployment(ctx, o), lookInbox(ctx, o))
}

// lookLedger reads the sealed head and the last entries; onyo ledger verify
// reads everything.
func lookLedger(ctx context.Context, w *world, o *opened) []finding {
	do := "run onyo ledger verify"
	size, err := o.store.Size(ctx)
	if err == nil {
		_, err = o.store.Checkpoint(ctx)
	}
	var tail []crisis.Entry
	if err == nil {
		tail, err = o.store.Entries(ctx, size-min(size, tailRead), tailRead)
	}
	if err != nil {
		return []finding{{levelFail, "ledger: " + err.Error(), do}}
	}
	for i, entry := range tail {
		if entry.Index != tail[0].Index+uint64(i) {
			return []finding{{levelFail, fmt.Sprintf("ledger: entry %d is missing", tail[0].Index+uint64(i)), do}}
		}
	}
	findings := []finding{{level: levelOK, what: fmt.Sprintf("ledger: %d entries, its head and its last %d are sound", size, len(tail))}}
	if len(tail) == 0 {
		return findings
	}
	last := tail[len(tail)-1].At
	if now := w.clock(); last.After(now.Add(clockSlack)) {
		return append(findings, finding{levelFail, fmt.Sprintf("clock: it is %s here, but the last entry was written at %s", now.UTC().Format(time.RFC3339), last.Format(time.RFC3339)), "set this machine's clock"})
	}
	return append(findings, finding{level: levelOK, what: "clock: after the last entry"})
}

func lookDeployment(ctx context.Context, o *opened) finding {
	deployment, _, err := crisis.ReadDeployment(ctx, o.store)
	switch {
	case err != nil:
		return finding{levelFail, "deployment: " + err.Error(), "start with onyo serve"}
	case deployment.KeyConfirmed.IsZero():
		return finding{levelWarn, "recovery words: nobody has confirmed that a copy is kept elsewhere; if this disk dies everything sealed is lost", "run onyo key confirm"}
	}
	return finding{level: levelOK, what: "recovery words: a copy was confirmed on " + deployment.KeyConfirmed.Format(time.DateOnly)}
}

func lookInbox(ctx context.Context, o *opened) finding {
	waiting, err := o.store.RetryList(ctx)
	if err != nil {
		return finding{levelFail, "inbox: " + err.Error(), "see the database"}
	}
	quarantined := 0
	for _, one := range waiting {
		if one.Quarantined {
			quarantined++
		}
	}
	if quarantined > 0 {
		return finding{levelWarn, fmt.Sprintf("inbox: %d messages could not be read", quarantined), "see onyo inbox ls"}
	}
	return finding{level: levelOK, what: "inbox: nothing in quarantine"}
}
