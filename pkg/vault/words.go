package vault

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// wordList is the English list of BIP-39: 2,048 words in order, told apart by
// their first four letters (MIT licence, the authors of BIP-39).
//
//go:embed words.txt
var wordList string

const (
	// WordCount is how many recovery words there are.
	WordCount = 24
	wordBits  = 11
)

// ErrWords: all words are known, but they are not recovery words in their order.
var ErrWords = errors.New("a word is wrong or in the wrong place: the recovery words do not fit together")

// UnknownWordError says which recovery word is not in the list. It does not
// repeat the word: mistyped, it still gives most of itself away.
type UnknownWordError struct {
	Place int // from 1
}

// Error says which word by its place.
func (e *UnknownWordError) Error() string {
	return fmt.Sprintf("word %d is not one of the recovery words' list", e.Place)
}

// Words are the recovery words, a copy of the master secret for paper: 24 words
// of BIP-39, 256 bits and 8 bits of checksum.
func (k *Keys) Words() []Secret {
	list := strings.Fields(wordList)
	bits := withChecksum(k.ring.master)
	words := make([]Secret, WordCount)
	for i := range words {
		index := 0
		for bit := i * wordBits; bit < (i+1)*wordBits; bit++ {
			index = index<<1 | int(bits[bit/8]>>(7-bit%8)&1)
		}
		words[i] = Secret(list[index])
	}
	return words
}

// FromWords are the keys whose recovery words these are. Case does not matter
// and the first four letters of a word are enough. It fails when there are not
// 24, with an *UnknownWordError, or with ErrWords; a mistyped word that happens
// to be another word of the list slips through once in 256.
func FromWords(words []string) (*Keys, error) {
	if len(words) != WordCount {
		return nil, fmt.Errorf("there are %d recovery words, not %d", WordCount, len(words))
	}
	list := strings.Fields(wordList)
	var bits [33]byte
	for i, word := range words {
		index := findWord(list, strings.ToLower(strings.TrimSpace(word)))
		if index < 0 {
			return nil, &UnknownWordError{Place: i + 1}
		}
		for n := range wordBits {
			bit := i*wordBits + n
			bits[bit/8] |= byte(index>>(wordBits-1-n)&1) << (7 - bit%8)
		}
	}
	master := [32]byte(bits[:32])
	if withChecksum(master) != bits {
		return nil, ErrWords
	}
	return keysOf(master), nil
}

// findWord is the place in the list of the word that typed is, or of the only
// one that starts with it when it has four letters or more; -1 for none.
func findWord(list []string, typed string) int {
	for i, word := range list {
		if word == typed || (len(typed) >= 4 && strings.HasPrefix(word, typed)) {
			return i
		}
	}
	return -1
}

func withChecksum(master [32]byte) (bits [33]byte) {
	copy(bits[:], master[:])
	sum := sha256.Sum256(master[:])
	bits[32] = sum[0]
	return bits
}
