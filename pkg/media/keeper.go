package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// MaxBytes bounds one piece of media.
const MaxBytes = 20 << 20

// Keyring opens the data key of an owner: the message that media came with.
type Keyring interface {
	DataKey(ctx context.Context, owner crisis.ID) (*vault.DataKey, error)
}

// Keeper keeps blobs and shows them. It is safe for concurrent use.
type Keeper struct {
	files  *Files
	keys   Keyring
	reader crisis.Reader
	studio *Studio
}

// NewKeeper makes a keeper.
func NewKeeper(files *Files, keys Keyring, reader crisis.Reader) *Keeper {
	return &Keeper{files: files, keys: keys, reader: reader, studio: NewStudio()}
}

// Keep seals the bytes of a blob and says so in it: stored, with size, digest
// and type, or failed where they are too many. The caller writes the blob; until
// then the file belongs to nobody, and keeping it again replaces it.
func (k *Keeper) Keep(ctx context.Context, blob *crisis.Blob, plain []byte) error {
	if len(plain) > MaxBytes {
		blob.State, blob.Why = crisis.BlobFailed, "too_large"
		return nil
	}
	key, err := k.keys.DataKey(ctx, blob.Message)
	if err != nil {
		return fmt.Errorf("data key of media: %w", err)
	}
	if err := k.files.Save(blob.ID, key, plain); err != nil {
		return err
	}
	digest := sha256.Sum256(plain)
	blob.State, blob.Why = crisis.BlobStored, ""
	blob.Bytes = int64(len(plain))
	blob.Digest = vault.Secret(hex.EncodeToString(digest[:]))
	blob.ContentType = typeOf(plain, blob.ContentType)
	return nil
}

// typeOf is what the bytes are; a sender's claim counts only where they do not
// tell.
func typeOf(plain []byte, claimed string) string {
	seen, _, _ := strings.Cut(http.DetectContentType(plain), ";")
	if seen != "application/octet-stream" && seen != "text/plain" {
		return seen
	}
	if kind, _, err := mime.ParseMediaType(claimed); err == nil && len(kind) < 100 && !strings.HasPrefix(kind, "image/") {
		return kind
	}
	return seen
}

// Original is a blob's bytes as they came, and the blob. It fails with
// crisis.ErrNotFound while they are not stored, and after they were forgotten.
func (k *Keeper) Original(ctx context.Context, id crisis.ID) ([]byte, *crisis.Blob, error) {
	blob, err := crisis.Get[*crisis.Blob](ctx, k.reader, id)
	if err != nil {
		return nil, nil, err
	}
	if blob.State != crisis.BlobStored {
		return nil, blob, crisis.ErrNotFound
	}
	key, err := k.keys.DataKey(ctx, blob.Message)
	if err != nil {
		return nil, blob, err
	}
	plain, err := k.files.Load(id, key)
	return plain, blob, err
}

// Shown is a safe copy of a blob, a JPEG. Beside Original's errors it fails with
// ErrNoPicture, ErrPixels or ErrUnreadable.
func (k *Keeper) Shown(ctx context.Context, id crisis.ID) ([]byte, error) {
	plain, _, err := k.Original(ctx, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return k.studio.SafeCopy(ctx, plain)
}
