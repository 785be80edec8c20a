package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/api"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/intake"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/media"
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

	host     *intake.Host
	worker   *intake.Worker
	fetcher  *media.Fetcher
	triage   *triage.Service
	work     *verification.Service
	queue    *verification.Queue
	hotspots *hotspot.Service
	publish  *publish.Service
	ops      *live.Ops
	public   *live.Public
	writer   *projection.Projection
	reader   *projection.Projection
	loaded   atomic.Bool
}

// heartbeat is how often live maps say how fresh they are.
const heartbeat = 5 * time.Second

func build(ctx context.Context, w *world, o *opened, demo bool) (*house, error) {
	h := &house{w: w, opened: o, people: auth.New(o.store, w.clock, w.random, w.log)}
	deployment, _, err := crisis.ReadDeployment(ctx, o.store)
	if err != nil {
		return nil, fmt.Errorf("read the deployment: %w", err)
	}
	places, err := gazetteer.Open()
	if err != nil {
		return nil, fmt.Errorf("open the gazetteer: %w", err)
	}
	if err := h.intake(w, o); err != nil {
		return nil, err
	}
	if err := h.stages(w, o, places, deployment); err != nil {
		return nil, err
	}
	if err := h.projection(ctx, w, o, places, deployment); err != nil {
		return nil, err
	}
	h.ops = live.NewOps(live.OpsOptions{Store: o.store, Clock: w.clock, Log: w.log, Area: func(points []geo.Point) [][]geo.Point { return hotspot.Area(points, 150) }})
	return h, h.server(w, o, demo)
}

// holder names this process among those that may hold a lease.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

func (h *house) intake(w *world, o *opened) error {
	files, err := media.NewFiles(filepath.Join(w.DataDir, "media"))
	if err != nil {
		return fmt.Errorf("open the media folder: %w", err)
	}
	client := media.NewClient()
	keeper := media.NewKeeper(files, o.store, o.store)
	h.host = intake.NewHost(intake.HostOptions{Store: o.store, Keys: o.keys, Kinds: kinds(), HTTP: client, PublicURL: w.PublicURL, Clock: w.clock, Rand: w.random, Log: w.log})
	h.worker = intake.NewWorker(intake.WorkerOptions{Store: o.store, Host: h.host, Keeper: keeper, Keys: o.keys, Holder: holder(), Clock: w.clock, Rand: w.random, Log: w.log})
	h.fetcher = media.NewFetcher(o.store, keeper, client, h.host.MediaRequest, holder(), w.clock, w.log)
	return nil
}
