package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/api"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/intake"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/outbox"
	"github.com/onyo-project/onyo/pkg/publish"
	"github.com/onyo-project/onyo/pkg/store/projection"
	"github.com/onyo-project/onyo/pkg/triage"
	"github.com/onyo-project/onyo/pkg/verification"
	"github.com/onyo-project/onyo/ui"
)

// house is the running whole: every stage, wired.
type house struct {
	w      *world
	opened *opened
	api    *api.Server
	people *auth.Service
	places *gazetteer.Gazetteer

	host     *intake.Host
	worker   *intake.Worker
	outbox   *outbox.Outbox
	fetcher  *media.Fetcher
	reading  *triage.Reader
	triage   *triage.Service
	work     *verification.Service
	queue    *verification.Queue
	hotspots *hotspot.Service
	publish  *publish.Publisher
	ops      *live.Ops
	public   *live.Public
	writer   *projection.Projection
	reader   *projection.Projection
	keeper   *media.Keeper
	uploads  *media.Uploads
	demo     bool
	loaded   atomic.Bool
	// published wakes the public map after a batch of this process.
	published chan struct{}
}

// heartbeat is how often live maps say how fresh they are.
const heartbeat = 5 * time.Second

func build(ctx context.Context, w *world, o *opened, demo bool) (*house, error) {
	h := &house{w: w, opened: o, demo: demo, people: auth.New(o.store, w.clock, w.random, w.log)}
	deployment, _, err := crisis.ReadDeployment(ctx, o.store)
	if err != nil {
		return nil, fmt.Errorf("read the deployment: %w", err)
	}
	places, err := openPlaces(w)
	if err != nil {
		return nil, err
	}
	if err := h.intake(w, o); err != nil {
		return nil, err
	}
	if err := h.stages(w, o, places); err != nil {
		return nil, err
	}
	if err := h.projection(ctx, w, o, places, deployment); err != nil {
		return nil, err
	}
	h.ops = live.NewOps(live.OpsOptions{Store: o.store, Clock: w.clock, Log: w.log, Area: func(points []geo.Point) [][]geo.Point { return hotspot.Area(points, 150) }})
	return h, h.server(w, o, demo)
}

// holder names this process among those that may hold a lease. On SQLite one
// process at a time serves a data directory, which onyo.lock sees to: after a
// crash the next one goes on at once, under the same name. On PostgreSQL it
// waits until the lease of the dead one has run out.
func holder(w *world) string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	folder, err := filepath.Abs(w.DataDir)
	if err != nil || !strings.HasPrefix(w.DatabaseURL, "sqlite:") {
		return fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	sum := sha256.Sum256([]byte(folder))
	return fmt.Sprintf("%s-%x", host, sum[:8])
}

// way is how messages leave on a channel.
func (h *house) way(channel crisis.ID) (outbox.Way, bool) {
	kind, adapter, ok := h.host.Live(channel)
	if !ok || !kind.Can.Send && !kind.Can.Collect {
		return outbox.Way{}, false
	}
	sender, _ := adapter.(channels.Sender)
	return outbox.Way{Sender: sender, TextBytes: kind.Limits.TextBytes}, true
}

func (h *house) intake(w *world, o *opened) error {
	files, err := media.NewFiles(filepath.Join(w.DataDir, "media"))
	if err != nil {
		return fmt.Errorf("open the media folder: %w", err)
	}
	h.keeper = media.NewKeeper(files, o.store, o.store)
	if h.uploads, err = media.NewUploads(filepath.Join(w.DataDir, "uploads"), o.keys, w.clock, w.random, w.log); err != nil {
		return err
	}
	h.host = newHost(w, o, func(ctx context.Context, channel crisis.ID, asked *channels.Collect) ([]channels.Outbound, error) {
		return h.outbox.Collect(ctx, channel, asked)
	})
	h.outbox = outbox.New(outbox.Options{Store: o.store, Way: h.way, Read: h.host.Read, Keys: o.keys, PublicURL: w.PublicURL, Holder: holder(w),
		Clock: w.clock, Rand: w.random, Log: w.log})
	h.worker = intake.NewWorker(intake.WorkerOptions{Store: o.store, Host: h.host, Keeper: h.keeper, Keys: o.keys, Holder: holder(w), Clock: w.clock, Rand: w.random, Log: w.log})
	h.fetcher = media.NewFetcher(o.store, h.keeper, h.host.MediaRequest, holder(w), w.clock, w.log)
	return nil
}

// newHost hosts the channels; collect gives gateways that ask what waits for them.
func newHost(w *world, o *opened, collect func(context.Context, crisis.ID, *channels.Collect) ([]channels.Outbound, error)) *intake.Host {
	return intake.NewHost(intake.HostOptions{Store: o.store, Keys: o.keys, Kinds: kinds(), Client: media.NewClient(), Collect: collect,
		Holder: holder(w), PublicURL: w.PublicURL, Clock: w.clock, Rand: w.random, Log: w.log})
}

func (h *house) stages(w *world, o *opened, places *gazetteer.Gazetteer) error {
	h.work = verification.New(verification.Options{Store: o.store, Clock: w.clock, Random: w.random, Log: w.log, Area: func(p geo.Point) verification.Area {
		area := places.Reverse(p)
		return verification.Area{Name: area.Nearest, CountryCode: area.CountryCode, Admin1Code: area.Admin1Code, Admin1: area.Admin1Name}
	}})
	h.places = places
	h.queue = verification.NewQueue(h.work, nil)
	h.hotspots = hotspot.New(hotspot.Options{Store: o.store, Clock: w.clock, Random: w.random, Log: w.log, Holder: holder(w)})
	var err error
	if h.reading, err = triage.NewReader(places); err != nil {
		return err
	}
	if w.GeocoderURL != "" {
		geocoder, err := w.geocoder(media.NewClient(), w.clock, w.log)
		if err != nil {
			return err
		}
		h.reading.Ask(geocoder)
	}
	h.triage = triage.New(triage.Options{Store: o.store, Reader: h.reading, Pictures: h.keeper, Holder: holder(w), Clock: w.clock, Log: w.log})
	return nil
}

// projection wires the public side: what writes the public copy, and the map
// that reads it with no right to anything else.
func (h *house) projection(ctx context.Context, w *world, o *opened, places *gazetteer.Gazetteer, deployment crisis.Deployment) error {
	var err error
	if h.writer, err = projection.Open(ctx, projection.Options{URL: w.DatabaseURL, Clock: w.clock}); err != nil {
		return fmt.Errorf("open the public copy: %w", err)
	}
	if h.reader, err = projection.OpenReader(ctx, projection.Options{URL: w.DatabaseURL, Clock: w.clock}); err != nil {
		return fmt.Errorf("open the public copy for reading: %w", err)
	}
	h.published = make(chan struct{}, 1)
	h.public = live.NewPublic(h.reader, deployment.Languages, w.log)
	h.publish = publish.New(publish.Options{Store: o.store, Projection: h.writer, Clock: w.clock, Log: w.log, Holder: holder(w), PublicID: o.keys.PublicID,
		CellName: places.CellName, Every: w.PublishEvery, Group: h.group, Published: h.wakePublic})
	if warning := publish.Warning(w.PublishEvery, deployment.Profile); warning != "" {
		w.log.Warn("ONYO_PUBLISH_EVERY: " + warning)
	}
	return nil
}

// group is the hotspot engine over the public copy: its keys are derived, so
// that the same copy gives the same hotspots.
func (h *house) group(density crisis.Density, now time.Time, members []crisis.HotspotMember, previous []crisis.HotspotGroup) []crisis.HotspotGroup {
	engine := &hotspot.Engine{Density: density, Bucketed: true, Key: func(seed string) string { return h.opened.keys.PublicID("hotspot", seed) }}
	return engine.Group(now, members, previous)
}

// wakePublic tells the public map that a batch is there.
func (h *house) wakePublic() {
	select {
	case h.published <- struct{}{}:
	default:
	}
}

func (h *house) server(w *world, o *opened, demo bool) error {
	client, err := ui.Open()
	if err != nil {
		return err
	}
	proxies, err := w.proxies()
	if err != nil {
		return err
	}
	embedders, err := w.embedders()
	if err != nil {
		return err
	}
	h.api, err = api.New(api.Options{
		Base: api.Base{PublicURL: w.PublicURL, Auth: h.people, Log: w.log}, Clock: w.clock, Records: o.store, Work: h.work, Queue: h.queue, Wake: o.store.Watch,
		Host: h.host, Receipts: intake.NewReceipts(o.store, o.keys, w.clock, w.random), Cards: intake.NewCards(o.store, o.keys, w.clock, w.random), Outbox: h.outbox, Traffic: o.store, Channels: intake.NewDesk(o.store, kinds(), w.clock, w.random), Media: h.keeper, Uploads: h.uploads,
		Reader: h.reading, PublicID: func(id crisis.ID) string { return o.keys.PublicID("incident", id.String()) },
		OpsMap: h.ops.Map, OpsHub: h.ops.Hub, PublicMap: h.public.Map, PublicHub: h.public.Hub, Hotspots: h.hotspots,
		Status: h.status, Ready: h.ready, Gauges: h.gauges, Scrape: channels.NewSecret(w.ScrapeSecret, ""), UI: client, FormRate: w.FormRate, Proxies: proxies, Embedders: embedders, PublishEvery: w.PublishEvery, Demo: demo,
	})
	return err
}

// start sets every stage going. One that ends before its time ends the server.
func (h *house) start(ctx context.Context, group *errgroup.Group) {
	run := func(work func(context.Context)) {
		group.Go(func() error {
			work(ctx)
			return nil
		})
	}
	// A second's work that the first report should not wait for.
	group.Go(h.places.Load)
	group.Go(func() error { return h.host.Run(ctx) })
	group.Go(func() error {
		if err := h.load(ctx); err != nil {
			return err
		}
		h.loaded.Store(true)
		run(func(ctx context.Context) { h.ops.Run(ctx, heartbeat) })
		run(func(ctx context.Context) { h.public.Run(ctx, h.published, time.Second) })
		run(h.queue.Run)
		return nil
	})
	group.Go(func() error { return h.worker.Run(ctx) })
	group.Go(func() error { return h.fetcher.Run(ctx) })
	group.Go(func() error { return h.outbox.Run(ctx) })
	group.Go(func() error { return h.triage.Run(ctx) })
	run(h.uploads.Run)
	run(h.hotspots.Run)
	run(h.publish.Run)
	run(h.sweep)
	run(func(ctx context.Context) { watchPlaces(ctx, h.w, h.places) })
}

// load reads both maps and the queue before the server calls itself ready.
func (h *house) load(ctx context.Context) error {
	if err := h.host.Reload(ctx); err != nil {
		return err
	}
	if err := h.ops.Load(ctx); err != nil {
		return fmt.Errorf("load the ops map: %w", err)
	}
	if err := h.public.Load(ctx); err != nil {
		return fmt.Errorf("load the public map: %w", err)
	}
	if err := h.queue.Load(ctx); err != nil {
		return fmt.Errorf("load the queue: %w", err)
	}
	return nil
}

// sweepEvery is how often lifetimes are looked at.
const sweepEvery = time.Minute

// sweep ends what outlived its category, under a lease.
func (h *house) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		lease, ours, err := h.opened.store.Acquire(ctx, "sweep", holder(h.w), 2*sweepEvery)
		if err == nil && ours {
			_, err = h.work.Sweep(ctx, lease)
		}
		if err != nil && ctx.Err() == nil {
			h.w.log.Warn("lifetimes could not be swept", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
