package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/store"
)

type exportCmd struct {
	What   string `arg:"" enum:"reports,incidents,hotspots" help:"reports, incidents or hotspots. Reports hold witnesses' own words, and all three true points: for people who may read them."`
	Format string `placeholder:"FORMAT" help:"geojson or csv; default geojson, for reports csv alone."`
	Count  bool   `help:"Print how many there are, and nothing else."`
}

// Run writes all of them, withdrawn reports and incidents that are over
// included, to standard output.
func (c exportCmd) Run(ctx context.Context, w *world) error {
	if c.Format == "" {
		c.Format = "geojson"
		if c.What == "reports" {
			c.Format = "csv"
		}
	}
	if c.Format != "csv" && (c.Format != "geojson" || c.What == "reports") {
		return fmt.Errorf("--format: %s are not exported as %q", c.What, c.Format)
	}
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	if c.Count {
		n, err := o.store.Count(ctx, map[string]crisis.Table{"reports": crisis.TableReport, "incidents": crisis.TableIncident, "hotspots": crisis.TableHotspot}[c.What])
		if err == nil {
			_, err = fmt.Fprintln(w.out, n)
		}
		return err
	}
	out := bufio.NewWriterSize(w.out, 64<<10)
	switch c.What {
	case "reports":
		err = exportReports(ctx, o.store, out)
	case "incidents":
		err = c.incidents(ctx, o.store, out)
	default:
		err = c.hotspots(ctx, w, o.store, out)
	}
	return errors.Join(err, out.Flush())
}

func exportReports(ctx context.Context, db *store.Store, out io.Writer) error {
	incidents, sources, channels := map[crisis.ID]crisis.ID{}, map[crisis.ID]string{}, map[crisis.ID]string{}
	err := errors.Join(
		eachOf(ctx, db, func(m *crisis.Membership) error { incidents[m.Report] = m.Incident; return nil }),
		eachOf(ctx, db, func(s *crisis.Source) error { sources[s.ID] = s.Pseudonym; return nil }),
		eachOf(ctx, db, func(c *crisis.Channel) error { channels[c.ID] = c.Name; return nil }),
	)
	if err != nil {
		return err
	}
	table := formats.NewReportTable(out)
	err = eachOf(ctx, db, func(r *crisis.Report) error {
		return table.Write(&formats.Report{Report: r, Incident: incidents[r.ID], Channel: channels[r.Channel], Source: sources[r.Source]})
	})
	return errors.Join(err, table.Flush())
}

func (c exportCmd) incidents(ctx context.Context, db *store.Store, out io.Writer) error {
	summaries := map[crisis.ID]string{}
	if err := eachOf(ctx, db, func(s *crisis.Summary) error {
		if summaries[s.Incident] == "" || s.Language == "en" {
			summaries[s.Incident] = s.Text.Reveal()
		}
		return nil
	}); err != nil {
		return err
	}
	write, end := writerOf(out, c.Format, formats.NewIncidentTable, (*formats.Incident).Append)
	err := db.EachPlaced(ctx, func(p crisis.Placed) error {
		in := p.Incident
		one := formats.Incident{ID: in.ID.String(), Status: in.Status, Phase: in.Phase, Severity: in.Severity, Categories: in.Categories,
			Summary: summaries[in.ID], OccurredAt: in.Occurred.At(), Reports: in.Reports, Sources: in.Sources}
		if one.OccurredAt.IsZero() {
			one.OccurredAt = in.FirstReceived
		}
		if l := p.Location; l != nil {
			one.Located, one.Lon, one.Lat, one.UncertaintyM, one.LocatedBy, one.Place = true, l.Lon, l.Lat, l.UncertaintyM, l.Method, l.Name
		}
		return write(&one)
	})
	if err != nil {
		return err
	}
	return end()
}

// hotspots come off the map that responders see, with their shapes.
func (c exportCmd) hotspots(ctx context.Context, w *world, db *store.Store, out io.Writer) error {
	ops := live.NewOps(live.OpsOptions{Store: db, Clock: w.clock, Log: w.log,
		Area: func(points []geo.Point) [][]geo.Point { return hotspot.Area(points, 0) }})
	if err := ops.Load(ctx); err != nil {
		return err
	}
	write, end := writerOf(out, c.Format, formats.NewHotspotTable, (*formats.Hotspot).Append)
	var err error
	ops.Map.EachHotspot(live.Filter{}, func(h formats.Hotspot) bool {
		err = write(&h)
		return err == nil
	})
	if err != nil {
		return err
	}
	return end()
}

// writerOf writes rows of a kind as they come; end closes what was begun.
func writerOf[T any](out io.Writer, format string, table func(io.Writer) *formats.Table[T], feature func(*T, []byte) []byte) (write func(*T) error, end func() error) {
	if format == "csv" {
		rows := table(out)
		return rows.Write, rows.Flush
	}
	n, buf := 0, formats.Open(nil)
	write = func(one *T) error {
		if n > 0 {
			buf = append(buf, ",\n"...)
		}
		n++
		_, err := out.Write(feature(one, buf))
		buf = buf[:0]
		return err
	}
	return write, func() error {
		_, err := out.Write(append(formats.Collection{Matched: n}.Close(buf), '\n'))
		return err
	}
}

// eachOf reads all current records of a kind, in the order of their ids.
func eachOf[T crisis.Record](ctx context.Context, db crisis.Reader, yield func(T) error) error {
	query := crisis.Query{Limit: 1000}
	for {
		page, err := crisis.Select[T](ctx, db, query)
		if err != nil {
			return err
		}
		for _, one := range page {
			if err := yield(one); err != nil {
				return err
			}
		}
		if len(page) < query.Limit {
			return nil
		}
		query.After = page[len(page)-1].RecordID()
	}
}
