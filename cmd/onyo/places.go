package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo/gazetteer"
)

type placesCmd struct {
	Import placesImportCmd `cmd:"" help:"Take in villages, camps, polling stations or administrative areas, from GeoJSON or CSV."`
	List   placesListCmd   `cmd:"" help:"List what was taken in."`
	Remove placesRemoveCmd `cmd:"" help:"Take it out again."`
}

type placesImportCmd struct {
	File string `arg:"" help:"GeoJSON, or a table with a header; P-codes and HDX's columns are understood. - reads standard input."`
	Name string `placeholder:"NAME" help:"What to call it, in small letters; one of the same name is replaced. Default: the file's name."`
}

type placesListCmd struct{}

type placesRemoveCmd struct {
	Name string `arg:"" help:"As list shows it."`
}

// The deployment's own places lie in the data directory as plain GeoJSON, a file
// for each import: they are public geography, and a backup takes them along.
const (
	placesFolder = "places"
	placesSuffix = ".geojson"
	// placesEvery is how often a server looks whether they changed.
	placesEvery = time.Second
	// refusalsShown are printed; the rest is a number.
	refusalsShown = 20
)

// layerName keeps the name of an import fit for a file.
var layerName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Run reads the whole file before it replaces anything.
func (c placesImportCmd) Run(w *world) error {
	name := c.Name
	if name == "" {
		base := filepath.Base(c.File)
		name = regexp.MustCompile(`[^a-z0-9_]+`).ReplaceAllString(strings.ToLower(strings.TrimSuffix(base, filepath.Ext(base))), "-")
		name = strings.Trim(name, "-_")
	}
	if !layerName.MatchString(name) {
		return fmt.Errorf("--name: %q is not a name in small letters, digits, - and _", name)
	}
	in, err := openInput(w, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	read, err := gazetteer.ReadPlaces(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.File, err)
	}
	for _, r := range read.Refused[:min(len(read.Refused), refusalsShown)] {
		fmt.Fprintf(w.out, "row %d is left out: %s\n", r.Row, r.Why)
	}
	if more := read.RefusedAll - refusalsShown; more > 0 {
		fmt.Fprintf(w.out, "and %d more are left out\n", more)
	}
	if len(read.Places) == 0 {
		return errors.New("not one place was found; nothing was changed")
	}
	if err := writeLayer(filepath.Join(w.DataDir, placesFolder), name, read.Places); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s: %d places taken in, %d left out. A running server knows them within two seconds.\n", name, len(read.Places), read.RefusedAll)
	return err
}

// writeLayer puts the file in place whole, so that no server reads half of it.
func writeLayer(folder, name string, places []gazetteer.Place) (err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder for places: %w", err)
	}
	file, err := os.CreateTemp(folder, ".places-*")
	if err != nil {
		return fmt.Errorf("write the places: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	err = errors.Join(gazetteer.WritePlaces(file, places), file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("write the places: %w", err)
	}
	if err := os.Rename(file.Name(), filepath.Join(folder, name+placesSuffix)); err != nil {
		return fmt.Errorf("write the places: %w", err)
	}
	return nil
}

// Run prints a line for each import.
func (placesListCmd) Run(w *world) error {
	layers, err := layerFiles(w.DataDir)
	if err != nil {
		return err
	}
	for _, layer := range layers {
		places, err := readLayer(w.DataDir, layer.name)
		if err != nil {
			fmt.Fprintf(w.out, "%s\tunreadable: %v\n", layer.name, err)
			continue
		}
		areas := 0
		for _, p := range places {
			if len(p.Rings) > 0 {
				areas++
			}
		}
		fmt.Fprintf(w.out, "%s\t%d places, %d of them with an outline\t%s\n", layer.name, len(places), areas, layer.changed.UTC().Format(time.DateOnly))
	}
	return nil
}

// Run removes one import.
func (c placesRemoveCmd) Run(w *world) error {
	if !layerName.MatchString(c.Name) {
		return fmt.Errorf("%q is not among the places", c.Name)
	}
	err := os.Remove(filepath.Join(w.DataDir, placesFolder, c.Name+placesSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%q is not among the places", c.Name)
	}
	if err != nil {
		return fmt.Errorf("remove the places: %w", err)
	}
	_, err = fmt.Fprintf(w.out, "%s: removed\n", c.Name)
	return err
}

// layerFile is one import as it lies on the disk.
type layerFile struct {
	name    string
	changed time.Time
	bytes   int64
}

// layerFiles are the imports in order of their names.
func layerFiles(dataDir string) ([]layerFile, error) {
	entries, err := os.ReadDir(filepath.Join(dataDir, placesFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the places: %w", err)
	}
	var out []layerFile
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), placesSuffix)
		info, err := entry.Info()
		if !ok || !layerName.MatchString(name) || err != nil || !info.Mode().IsRegular() {
			continue
		}
		out = append(out, layerFile{name: name, changed: info.ModTime(), bytes: info.Size()})
	}
	return out, nil
}

func readLayer(dataDir, name string) ([]gazetteer.Place, error) {
	file, err := os.Open(filepath.Join(dataDir, placesFolder, name+placesSuffix))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	read, err := gazetteer.ReadPlaces(file)
	return read.Places, err
}

// openPlaces is the gazetteer with the deployment's own places over it.
func openPlaces(w *world) (*gazetteer.Gazetteer, error) {
	places, err := gazetteer.Open()
	if err != nil {
		return nil, fmt.Errorf("open the gazetteer: %w", err)
	}
	layers, err := layerFiles(w.DataDir)
	if err != nil {
		return nil, err
	}
	layPlaces(w, places, layers)
	return places, nil
}

// layPlaces lays all imports over the world. One that cannot be read is left out
// and told of.
func layPlaces(w *world, places *gazetteer.Gazetteer, layers []layerFile) {
	var all []gazetteer.Place
	for _, layer := range layers {
		own, err := readLayer(w.DataDir, layer.name)
		if err != nil {
			w.log.Error("imported places cannot be read and are left out", slog.String("name", layer.name), slog.Any("error", err))
			continue
		}
		all = append(all, own...)
	}
	places.Lay(all)
}

// watchPlaces follows the imports of commands beside the server.
func watchPlaces(ctx context.Context, w *world, places *gazetteer.Gazetteer) {
	ticker := time.NewTicker(placesEvery)
	defer ticker.Stop()
	seen := ""
	for {
		layers, err := layerFiles(w.DataDir)
		if now := fmt.Sprint(layers); err == nil && now != seen {
			if seen != "" || len(layers) > 0 {
				layPlaces(w, places, layers)
			}
			seen = now
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
