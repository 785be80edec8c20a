package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

const (
	// MaxPixels bounds what is decoded, by the size that the header claims.
	MaxPixels = 40_000_000
	// ShownEdge is the longest edge of a safe copy, in pixels.
	ShownEdge = 1600
	// decoders at once: each may hold MaxPixels several times over.
	decoders = 2
)

// Why no safe copy can be made.
var (
	ErrNoPicture  = errors.New("not a picture that can be shown safely: JPEG, PNG, GIF or WebP")
	ErrPixels     = errors.New("a picture of more than 40 million pixels is not decoded")
	ErrUnreadable = errors.New("the picture is damaged")
)

// Studio makes safe copies, at most two at a time.
type Studio struct{ slots chan struct{} }

// NewStudio makes a studio.
func NewStudio() *Studio { return &Studio{slots: make(chan struct{}, decoders)} }

// SafeCopy draws a picture afresh: upright, at most ShownEdge pixels long, as a
// JPEG that carries pixels and nothing else. The original's metadata, thumbnail,
// colour profile and trailing bytes are not in it, nor are the later frames of a
// moving one. It waits for its turn until ctx ends.
func (s *Studio) SafeCopy(ctx context.Context, original []byte) ([]byte, error) {
	codec := codecOf(original)
	if codec == nil {
		return nil, ErrNoPicture
	}
	config, err := codec.config(bytes.NewReader(original))
	if err != nil {
		return nil, ErrUnreadable
	}
	if config.Width <= 0 || config.Height <= 0 {
		return nil, ErrUnreadable
	}
	if config.Width > MaxPixels/config.Height {
		return nil, ErrPixels
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return redraw(codec, original)
}

func redraw(codec *codec, original []byte) (safe []byte, err error) {
	// A decoder that panics on hostile bytes must not take the desk with it.
	defer func() {
		if recover() != nil {
			safe, err = nil, ErrUnreadable
		}
	}()
	picture, err := codec.decode(bytes.NewReader(original))
	if err != nil {
		return nil, ErrUnreadable
	}
	turn := 1
	if codec.turns {
		turn = orientation(original)
	}
	shown := upright(shrink(picture), turn)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, shown, &jpeg.Options{Quality: 82}); err != nil {
		return nil, fmt.Errorf("encode a safe copy: %w", err)
	}
	return out.Bytes(), nil
}

// shrink draws a picture on white at the size at which it is shown.
func shrink(picture image.Image) *image.RGBA {
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	if longest := max(w, h); longest > ShownEdge {
		w, h = max(1, w*ShownEdge/longest), max(1, h*ShownEdge/longest)
	}
	shown := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(shown, shown.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(shown, shown.Bounds(), picture, bounds, draw.Over, nil)
	return shown
}

// codec reads one format, recognised by its first bytes and never by a name.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	turns  bool // EXIF says which way is up
}

func codecOf(data []byte) *codec {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return &codec{jpeg.DecodeConfig, jpeg.Decode, true}
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return &codec{png.DecodeConfig, png.Decode, false}
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return &codec{gif.DecodeConfig, gif.Decode, false}
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return &codec{webp.DecodeConfig, webp.Decode, false}
	}
	return nil
}
