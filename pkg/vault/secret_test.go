package vault_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/vault"
)

const canary = "+254700canary"

// plain is what a careless type would be.
type plain string

// leaks prints a value in every way that Onyo's own code or a library might, and
// says which ways show the canary, as text, in hex, quoted or as numbers.
func leaks(value any) []string {
	held := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Held", Type: reflect.TypeOf(value)}})).Elem()
	held.Field(0).Set(reflect.ValueOf(value))
	shapes := map[string]any{
		"alone": value, "in a struct": held.Interface(), "by pointer": held.Addr().Interface(),
		"in a list": []any{value}, "in a map": map[string]any{"k": value}, "in an error": fmt.Errorf("refused %v", value),
	}
	var found []string
	for shape, v := range shapes {
		for way, shown := range ways(v) {
			if shows(shown) {
				found = append(found, shape+" "+way)
			}
		}
	}
	return found
}

func ways(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%x", "% X", "%#x", "%d", "%t", "%08.3f", "%U", "%c", "%b", "%z"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	noVerb := "none"
	out["too many"] = fmt.Sprintf(noVerb, v)
	var text, logged bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "k", v, slog.Group("g", "k", v))
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "k", v, slog.Group("g", "k", v))
	out["slog text"], out["slog json"] = text.String(), logged.String()
	asJSON, _ := json.Marshal(v)
	asXML, _ := xml.Marshal(v)
	out["json"], out["xml"] = string(asJSON), string(asXML)
	return out
}

func shows(s string) bool {
	for _, form := range []string{
		canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% X", canary), fmt.Sprintf("%d", []byte(canary)),
		strings.Trim(fmt.Sprintf("%#v", []byte(canary)), "[]byte{}"), "KzI1NDcwMGNhbmFyeQ", // base64
	} {
		if strings.Contains(s, form) {
			return true
		}
	}
	return false
}

func TestSecretsPrintAsSealed(t *testing.T) {
	if found := leaks(plain(canary)); len(found) < 6*10 {
		t.Fatalf("a type that hides nothing leaks in %d ways only: %v", len(found), found)
	}
	if found := leaks([]byte(canary)); len(found) < 6*8 {
		t.Fatalf("bytes that hide nothing leak in %d ways only: %v", len(found), found)
	}
	for _, value := range []any{vault.Secret(canary), vault.SecretBytes(canary)} {
		if found := leaks(value); len(found) > 0 {
			t.Errorf("%T leaks: %v", value, found)
		}
	}
	if got := fmt.Sprintln(vault.Secret(canary), vault.SecretBytes(canary)); got != "[sealed] [sealed]\n" {
		t.Errorf("printed as %s", got)
	}
}

// Keys made of the canary's bytes do not print them, not even from a struct that
// keeps them in an unexported field.
func TestKeysPrintAsSealed(t *testing.T) {
	keys, err := vault.NewKeys(strings.NewReader(canary + strings.Repeat("-", 32)))
	if err != nil {
		t.Fatal(err)
	}
	dataKey, err := keys.NewDataKey(strings.NewReader(canary + strings.Repeat("-", 64)))
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{keys, dataKey, *keys, *dataKey} {
		if found := leaks(value); len(found) > 0 {
			t.Errorf("%T leaks: %v", value, found)
		}
	}
	for way, shown := range ways(struct {
		keys    vault.Keys
		dataKey vault.DataKey
	}{*keys, *dataKey}) {
		if shows(shown) {
			t.Errorf("unexported fields leak by %s: %s", way, shown)
		}
	}
}

func TestSecretsAreRevealedOnRequestOnly(t *testing.T) {
	if vault.Secret(canary).Reveal() != canary || string(vault.SecretBytes(canary).Reveal()) != canary {
		t.Error("Reveal does not give the plaintext")
	}
	_, textErr := vault.Secret(canary).Value()
	_, bytesErr := vault.SecretBytes(canary).Value()
	if textErr == nil || bytesErr == nil {
		t.Error("a secret went to the database as it is")
	}
	var back map[string]vault.Secret
	if err := json.Unmarshal([]byte(`{"a":"`+canary+`"}`), &back); err != nil || back["a"] != canary {
		t.Errorf("a secret decodes as %q (%v)", back["a"].Reveal(), err)
	}
	if out, err := vault.Canonical(vault.Secret(canary)); err != nil || string(out) != `"`+canary+`"` {
		t.Errorf("a secret's canonical form is %s (%v)", out, err)
	}
}
