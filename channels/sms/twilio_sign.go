package sms

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// Sign is Twilio's signature: base64(HMAC-SHA1(token, URL + each key and value,
// sorted by key)). Of a repeated key each different value counts once, sorted,
// as Twilio's Python and Node libraries have it. The URL is signed as it stands,
// without a fragment.
// Source: https://www.twilio.com/docs/usage/security#validating-requests
func Sign(token, url string, params url.Values) string {
	url, _, _ = strings.Cut(url, "#")
	return mac(token, url, canonical(params, distinct))
}

// signedBy says whether token signed this URL with these fields, in constant
// time for each way of writing them down. Twilio's signer is inconsistent about
// the port (twilio-go says so), and helpers disagree on repeated keys. A helper
// that takes only the first value of a repeated key is not followed: it leaves
// the others unsigned.
func signedBy(token, url string, params url.Values, given string) bool {
	texts := []string{canonical(params, distinct)}
	if repeats(params) {
		texts = append(texts, canonical(params, inOrder))
	}
	for _, form := range []string{url, withoutPort(url), withPort(url)} {
		for _, text := range texts {
			if channels.Equal(mac(token, form, text), given) {
				return true
			}
		}
	}
	return false
}

func mac(token, url, fields string) string {
	h := hmac.New(sha1.New, []byte(token))
	h.Write([]byte(url))
	h.Write([]byte(fields))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// canonical sorts by key, never by key and value together: "Reason" goes before
// "ReasonConferenceEnded" whatever their values.
func canonical(params url.Values, values func([]string) []string) string {
	keys := make([]string, 0, len(params))
	for key := range params {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		for _, value := range values(params[key]) {
			b.WriteString(key)
			b.WriteString(value)
		}
	}
	return b.String()
}

func distinct(values []string) []string {
	if len(values) < 2 {
		return values
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func inOrder(values []string) []string { return values }

func repeats(params url.Values) bool {
	for _, values := range params {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

// bodyMatches compares the body with the hex SHA-256 that its URL carries.
func bodyMatches(body []byte, digest string) bool {
	sum := sha256.Sum256(body)
	return channels.Equal(hex.EncodeToString(sum[:]), digest)
}

// withPort adds the scheme's own port where the URL names none.
func withPort(url string) string {
	scheme, authority, rest := cutURL(url)
	if _, port := cutPort(authority); port != "" {
		return url
	}
	if scheme == "https" {
		return scheme + "://" + authority + ":443" + rest
	}
	return scheme + "://" + authority + ":80" + rest
}

// withoutPort removes any port.
func withoutPort(url string) string {
	scheme, authority, rest := cutURL(url)
	host, _ := cutPort(authority)
	return scheme + "://" + host + rest
}

// cutURL works on the text, because a parsed URL may be written back otherwise
// than it was signed.
func cutURL(url string) (scheme, authority, rest string) {
	scheme, after, _ := strings.Cut(url, "://")
	end := strings.IndexAny(after, "/?#")
	if end < 0 {
		end = len(after)
	}
	return scheme, after[:end], after[end:]
}

func cutPort(authority string) (host, port string) {
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || colon < strings.LastIndexByte(authority, ']') || colon < strings.LastIndexByte(authority, '@') {
		return authority, ""
	}
	return authority[:colon], authority[colon+1:]
}
