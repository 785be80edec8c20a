package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
)

type ledgerCmd struct {
	Verify     ledgerVerifyCmd     `cmd:"" help:"Read everything and say whether all of it is as it was written."`
	Checkpoint ledgerCheckpointCmd `cmd:"" help:"Print a signed line of how far the ledger goes. Keep it elsewhere."`
}

type ledgerVerifyCmd struct {
	Checkpoint string `placeholder:"FILE" help:"A checkpoint that was kept elsewhere."`
}

// Run fails when anything is not as it was written.
func (c ledgerVerifyCmd) Run(ctx context.Context, w *world) error {
	var checkpoint []byte
	if c.Checkpoint != "" {
		var err error
		if checkpoint, err = os.ReadFile(c.Checkpoint); err != nil {
			return fmt.Errorf("--checkpoint: %w", err)
		}
	}
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	told := w.clock()
	verdict, err := o.store.Verify(ctx, func(done, total uint64) {
		if now := w.clock(); now.Sub(told) >= time.Second {
			told = now
			fmt.Fprintf(w.errOut, "%d of %d\n", done, total)
		}
	}, checkpoint)
	if err != nil {
		return err
	}
	printVerdict(w.out, verdict)
	if len(verdict.Faults) > 0 {
		return fmt.Errorf("%d faults: something was changed behind our back, or the disk fails. Stop, copy everything as it is, and compare with a backup", len(verdict.Faults))
	}
	return nil
}

func printVerdict(out io.Writer, v store.Verdict) {
	fmt.Fprintf(out, "ledger    %d entries\nrecords   %d rows, %d of them forgotten\n", v.Entries, v.Rows, v.Forgotten)
	for _, table := range crisis.Tables() {
		fmt.Fprintf(out, "  %-16s %d\n", table, v.Records[table])
	}
	fmt.Fprintf(out, "ledger's own tables: %s\nderived tables, rebuilt from records: %s\nworking tables, no evidence: %s\n",
		joined(v.Ledger), joined(v.Derived), joined(v.Working))
	for _, fault := range v.Faults {
		fmt.Fprintln(out, "FAULT", fault)
	}
	if len(v.Faults) == 0 {
		fmt.Fprintln(out, "All is as it was written.")
	}
}

func joined(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

type ledgerCheckpointCmd struct{}

// Run prints the checkpoint as a signed note.
func (ledgerCheckpointCmd) Run(ctx context.Context, w *world) error {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	checkpoint, err := o.store.Checkpoint(ctx)
	if err != nil {
		return err
	}
	_, err = w.out.Write(checkpoint)
	return err
}
