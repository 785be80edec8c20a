package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// corner is a picture whose upper left quarter is red.
func corner(w, h int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			shade := color.RGBA{B: 255, A: 255}
			if x < w/2 && y < h/2 {
				shade = color.RGBA{R: 255, A: 255}
			}
			picture.SetRGBA(x, y, shade)
		}
	}
	return picture
}

// withExif puts an EXIF segment with an orientation and a canary into a JPEG.
func withExif(plain []byte, orientation uint16) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	tiff = binary.BigEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	segment = append(segment, "canary-metadata"...)
	out := append([]byte{}, plain[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	out = append(out, segment...)
	return append(out, plain[2:]...)
}

func encoded(t testing.TB, picture image.Image, how func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := how(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asJPEG(b *bytes.Buffer, i image.Image) error { return jpeg.Encode(b, i, nil) }
func asPNG(b *bytes.Buffer, i image.Image) error  { return png.Encode(b, i) }
func asGIF(b *bytes.Buffer, i image.Image) error  { return gif.Encode(b, i, nil) }

func TestSafeCopyStandsUprightAndCarriesNothingElse(t *testing.T) {
	// Where the red quarter must be for each EXIF orientation: left, top.
	quarters := map[uint16][2]bool{1: {true, true}, 2: {false, true}, 3: {false, false}, 4: {true, false},
		5: {true, true}, 6: {false, true}, 7: {false, false}, 8: {true, false}}
	studio := NewStudio()
	plain := encoded(t, corner(400, 200), asJPEG)
	for orientation, want := range quarters {
		original := append(withExif(plain, orientation), "canary-trailing"...)
		safe, err := studio.SafeCopy(t.Context(), original)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(safe, []byte("canary")) || bytes.Contains(safe, []byte("Exif")) {
			t.Errorf("orientation %d: metadata survived", orientation)
		}
		shown, err := jpeg.Decode(bytes.NewReader(safe))
		if err != nil {
			t.Fatal(err)
		}
		w, h := shown.Bounds().Dx(), shown.Bounds().Dy()
		if turned := orientation >= 5; turned != (h > w) {
			t.Errorf("orientation %d: %d by %d", orientation, w, h)
		}
		x, y := w*3/4, h*3/4
		if want[0] {
			x = w / 4
		}
		if want[1] {
			y = h / 4
		}
		if r, _, b, _ := shown.At(x, y).RGBA(); r < b {
			t.Errorf("orientation %d: the red quarter is not at left %v, top %v", orientation, want[0], want[1])
		}
	}
}

func TestSafeCopyOfEveryFormat(t *testing.T) {
	studio := NewStudio()
	for name, original := range map[string][]byte{
		"jpeg": encoded(t, corner(3200, 100), asJPEG),
		"png":  encoded(t, corner(3200, 100), asPNG),
		"gif":  encoded(t, corner(3200, 100), asGIF),
	} {
		safe, err := studio.SafeCopy(t.Context(), original)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if config, err := jpeg.DecodeConfig(bytes.NewReader(safe)); err != nil || config.Width != ShownEdge || config.Height != 50 {
			t.Errorf("%s: %v by %v, %v", name, config.Width, config.Height, err)
		}
	}
}

// bomb is a PNG of few bytes whose header claims a size.
func bomb(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = append(binary.BigEndian.AppendUint32(head, h), 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func TestWhatIsNotShown(t *testing.T) {
	studio := NewStudio()
	whole := encoded(t, corner(40, 40), asJPEG)
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrNoPicture},
		{"text", []byte("<svg onload=alert(1)>"), ErrNoPicture},
		{"heic", []byte("\x00\x00\x00\x18ftypheic"), ErrNoPicture},
		{"41 megapixels", bomb(41_000_000, 1), ErrPixels},
		{"sides that overflow", bomb(1<<16, 1<<16), ErrPixels},
		{"cut short", whole[:len(whole)/3], ErrUnreadable},
		{"header alone", []byte("\xff\xd8\xff\xe0"), ErrUnreadable},
	} {
		if _, err := studio.SafeCopy(t.Context(), c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range decoders {
		studio.slots <- struct{}{}
	}
	if _, err := studio.SafeCopy(ended, whole); !errors.Is(err, context.Canceled) {
		t.Errorf("a full studio must wait: %v", err)
	}
}

func FuzzSafeCopy(f *testing.F) {
	f.Add(withExif(encoded(f, corner(8, 8), asJPEG), 6))
	f.Add(encoded(f, corner(8, 8), asPNG))
	f.Add(encoded(f, corner(8, 8), asGIF))
	f.Add(bomb(60_000, 60_000))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "))
	studio := NewStudio()
	f.Fuzz(func(t *testing.T, data []byte) {
		// Decoding megapixels for nothing is no use to a fuzzer.
		if codec := codecOf(data); codec != nil {
			if config, err := codec.config(bytes.NewReader(data)); err == nil && config.Width*config.Height > 1<<20 {
				return
			}
		}
		if safe, err := studio.SafeCopy(t.Context(), data); err == nil && codecOf(safe) == nil {
			t.Fatal("a safe copy is no picture")
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(withExif(encoded(f, corner(8, 8), asJPEG), 6))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := orientation(data); o < 1 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
	})
}
