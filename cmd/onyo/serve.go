package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/simulate"
)

type serveCmd struct {
	Demo  bool    `help:"Serve a living demo from its own directory, on loopback alone."`
	Speed float64 `default:"1" help:"How fast the demo's script runs."`
}

// Run serves until it is told to stop.
func (c serveCmd) Run(ctx context.Context, w *world) error {
	if c.Demo {
		if err := c.asDemo(w); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(w.DataDir, 0o700); err != nil {
		return fmt.Errorf("ONYO_DATA_DIR: make the data directory: %w", err)
	}
	release, err := holdLock(filepath.Join(w.DataDir, "onyo.lock"))
	if errors.Is(err, errServing) {
		return fmt.Errorf("ONYO_DATA_DIR: %w", err)
	}
	if err != nil {
		return err
	}
	defer release()
	o, err := openStore(ctx, w, c.announce(w))
	if err != nil {
		return err
	}
	defer o.close()
	if err := plant(ctx, w, o.store); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", w.Listen)
	if err != nil {
		return fmt.Errorf("ONYO_LISTEN: %w", err)
	}
	if c.Demo {
		scenario, err := simulate.Open(demoScenario)
		if err != nil {
			return err
		}
		if err := prepareDemo(ctx, w, o, scenario); err != nil {
			return err
		}
	}
	house, err := build(ctx, w, o, c.Demo)
	if err != nil {
		listener.Close()
		return err
	}
	if err := c.welcome(ctx, w, o, house); err != nil {
		listener.Close()
		return err
	}
	return c.run(ctx, w, o, house, listener)
}

// roomBytes is memory that is asked for and never touched: it costs no RAM, and
// the garbage collector, which waits until the heap has doubled, comes by less
// often while the deployment is small. A burst of messages is where that tells.
const roomBytes = 64 << 20

func (c serveCmd) run(ctx context.Context, w *world, o *opened, house *house, listener net.Listener) error {
	room := make([]byte, roomBytes)
	defer runtime.KeepAlive(room)
	// Not one request may meet a server that does not know its channels yet: a
	// provider that is told 404 does not try again.
	if err := house.host.Reload(ctx); err != nil {
		listener.Close()
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return house.api.Serve(ctx, listener) })
	house.start(ctx, group)
	if c.Demo {
		group.Go(func() error { return playDemo(ctx, w, o, house, c.Speed) })
	}
	return group.Wait()
}

// asDemo keeps the demo away from anything real: its own directory, which it
// must have made itself, and loopback alone.
func (c serveCmd) asDemo(w *world) error {
	host, _, err := net.SplitHostPort(w.Listen)
	if err != nil {
		return fmt.Errorf("ONYO_LISTEN: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("ONYO_LISTEN: the demo signs anybody in as anybody, so it serves only on a loopback address")
	}
	w.DataDir = filepath.Join(w.DataDir, "demo")
	w.KeyFile = w.DataDir + ".key"
	w.DatabaseURL = "sqlite:" + filepath.Join(w.DataDir, "onyo.db")
	w.Profile = string(crisis.ProfileOpen)
	w.PublishEvery = 2 * time.Second
	mark := filepath.Join(w.DataDir, "demo")
	entries, err := os.ReadDir(w.DataDir)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		if err := os.MkdirAll(w.DataDir, 0o700); err != nil {
			return fmt.Errorf("make the demo's directory: %w", err)
		}
		return os.WriteFile(mark, []byte("made by onyo serve --demo\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("read the demo's directory: %w", err)
	}
	if _, err := os.Stat(mark); err != nil {
		return fmt.Errorf("%s was not made by a demo; the demo leaves it alone", w.DataDir)
	}
	return nil
}

// announce is where a new key's words go: to the person, but for the demo, whose
// key guards nothing.
func (c serveCmd) announce(w *world) io.Writer {
	if c.Demo {
		return io.Discard
	}
	return w.out
}

// welcome prints what a person needs to see at a start: one address, and what
// only a first start can tell.
func (c serveCmd) welcome(ctx context.Context, w *world, o *opened, house *house) error {
	if c.Demo {
		_, err := fmt.Fprintf(w.out, "DEMO, with invented people and messages: %s\n", w.PublicURL)
		return err
	}
	deployment, _, err := crisis.ReadDeployment(ctx, o.store)
	if err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if deployment.SetUp.IsZero() {
		secret, err := house.people.SetupLink(ctx, crisis.SystemActor("first start"))
		if err != nil {
			return err
		}
		fmt.Fprintf(w.out, "Set Onyo up: %s/setup#%s\n", w.PublicURL, secret)
	} else if err := house.people.EndSetup(ctx, crisis.SystemActor("start")); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "Serving on %s\n", w.PublicURL)
	return err
}
