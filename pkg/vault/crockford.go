package vault

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// alphabet is Crockford's base 32: no I, L, O or U, which people misread.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// crockford writes bytes as base 32, the last character padded with zero bits.
func crockford(raw []byte) string {
	out := make([]byte, 0, (len(raw)*8+4)/5)
	var held, bits uint
	for _, b := range raw {
		held, bits = held<<8|uint(b), bits+8
		for ; bits >= 5; bits -= 5 {
			out = append(out, alphabet[held>>(bits-5)&31])
		}
	}
	if bits > 0 {
		out = append(out, alphabet[held<<(5-bits)&31])
	}
	return string(out)
}

// receiptSize is a receipt code's length in characters of five bits each.
const receiptSize = 16

// ErrReceiptCode says that something is no receipt code.
var ErrReceiptCode = errors.New("a receipt code has 16 letters and digits, like 7K3M-9QFD-2XWA-C5TN")

// NewReceiptCode draws the code by which a witness asks what became of a report,
// 80 random bits as XXXX-XXXX-XXXX-XXXX, and the hash that is stored of it. It
// fails only when the source of randomness does.
func (k *Keys) NewReceiptCode(random io.Reader) (Secret, [32]byte, error) {
	var raw [receiptSize * 5 / 8]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", [32]byte{}, fmt.Errorf("draw a receipt code: %w", err)
	}
	plain := strings.ToUpper(crockford(raw[:]))
	code := plain[:4] + "-" + plain[4:8] + "-" + plain[8:12] + "-" + plain[12:]
	return Secret(code), mac(k.ring.receipt, plain), nil
}

// ReceiptHash is the stored hash of a code as somebody typed or dictated it:
// case, spaces and hyphens do not matter, O is read as 0, I and L as 1. Anything
// else that NewReceiptCode could not have made is ErrReceiptCode.
func (k *Keys) ReceiptHash(typed string) ([32]byte, error) {
	var plain [receiptSize]byte
	n := 0
	for i := range len(typed) {
		c := typed[i]
		switch {
		case c == '-' || c == ' ':
			continue
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		switch c {
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		digit := (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && c != 'U')
		if !digit || n == receiptSize {
			return [32]byte{}, ErrReceiptCode
		}
		plain[n] = c
		n++
	}
	if n != receiptSize {
		return [32]byte{}, ErrReceiptCode
	}
	return mac(k.ring.receipt, string(plain[:])), nil
}
