package alike

import (
	"image"
	"math/bits"

	"golang.org/x/image/draw"
)

// Picture is what of a picture is compared. The zero Picture is alike to none.
type Picture struct {
	// Digest is SHA-256 of its bytes, in hex; "" where it is not known.
	Digest string
	// Look is its perceptual hash; 0 where it shows nothing to recognise it by.
	Look uint64
}

// Key is the same for the same bytes.
func (p Picture) Key() uint64 { return hashed("picture " + p.Digest) }

// flatBits: a hash with fewer bits set, or fewer unset, is of a picture without
// contrast: a wall, the night. Such look alike by chance.
const flatBits = 8

// farBits of 64 may differ between two copies of one picture: made smaller,
// compressed again, a little brighter.
const farBits = 6

// Look is the difference hash of a picture (dHash, after Krawetz 2013): 64 bits,
// whether each of 8 by 8 spots is brighter than its neighbour.
func Look(picture image.Image) uint64 {
	small := image.NewGray(image.Rect(0, 0, 9, 8))
	draw.BiLinear.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	var hash uint64
	for y := range 8 {
		for x := range 8 {
			hash <<= 1
			if small.GrayAt(x, y).Y > small.GrayAt(x+1, y).Y {
				hash |= 1
			}
		}
	}
	if set := bits.OnesCount64(hash); set < flatBits || set > 64-flatBits {
		return 0
	}
	return hash
}

// Likeness of two pictures.
type Likeness int

const (
	Different Likeness = iota
	LooksAlike
	SameBytes
)

// Like compares two pictures.
func (p Picture) Like(other Picture) Likeness {
	switch {
	case p.Digest != "" && p.Digest == other.Digest:
		return SameBytes
	case p.Look != 0 && other.Look != 0 && bits.OnesCount64(p.Look^other.Look) <= farBits:
		return LooksAlike
	}
	return Different
}
