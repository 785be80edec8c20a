package channels_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
)

// printed is a value in every way in which Go prints values.
func printed(t *testing.T, value any) string {
	t.Helper()
	type holder struct {
		inner any //nolint:unused // printed by reflection
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", value)
		fmt.Fprintf(&out, verb+"\n", []any{value})
		fmt.Fprintf(&out, verb+"\n", holder{value})
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
	return out.String()
}

const canary = "canary4471"

func TestPersonalDataDoesNotPrint(t *testing.T) {
	type plain struct{ Value string }
	if !strings.Contains(printed(t, plain{canary}), canary) {
		t.Fatal("the test does not see a plain value")
	}
	address := channels.Address{Scheme: "tel", Value: canary}
	for name, value := range map[string]any{
		"address":  address,
		"message":  channels.Message{From: address, Text: canary, Contact: canary, Answers: []byte(canary)},
		"split":    channels.Split{From: address, Raw: []byte(canary), ProviderID: canary},
		"exchange": channels.Exchange{Body: []byte(canary), PathSecret: canary, Query: canary},
		"outbound": channels.Outbound{To: address, Text: canary},
		"media":    channels.Media{Name: canary, URL: canary, Bytes: []byte(canary)},
	} {
		// Inside an unexported field fmt sees everything; these values live in
		// variables and arguments, never in an adapter.
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
			fmt.Fprintf(&out, verb+"\n", []any{value})
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		if strings.Contains(out.String(), canary) {
			t.Errorf("%s prints its content", name)
		}
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	secret := channels.NewSecret(canary, "older"+canary)
	if strings.Contains(printed(t, secret), canary) {
		t.Error("a secret prints")
	}
	data, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil || strings.Contains(string(data), canary) {
		t.Errorf("a secret marshals: %v", err)
	}
}

func TestSecretHasTwoLiveValues(t *testing.T) {
	both := channels.NewSecret("new", "old")
	for value, want := range map[string]bool{"new": true, "old": true, "": false, "other": false} {
		if got := both.Matches(value); got != want {
			t.Errorf("%q matches: %t", value, got)
		}
	}
	if both.Current() != "new" {
		t.Error("the current value is not the new one")
	}
	for name, none := range map[string]channels.Secret{"zero": {}, "empty": channels.NewSecret("", "")} {
		if none.Matches("") || none.Current() != "" {
			t.Errorf("%s: nothing matches a secret that is not set", name)
		}
	}
}
