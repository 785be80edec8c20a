package channels

import (
	"bytes"
	"encoding/json"
	"errors"
)

// ErrRaw is a Raw that was not made by Pack.
var ErrRaw = errors.New("not a stored message of this kind")

const rawMagic = "onyo1 "

// Pack makes a Raw of the bytes as they came and the few facts about the
// exchange that Parse needs beside them. Facts are valid UTF-8.
func Pack(facts map[string]string, body []byte) []byte {
	head, _ := json.Marshal(facts) // a map of strings: cannot fail, keys sorted
	raw := make([]byte, 0, len(rawMagic)+len(head)+1+len(body))
	raw = append(raw, rawMagic...)
	raw = append(raw, head...)
	raw = append(raw, '\n')
	return append(raw, body...)
}

// Unpack undoes Pack. The body shares memory with raw.
func Unpack(raw []byte) (facts map[string]string, body []byte, err error) {
	rest, ok := bytes.CutPrefix(raw, []byte(rawMagic))
	if !ok {
		return nil, nil, ErrRaw
	}
	head, body, ok := bytes.Cut(rest, []byte{'\n'})
	if !ok {
		return nil, nil, ErrRaw
	}
	if err := json.Unmarshal(head, &facts); err != nil {
		return nil, nil, ErrRaw
	}
	return facts, body, nil
}
