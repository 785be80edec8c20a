package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrCheckpoint says that bytes are no checkpoint signed by the key asked for.
var ErrCheckpoint = errors.New("not a checkpoint signed by this ledger")

// Checkpoint says what a ledger was at one size. Whoever keeps a signed one can
// tell later whether anything before it has changed.
type Checkpoint struct {
	// Origin names the deployment and so the ledger.
	Origin string
	Size   uint64
	Root   Hash
}

// text is the checkpoint in the form of C2SP tlog-checkpoint: three lines.
func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// Signer signs checkpoints of one origin. It is safe for concurrent use and its
// key does not print.
type Signer struct {
	signer note.Signer
	public string
}

// NewSigner signs for origin with the Ed25519 key of a 32-byte seed (RFC 8032).
// An origin is text without spaces, control characters and plus signs, like
// "onyo/7k3m9qfd".
func NewSigner(origin string, seed []byte) (*Signer, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("a signing seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	key := ed25519.NewKeyFromSeed(seed)
	public, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("make the ledger's public key: %w", err)
	}
	// note writes keys as name+hash+base64(algorithm ‖ key); algorithm 1 is
	// Ed25519, and the hash is that of the public key in the private one too.
	hash := strings.Split(public, "+")[1]
	private := "PRIVATE+KEY+" + origin + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("make the ledger's signing key") // what note says may quote the key
	}
	return &Signer{signer: signer, public: public}, nil
}

func checkOrigin(origin string) error {
	odd := strings.ContainsFunc(origin, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+' })
	if origin == "" || len(origin) > MaxName || odd || !utf8.ValidString(origin) {
		return errors.New("a ledger's origin is text without spaces, control characters and plus signs")
	}
	return nil
}

// PublicKey is the text by which VerifyCheckpoint knows the key:
// origin+hash+base64. It may be shown to everybody.
func (s *Signer) PublicKey() string { return s.public }

// Sign gives the checkpoint of a tree as a signed note; signing the same twice
// gives the same bytes.
func (s *Signer) Sign(size uint64, root Hash) ([]byte, error) {
	c := Checkpoint{Origin: s.signer.Name(), Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, s.signer)
	if err != nil {
		return nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	return signed, nil
}

// VerifyCheckpoint reads a signed checkpoint and checks that publicKey signed it
// for its own origin. Further signatures, such as a witness's, are allowed and
// not looked at. It fails with ErrCheckpoint.
func VerifyCheckpoint(signed []byte, publicKey string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(publicKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the public key is malformed", ErrCheckpoint)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	c, err := parseCheckpoint(opened.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != verifier.Name() {
		return Checkpoint{}, fmt.Errorf("%w: it names another origin", ErrCheckpoint)
	}
	return c, nil
}

// parseCheckpoint reads what text wrote. Lines after the third are extensions of
// later versions: signed, and of no meaning here.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitAfterN(text, "\n", 4)
	if len(lines) < 4 {
		return Checkpoint{}, fmt.Errorf("%w: it has too few lines", ErrCheckpoint)
	}
	size, err := strconv.ParseUint(strings.TrimSuffix(lines[1], "\n"), 10, 64)
	if err != nil || size > MaxEntries {
		return Checkpoint{}, fmt.Errorf("%w: its size is no number", ErrCheckpoint)
	}
	root, err := tlog.ParseHash(strings.TrimSuffix(lines[2], "\n"))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: its root is no hash", ErrCheckpoint)
	}
	c := Checkpoint{Origin: strings.TrimSuffix(lines[0], "\n"), Size: size, Root: root}
	if c.text() != lines[0]+lines[1]+lines[2] {
		return Checkpoint{}, fmt.Errorf("%w: it is not in its one form", ErrCheckpoint)
	}
	return c, nil
}
