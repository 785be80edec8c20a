package sms

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

func signatureMethod(value string) error {
	if value == "md5hash" || signatureHash(value) != nil {
		return nil
	}
	return errors.New("write md5hash, md5, sha1, sha256 or sha512")
}

func signatureHash(method string) func() hash.Hash {
	switch method {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	}
	return nil
}

// SignVonage is the signature of the SMS API in lower-case hex: over "&key=value"
// of every field but sig, sorted by key, with "_" for each "&" and "=" in a value.
// The method md5hash is the MD5 of that and the secret; the others are HMACs.
// Source: https://developer.vonage.com/en/getting-started/concepts/signing-messages
func SignVonage(method, secret string, fields map[string]string) string {
	var text strings.Builder
	harmless := strings.NewReplacer("&", "_", "=", "_")
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if key != "sig" {
			text.WriteString("&" + key + "=" + harmless.Replace(fields[key]))
		}
	}
	if hashed := signatureHash(method); hashed != nil {
		h := hmac.New(hashed, []byte(secret))
		h.Write([]byte(text.String()))
		return hex.EncodeToString(h.Sum(nil))
	}
	sum := md5.Sum([]byte(text.String() + secret))
	return hex.EncodeToString(sum[:])
}

// signable fields have a signature that fits nothing else: a key with "&" or "="
// in it could pass for several fields, and what is no plain value is not signed.
func (f vonageFields) signable() bool {
	if len(f.nested) > 0 {
		return false
	}
	for key := range f.text {
		if strings.ContainsAny(key, "&=") {
			return false
		}
	}
	return true
}

// bearer finds the token of the Messages API.
func bearer(header http.Header) (token string, ok bool) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	return strings.CutPrefix(values[0], "Bearer ")
}

// tokenSigns says whether the secret signed a token (a JWT with HMAC-SHA256) and
// the token holds the digest of this body. Its time is not looked at: what was
// not answered comes again for a day, and message ids make a replay harmless.
// Source: https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
func tokenSigns(secret, token string, body []byte) bool {
	signed, signature, ok := cutLast(token, ".")
	head, claims, whole := strings.Cut(signed, ".")
	if !ok || !whole {
		return false
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil {
		return false
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(signed))
	if !hmac.Equal(h.Sum(nil), given) {
		return false
	}
	var how struct {
		Alg string `json:"alg"`
	}
	var says struct {
		PayloadHash string `json:"payload_hash"`
	}
	sum := sha256.Sum256(body)
	return readToken(head, &how) && how.Alg == "HS256" && readToken(claims, &says) &&
		channels.Equal(strings.ToLower(says.PayloadHash), hex.EncodeToString(sum[:]))
}

func readToken(part string, into any) bool {
	data, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil && json.Unmarshal(data, into) == nil
}

func cutLast(text, at string) (before, after string, found bool) {
	i := strings.LastIndex(text, at)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(at):], true
}
