package vault

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// nameList holds animals and plants that insult nobody, are no party's sign and
// are seldom people's names.
//
//go:embed names.txt
var nameList string

// Pseudonym draws what people call a source, like "Heron-4821". It comes from
// randomness alone, never from an address, so nothing can be read back from it.
// Two sources may draw the same (some 1.8 million are possible). It fails only
// when the source of randomness does.
func Pseudonym(random io.Reader) (string, error) {
	names := strings.Fields(nameList)
	name, err := below(random, len(names))
	if err != nil {
		return "", fmt.Errorf("draw a pseudonym: %w", err)
	}
	number, err := below(random, 9000)
	if err != nil {
		return "", fmt.Errorf("draw a pseudonym: %w", err)
	}
	return fmt.Sprintf("%s-%d", names[name], 1000+number), nil
}

// below draws a whole number from 0 to n-1, each as likely as the other. Of 64
// random bits the remainder's bias is under n/2^64: nothing.
func below(random io.Reader, n int) (int, error) {
	var raw [8]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return 0, err
	}
	return int(binary.BigEndian.Uint64(raw[:]) % uint64(n)), nil
}
