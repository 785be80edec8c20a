package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/connect"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

// compareInserts measures messages that are accepted through the store's one
// door, by many callers at once, against the same rows written by the driver
// alone: of the same sizes, into the same tables, as many a transaction as there
// are callers, on the same disk with the same settings.
func compareInserts(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("inserts", flag.ContinueOnError)
	n := flags.Int("messages", 20_000, "how many messages a round")
	rounds := flags.Int("rounds", 5, "how many rounds")
	callers := flags.Int("callers", 32, "how many accept at once")
	where := flags.String("dir", "bin", "where the SQLite databases go: on a real disk")
	postgres := flags.Bool("postgres", true, "compare on PostgreSQL too, in a private cluster")
	profile := flags.String("profile", "", "write CPU profiles of our side to files named like this, as bin/inserts.prof")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, remove, err := scratch(*where)
	if err != nil {
		return err
	}
	defer remove()
	urls := map[string]string{"onyo": "sqlite:" + filepath.Join(dir, "onyo.db"), "driver": "sqlite:" + filepath.Join(dir, "driver.db")}
	if err := onDatabase(out, "SQLite, synchronous=FULL", urls, *n, *rounds, *callers, *profile); err != nil {
		return err
	}
	if !*postgres {
		return nil
	}
	for side := range urls {
		if urls[side], err = storetest.Start(); err != nil {
			return fmt.Errorf("start PostgreSQL (-postgres=false leaves it out): %w", err)
		}
	}
	return onDatabase(out, "PostgreSQL, synchronous_commit=on", urls, *n, *rounds, *callers, "")
}

func onDatabase(out io.Writer, title string, urls map[string]string, n, rounds, callers int, profile string) error {
	ctx := context.Background()
	keys, err := vault.NewKeys(rand.Reader)
	if err != nil {
		return err
	}
	open := func(url string) (*store.Store, error) {
		return store.Open(ctx, store.Options{URL: url, Keys: keys, Clock: time.Now, Rand: rand.Reader})
	}
	ours, err := open(urls["onyo"])
	if err != nil {
		return err
	}
	defer ours.Close()
	// The driver's side gets its tables from the store, which then leaves.
	theirs, err := open(urls["driver"])
	if err != nil {
		return err
	}
	if err := theirs.Close(); err != nil {
		return err
	}
	address, err := connect.Parse(urls["driver"])
	if err != nil {
		return err
	}
	probe, err := openProbe(ctx, address)
	if err != nil {
		return err
	}
	defer probe.close()
	onyo := &side{name: fmt.Sprintf("onyo: store.Write, %d callers", callers), profile: profile}
	driver := &side{name: fmt.Sprintf("driver alone, %d a transaction", callers)}
	onyo.run = func(ctx context.Context) (time.Duration, error) { return acceptAll(ctx, ours, keys, n, callers) }
	driver.run = func(ctx context.Context) (time.Duration, error) { return probe.insert(ctx, n, callers) }
	if err := interleave(ctx, rounds, n, onyo, driver); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d messages of %d bytes a round, %d rounds; %s\n", n, rawBytes, rounds, title)
	printSides(out, "messages per second, durable", onyo, driver)
	return nil
}

// rawBytes is how long a stored Twilio webhook is.
const rawBytes = 680

// acceptAll accepts n messages, each in a Write of its own, and waits for all.
func acceptAll(ctx context.Context, s *store.Store, keys *vault.Keys, n, callers int) (time.Duration, error) {
	messages, err := newMessages(keys, n)
	if err != nil {
		return 0, err
	}
	var next atomic.Int64
	var group sync.WaitGroup
	faults := make([]error, callers)
	start := time.Now()
	for i := range callers {
		group.Go(func() {
			for {
				at := next.Add(1) - 1
				if at >= int64(n) {
					return
				}
				message := messages[at]
				change := crisis.Change{Action: "message.accepted", Actor: message.By, At: message.At, Put: []crisis.Record{message}}
				if _, faults[i] = s.Write(ctx, change); faults[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(start), errors.Join(faults...)
}

// newMessages are as intake makes them of text messages.
func newMessages(keys *vault.Keys, n int) ([]*crisis.Message, error) {
	channel, err := crisis.NewID(time.Now(), rand.Reader)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, rawBytes)
	messages := make([]*crisis.Message, n)
	for i := range messages {
		now := time.Now()
		id, err := crisis.NewID(now, rand.Reader)
		if err != nil {
			return nil, err
		}
		name := id.String()
		messages[i] = &crisis.Message{
			Meta: crisis.First(id, now, crisis.ChannelActor(hookChannel)), Channel: channel, Direction: crisis.Inbound, Kind: "report",
			ProviderKey: keys.Dedupe(channel.String(), name), Digest: keys.Digest(channel.String(), []byte(name)), Raw: raw,
		}
	}
	return messages, nil
}
