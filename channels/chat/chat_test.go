package chat_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const appJSON = "application/json"

// world fills in what the host gives every channel.
func world(c channels.Config) channels.Config {
	c.Clock, c.HTTP, c.Log = time.Now, http.DefaultClient, slog.New(slog.NewTextHandler(io.Discard, nil))
	return c
}

func build(t testing.TB, kind channels.Kind, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := kind.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

func fixture(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// receive brings an exchange that is good and holds as many messages as it may.
func receive(t testing.TB, kind channels.Kind, w channels.Webhook, x channels.Exchange) []channels.Split {
	t.Helper()
	got, err := kind.Receive(t.Context(), w, x)
	if err != nil {
		t.Fatal(err)
	}
	if got.Answer.Status != http.StatusOK || string(got.Answer.Body) != "ok" {
		t.Fatalf("answered %d %q", got.Answer.Status, got.Answer.Body)
	}
	return got.Messages
}

// reread is what a split's Raw says.
func reread(t testing.TB, w channels.Webhook, split channels.Split) channels.Message {
	t.Helper()
	messages, err := w.Parse(split.Raw)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	if messages[0].ProviderID != split.ProviderID || messages[0].Alias != split.Alias || messages[0].Digest() != split.Digest {
		t.Fatal("split and parse disagree")
	}
	return messages[0]
}

// turned is the same JSON with its keys the other way round, and with white space.
func turned(t testing.TB, data []byte, dress int) []byte {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, sorted, "", "   "[:dress%4]); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
