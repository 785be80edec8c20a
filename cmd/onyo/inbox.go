package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

type inboxCmd struct {
	Ls    inboxLsCmd    `cmd:"" help:"List messages that are set aside or in quarantine, and why."`
	Retry inboxRetryCmd `cmd:"" help:"Put messages back to work; all that are in quarantine where none are named."`
}

type inboxLsCmd struct{}

// Run lists what waits. It shows nothing of what the messages say.
func (inboxLsCmd) Run(ctx context.Context, w *world) error {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	waiting, err := intake.NewInbox(o.store).List(ctx)
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		_, err := fmt.Fprintln(w.out, "Nothing waits.")
		return err
	}
	table := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MESSAGE\tCHANNEL\tRECEIVED\tBYTES\tTRIES\tSTATE\tCODE\tWHY")
	for _, one := range waiting {
		state := "again " + one.Due.UTC().Format(time.RFC3339)
		if one.Quarantined {
			state = "quarantine"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", one.Message, one.Channel, one.ReceivedAt.UTC().Format(time.RFC3339),
			one.Bytes, one.Tries, state, one.Code, one.Label)
	}
	return table.Flush()
}

type inboxRetryCmd struct {
	Messages []string `arg:"" optional:"" help:"Ids as in onyo inbox ls."`
}

// Run puts them back; the server works them within seconds.
func (c inboxRetryCmd) Run(ctx context.Context, w *world) error {
	ids := make([]crisis.ID, len(c.Messages))
	for i, text := range c.Messages {
		id, err := crisis.ParseID(text)
		if err != nil || id.IsZero() {
			return fmt.Errorf("%q is no message's id", text)
		}
		ids[i] = id
	}
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	n, err := intake.NewInbox(o.store).Retry(ctx, ids...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%d put back to work\n", n)
	return err
}
