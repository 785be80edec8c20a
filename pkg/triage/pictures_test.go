package triage

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
)

// album shows pictures by blob, as the keeper would.
type album map[crisis.ID][]byte

func (a album) Shown(_ context.Context, blob crisis.ID) ([]byte, error) {
	if picture, ok := a[blob]; ok {
		return picture, nil
	}
	return nil, fmt.Errorf("no picture")
}

// photo is a picture of something, in a size and a quality of compression.
func photo(t *testing.T, scene float64, size, quality int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, size, size*3/4))
	for y := range size * 3 / 4 {
		for x := range size {
			fx, fy := float64(x)/float64(size), float64(y)/float64(size)
			picture.SetGray(x, y, color.Gray{Y: uint8(128 + 60*math.Sin(9*fx+scene) + 50*math.Cos(8*fy*(1+fx)+2*scene))})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// attach gives a report a picture, as intake and the fetcher do: the blob waits,
// then is stored.
func (h *house) attach(shown album, report *crisis.Report, digest string, picture []byte) (stored func()) {
	h.t.Helper()
	blob := &crisis.Blob{Meta: h.first(), Message: report.Message, Report: report.ID, State: crisis.BlobPending, ContentType: "image/jpeg"}
	shown[blob.ID] = picture
	report.Media = append(report.Media, blob.ID)
	h.write("media.noted", blob)
	return func() {
		h.t.Helper()
		next := *blob
		next.Meta, next.State = blob.Next(h.clock(), tester), crisis.BlobStored
		seal(&next.Digest, digest)
		h.write("media.stored", &next)
	}
}

func TestOnePictureIsOneVoiceAndASuggestion(t *testing.T) {
	for name, c := range map[string]struct {
		digest        string
		scene         float64
		size, quality int
		same          bool
	}{
		"the same file":       {"aa", 1, 640, 90, true},
		"made smaller":        {"bb", 1, 320, 60, true},
		"of something else":   {"cc", 2.4, 640, 90, false},
		"that nobody can see": {"dd", 0, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			h, shown := onSQLite(t), album{}
			h.service.shows = shown
			here := at(36.8586, -1.2621)
			h.report(said{text: "nothing yet"})
			first := h.pictured(said{text: "Whole lower row inundated since morning, families leave", point: here, accuracy: 20}, shown, "aa", photo(t, 1, 640, 90))
			var picture []byte
			if c.size > 0 {
				picture = photo(t, c.scene, c.size, c.quality)
			}
			second := h.pictured(said{text: "look at this", point: at(36.8589, -1.2621), accuracy: 20}, shown, c.digest, picture)
			a, b := h.incidentOf(first), h.incidentOf(second)
			if a.ID == b.ID {
				t.Fatal("the picture came later, so it can only be suggested")
			}
			related := 0
			for _, one := range all[*crisis.Relation](h) {
				if one.From == b.ID && one.To == a.ID && bytes.Contains([]byte(one.Why), []byte("picture")) {
					related++
				}
			}
			if (related == 1) != c.same || related > 1 {
				t.Errorf("%d suggestions", related)
			}
			size := h.size()
			h.service.lease = crisis.Lease{}
			back := crisis.Change{Action: "test.back", Actor: tester, At: h.clock(), Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: Consumer}}}
			if _, err := h.store.Write(t.Context(), back); err != nil {
				t.Fatal(err)
			}
			h.work()
			if h.size() != size {
				t.Errorf("done again it wrote %d more", h.size()-size)
			}
		})
	}
}

// pictured reports with a picture that comes after its report was placed.
func (h *house) pictured(s said, shown album, digest string, picture []byte) *crisis.Report {
	h.t.Helper()
	var stored func()
	s.media = func(report *crisis.Report) { stored = h.attach(shown, report, digest, picture) }
	report := h.report(s)
	h.work()
	stored()
	h.work()
	return report
}

func TestAPicturePassedOnIsNoSecondWitness(t *testing.T) {
	one := &voice{report: crisis.ID{1}, source: crisis.ID{1}}
	two := &voice{report: crisis.ID{2}, source: crisis.ID{2}}
	three := &voice{report: crisis.ID{3}, source: crisis.ID{3}}
	one.pictures, two.pictures, three.pictures = pictureOf("aa"), pictureOf("aa"), pictureOf("bb")
	if reports, sources := newChorus(one, two, three).counts(); reports != 3 || sources != 2 {
		t.Errorf("%d reports of %d sources", reports, sources)
	}
}

func pictureOf(digest string) []alike.Picture { return []alike.Picture{{Digest: digest}} }
