package accept_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// canary is a witness whose traces are looked for.
type canary struct{ phone, email, name string }

// secrets are the shortest pieces that would give the witness away.
func (c canary) secrets() []string {
	local, _, _ := strings.Cut(c.email, "@")
	return []string{strings.TrimPrefix(c.phone, "+"), strings.TrimPrefix(c.phone, "+254"), c.email, local, c.name, strings.Fields(c.name)[1]}
}

// needle is one way in which a secret may lie in bytes.
type needle struct {
	form string
	text []byte // lower case
}

// needles are all the ways that are looked for.
func needles(secrets ...string) []needle {
	var all []needle
	add := func(form string, text []byte) { all = append(all, needle{form, bytes.ToLower(text)}) }
	for _, secret := range secrets {
		add("plain", []byte(secret))
		add("hex", []byte(hex.EncodeToString([]byte(secret))))
		add("query-escaped", []byte(url.QueryEscape(secret)))
		add("path-escaped", []byte(url.PathEscape(secret)))
		add("HTML-escaped", []byte(strings.NewReplacer("+", "&#43;", "@", "&#64;").Replace(html.EscapeString(secret))))
		var percent, unicode strings.Builder
		for _, b := range []byte(secret) {
			fmt.Fprintf(&percent, "%%%02X", b)
			fmt.Fprintf(&unicode, `\u%04x`, b)
		}
		add("percent", []byte(percent.String()))
		add("JSON-escaped", []byte(unicode.String()))
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			var wide []byte
			for _, unit := range utf16.Encode([]rune(secret)) {
				wide = order.AppendUint16(wide, unit)
			}
			add("UTF-16", wide)
		}
		for shift := range 3 {
			add("base64", inBase64(base64.RawStdEncoding, secret, shift))
			add("base64url", inBase64(base64.RawURLEncoding, secret, shift))
		}
	}
	return all
}

// inBase64 is what base64 makes of a secret that begins shift bytes into a
// group, without the digits that its neighbours have a part in.
func inBase64(encoding *base64.Encoding, secret string, shift int) []byte {
	text := encoding.EncodeToString(append(make([]byte, shift), secret...))
	text = text[(shift*8+5)/6:]
	if (shift+len(secret))%3 != 0 {
		text = text[:len(text)-1]
	}
	return []byte(text)
}

// sightings are the needles found in bytes, each with its place.
func sightings(where string, content []byte, of []needle) []string {
	lower := bytes.ToLower(content)
	var found []string
	for _, one := range of {
		if bytes.Contains(lower, one.text) {
			found = append(found, where+": "+one.form)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// sightingsIn looks through every file below a folder.
func sightingsIn(t testing.TB, folder string, of []needle) (found []string, files int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		name, err := filepath.Rel(folder, path)
		found = append(append(found, sightings(name, content, of)...), sightings("the name of "+name, []byte(name), of)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, files
}

// The search finds what is planted, in every form and at every offset.
func TestCanarySearchCatches(t *testing.T) {
	secret := theCanary().secrets()
	of := needles(secret...)
	folder := t.TempDir()
	for i, whole := range []string{theCanary().phone, theCanary().email, theCanary().name} {
		for j := range 4 {
			text := strings.Repeat("x", j) + " " + whole + ";"
			wide := []byte{0}
			for _, unit := range utf16.Encode([]rune(text)) {
				wide = binary.LittleEndian.AppendUint16(wide, unit)
			}
			for form, planted := range map[string][]byte{
				"plain": []byte(text), "hex": []byte(strings.ToUpper(hex.EncodeToString([]byte(text)))), "UTF-16": wide,
				"base64": []byte(base64.StdEncoding.EncodeToString([]byte(text))), "percent": []byte(percentAll(text)), "upper": []byte(strings.ToUpper(text)),
			} {
				path := filepath.Join(folder, fmt.Sprint("planted-", i, j, form))
				if err := os.WriteFile(path, append(bytes.Repeat([]byte{0xff}, 3), planted...), 0o600); err != nil {
					t.Fatal(err)
				}
				if found, files := sightingsIn(t, folder, of); len(found) == 0 || files != 1 {
					t.Errorf("%s of %q at offset %d was not seen in %d files", form, whole, j, files)
				}
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if found, _ := sightingsIn(t, folder, of); len(found) != 0 {
		t.Errorf("seen where nothing is: %v", found)
	}
}

func percentAll(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}

func theCanary() canary {
	return canary{phone: "+254799314159", email: "zawadi.kanarienvogel@example.org", name: "Zawadi Kanarienvogel"}
}
