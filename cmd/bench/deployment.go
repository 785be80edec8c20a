package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/sms"
	"github.com/onyo-project/onyo/pkg/api"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/vault"
	"github.com/onyo-project/onyo/ui"
)

// deployment is as much of Onyo as takes in webhooks: the real server over the
// real store, with one Twilio channel, and the intake worker, which rests.
type deployment struct {
	store    *store.Store
	worker   *intake.Worker
	listener net.Listener
}

func openDeployment(ctx context.Context, path string) (*deployment, error) {
	log := slog.New(slog.DiscardHandler)
	keys, err := vault.NewKeys(rand.Reader)
	if err != nil {
		return nil, err
	}
	d := &deployment{}
	if d.store, err = store.Open(ctx, store.Options{URL: "sqlite:" + path, Keys: keys, Clock: time.Now, Rand: rand.Reader, Log: log}); err != nil {
		return nil, err
	}
	if err := d.addChannel(ctx); err != nil {
		return nil, err
	}
	files, err := media.NewFiles(filepath.Join(filepath.Dir(path), "media"))
	if err != nil {
		return nil, err
	}
	host := intake.NewHost(intake.HostOptions{Store: d.store, Keys: keys, Kinds: []channels.Kind{sms.Twilio()}, Client: media.NewClient(), Holder: "bench",
		PublicURL: "https://onyo.example", Clock: time.Now, Rand: rand.Reader, Log: log})
	if err := host.Reload(ctx); err != nil {
		return nil, err
	}
	d.worker = intake.NewWorker(intake.WorkerOptions{Store: d.store, Host: host, Keeper: media.NewKeeper(files, d.store, d.store), Keys: keys,
		Holder: "bench", Clock: time.Now, Rand: rand.Reader, Log: log})
	pages, err := ui.Open()
	if err != nil {
		return nil, err
	}
	server, err := api.New(api.Options{UI: pages, Base: api.Base{PublicURL: "https://onyo.example", Auth: auth.New(d.store, time.Now, rand.Reader, log), Log: log},
		Clock: time.Now, Records: d.store, Host: host})
	if err != nil {
		return nil, err
	}
	d.listener, err = serve(server.Handler())
	return d, err
}

func (d *deployment) addChannel(ctx context.Context) error {
	id, err := crisis.NewID(time.Now(), rand.Reader)
	if err != nil {
		return err
	}
	by := crisis.SystemActor("bench")
	channel := &crisis.Channel{Meta: crisis.First(id, time.Now(), by), Name: hookChannel, Kind: "sms.twilio", Enabled: true,
		Settings: map[string]string{"account_sid": hookAccount}, Secrets: map[string][]vault.Secret{"auth_token": {hookToken}}}
	_, err = d.store.Write(ctx, crisis.Change{Action: "channel.added", Actor: by, At: time.Now(), Put: []crisis.Record{channel}})
	return err
}

func (d *deployment) address() string { return d.listener.Addr().String() }

func (d *deployment) close() {
	_ = d.listener.Close()
	_ = d.store.Close()
}

// counted runs send and checks that the ledger grew by exactly n: what was
// answered is there.
func (d *deployment) counted(ctx context.Context, n int, send func() (time.Duration, error)) (time.Duration, error) {
	before, err := d.store.Size(ctx)
	if err != nil {
		return 0, err
	}
	took, err := send()
	if err != nil {
		return 0, err
	}
	after, err := d.store.Size(ctx)
	if err == nil && after-before != uint64(n) {
		err = fmt.Errorf("%d messages were answered and %d are in the ledger", n, after-before)
	}
	return took, err
}

// whileWorking runs send with the worker beside it and tells how many reports
// came of it meanwhile. Then it lets the worker finish.
func (d *deployment) whileWorking(ctx context.Context, send func() (time.Duration, error)) (took time.Duration, worked int, err error) {
	before, err := d.reports(ctx)
	if err != nil {
		return 0, 0, err
	}
	working, rest := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.worker.Run(working) }()
	took, err = send()
	rest()
	if stopped := <-ended; err == nil {
		err = stopped
	}
	if err != nil {
		return 0, 0, err
	}
	after, err := d.reports(ctx)
	if err != nil {
		return 0, 0, err
	}
	for more := true; more; {
		if more, err = d.worker.Step(ctx); err != nil {
			return 0, 0, err
		}
	}
	return took, after - before, nil
}

// reports counts them by their first entries in the ledger.
func (d *deployment) reports(ctx context.Context) (n int, err error) {
	for from := uint64(0); ; {
		entries, err := d.store.Entries(ctx, from, 10_000)
		if err != nil || len(entries) == 0 {
			return n, err
		}
		for _, entry := range entries {
			if entry.Table == crisis.TableReport && entry.Rev == 1 {
				n++
			}
		}
		from = entries[len(entries)-1].Index + 1
	}
}
