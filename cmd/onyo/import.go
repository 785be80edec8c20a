package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

type importCmd struct {
	Ushahidi importUshahidiCmd `cmd:"" help:"Reports exported by Ushahidi as CSV."`
	CSV      importCSVCmd      `cmd:"" name:"csv" help:"Reports in CSV with columns text, lon, lat, time, category and, where they have one, id."`
	GeoJSON  importGeoJSONCmd  `cmd:"" name:"geojson" help:"Reports as GeoJSON points with properties text, time, category and, where they have one, id."`
}

type importFile struct {
	File     string `arg:"" help:"The file; - reads standard input."`
	Timezone string `placeholder:"ZONE" help:"Of dates that name none, as in America/Port-au-Prince; default the deployment's."`
	Site     string `placeholder:"NAME" help:"Which system it comes from, where several number their reports alike."`
}

type importUshahidiCmd struct {
	importFile `embed:""`
}

// Run imports a file and prints what became of its rows.
func (c importUshahidiCmd) Run(ctx context.Context, w *world) error {
	return c.run(ctx, w, "ushahidi", checkUshahidi)
}

type importCSVCmd struct {
	importFile `embed:""`
}

// Run imports a file and prints what became of its rows.
func (c importCSVCmd) Run(ctx context.Context, w *world) error {
	return c.run(ctx, w, "csv", nil)
}

type importGeoJSONCmd struct {
	importFile `embed:""`
}

// Run imports a file and prints what became of its rows.
func (c importGeoJSONCmd) Run(ctx context.Context, w *world) error {
	return c.run(ctx, w, "geojson", nil)
}

const (
	importLease    = "import"
	importLeaseFor = 2 * time.Minute
	// importUnit is how many rows are written at once.
	importUnit = 200
	// importChannel stands for the files that were imported; nothing arrives on it.
	importChannel = "import"
)

// run imports a file. Rows are written in units; whatever stops it, a second run
// goes on where the first one stopped.
func (c importFile) run(ctx context.Context, w *world, system string, check func(*record) error) error {
	in, err := openInput(w, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	if err := plant(ctx, w, o.store); err != nil {
		return err
	}
	name := filepath.Base(c.File)
	if c.File == "-" {
		name = "standard input"
	}
	im := &importer{world: w, db: o.store, keys: o.keys, prefix: system + ":", title: name + ", " + w.clock().UTC().Format("2 Jan 2006 15:04 UTC")}
	if c.Site != "" {
		im.prefix += c.Site + ":"
	}
	if err := im.start(ctx, c.Timezone); err != nil {
		return err
	}
	defer im.release(ctx)
	err = readTable(in, func(r *record) error {
		if r.number == 0 && check != nil {
			if err := check(r); err != nil {
				return err
			}
		}
		return im.take(ctx, r)
	})
	// What was read before a fault is kept.
	if flushed := im.flush(ctx); flushed != nil {
		return fmt.Errorf("import %s: %w; import it again to go on from there", name, flushed)
	}
	im.tally.print(w.out, im.title)
	if err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	return nil
}

// start finds all that rows are met with: zone, categories, channel, and what
// was imported before.
func (im *importer) start(ctx context.Context, zone string) error {
	deployment, _, err := crisis.ReadDeployment(ctx, im.db)
	if err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if zone == "" {
		zone = deployment.TimeZone
	}
	if im.zone, err = time.LoadLocation(zone); err != nil {
		return fmt.Errorf("--timezone: there is no zone %q; it is named like America/Port-au-Prince", zone)
	}
	if im.places, err = openPlaces(im.world); err != nil {
		return err
	}
	categories, err := crisis.Select[*crisis.Category](ctx, im.db, crisis.Query{})
	if err != nil {
		return fmt.Errorf("read the categories: %w", err)
	}
	im.categories = make(map[string]*crisis.Category, len(categories))
	for _, category := range categories {
		im.categories[category.Key] = category
	}
	now := im.clock()
	if im.batch, err = crisis.NewID(now, im.random); err != nil {
		return err
	}
	im.lease, im.held, err = im.db.Acquire(ctx, importLease, im.batch.String(), importLeaseFor)
	if err != nil {
		return err
	}
	if !im.held {
		return errors.New("another import is under way, or was cut off within the last two minutes; try again later")
	}
	if im.channel, err = im.ensureChannel(ctx, now); err != nil {
		return errors.Join(err, im.release(ctx))
	}
	if err := im.recall(ctx); err != nil {
		return errors.Join(err, im.release(ctx))
	}
	im.told = now
	return nil
}

func (im *importer) release(ctx context.Context) error {
	if !im.held {
		return nil
	}
	im.held = false
	return im.db.Release(context.WithoutCancel(ctx), im.lease)
}

// ensureChannel is the channel that imported messages are of. It is switched
// off: it only names where they came from.
func (im *importer) ensureChannel(ctx context.Context, now time.Time) (*crisis.Channel, error) {
	channel, err := crisis.One[*crisis.Channel](ctx, im.db, "name", importChannel)
	if err == nil || !errors.Is(err, crisis.ErrNotFound) {
		return channel, err
	}
	id, err := crisis.NewID(now, im.random)
	if err != nil {
		return nil, err
	}
	by := crisis.SystemActor("import")
	channel = &crisis.Channel{Meta: crisis.First(id, now, by), Name: importChannel, Kind: importChannel, Settings: map[string]string{}}
	if _, err := im.db.Write(ctx, crisis.Change{Action: "channel.added", Actor: by, At: now, Put: []crisis.Record{channel}}); err != nil {
		return nil, fmt.Errorf("write the channel of imports: %w", err)
	}
	return channel, nil
}

// recall reads what was imported before: under which names, with which content,
// and which incidents say the same at the same point.
func (im *importer) recall(ctx context.Context) error {
	im.seen, im.same = map[[32]byte][][32]byte{}, map[[32]byte]crisis.ID{}
	query := crisis.Query{By: "channel", Value: im.channel.ID, Limit: 1000}
	for {
		page, err := crisis.Select[*crisis.Message](ctx, im.db, query)
		if err != nil {
			return fmt.Errorf("read what was imported before: %w", err)
		}
		for _, message := range page {
			im.seen[message.ProviderKey] = append(im.seen[message.ProviderKey], message.Digest)
			if !message.Variant && len(message.Raw.Reveal()) > 0 {
				im.recallRow(message)
			}
		}
		if len(page) < query.Limit {
			return nil
		}
		query.After = page[len(page)-1].ID
	}
}
