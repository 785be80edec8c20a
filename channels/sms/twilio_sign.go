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
	var form twilioForm
	for key, values := range params {
		for _, value := range values {
			form = append(form, twilioField{key, value})
		}
	}
	slices.SortStableFunc(form, func(a, b twilioField) int { return strings.Compare(a.key, b.key) })
	return base64.StdEncoding.EncodeToString(mac(token, append([]byte(url), form.distinct().signed()...)))
}

func mac(token string, text []byte) []byte {
	h := hmac.New(sha1.New, []byte(token))
	h.Write(text)
	return h.Sum(make([]byte, 0, sha1.Size))
}

// signature reads what X-Twilio-Signature holds; there is one way to write it.
func signature(given string) ([]byte, bool) {
	sum, err := base64.StdEncoding.Strict().DecodeString(given)
	return sum, err == nil && len(sum) == sha1.Size
}

// signed says whether a live token signed one of these texts after the channel's
// URL with this query, in time that does not tell how much of a signature is
// right. Every live token is tried on a text before the next text is.
func (t *twilio) signed(given []byte, query string, texts ...[]byte) bool {
	rest := ""
	if query != "" || t.mark {
		rest = "?" + query
	}
	var whole []byte
	for _, text := range texts {
		for _, base := range t.bases {
			whole = append(append(append(whole[:0], base...), rest...), text...)
			if t.token.Any(func(token string) bool { return hmac.Equal(mac(token, whole), given) }) {
				return true
			}
		}
	}
	return false
}

// ways are how Twilio may have written a URL that it signs: its signer is
// inconsistent about the port (twilio-go says so).
func ways(url string) []string {
	var all []string
	for _, way := range []string{url, withoutPort(url), withPort(url)} {
		if !slices.Contains(all, way) {
			all = append(all, way)
		}
	}
	return all
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
