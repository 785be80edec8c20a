package chat_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/chat"
)

// However Meta divides messages among entries and changes, and whatever else is in
// the batch, the same messages come with the same identities.
func TestWhatsAppBatchesAreTheirMessages(t *testing.T) {
	w := build(t, chat.WhatsApp(), whatsAppConfig())
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 12).Draw(t, "texts")
		want := map[string][32]byte{}
		var entries, changes, messages []string
		flush := func() {
			one := string(batch(messages, nil))
			one = one[strings.Index(one, `"changes":[`)+len(`"changes":[`) : len(one)-len(`]}]}`)]
			changes, messages = append(changes, one), nil
		}
		for i, text := range texts {
			id := fmt.Sprint("wamid.", i)
			want[id] = channels.Message{Nature: channels.NewWords("", "").Nature(channels.Clean(text)), Text: channels.Clean(text),
				From: channels.Address{Scheme: "whatsapp", Value: "+" + walker}, To: channels.Address{Scheme: "whatsapp", Value: "+16505553333"}}.Digest()
			messages = append(messages, hubText(id, text))
			if last := i == len(texts)-1; last || rapid.Bool().Draw(t, "new change") {
				flush()
				if last || rapid.Bool().Draw(t, "new entry") {
					entries, changes = append(entries, `{"id":"1","changes":[`+strings.Join(changes, ",")+`]}`), nil
				}
			}
		}
		got, err := chat.WhatsApp().Receive(t.Context(), w, hubSigned([]byte(`{"object":"whatsapp_business_account","entry":[`+strings.Join(entries, ",")+`]}`)))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string][32]byte{}
		for _, split := range got.Messages {
			found[split.ProviderID] = split.Digest
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever is edited, and however often, each version has its own identity and all
// of them the name of the first.
func TestTelegramVersionsShareTheirName(t *testing.T) {
	w := build(t, chat.Telegram(), telegramConfig())
	rapid.Check(t, func(t *rapid.T) {
		person, message := rapid.Int64Range(1, 1<<52).Draw(t, "person"), rapid.Int64Range(1, 1<<40).Draw(t, "message")
		update := rapid.Int64Range(1, 1<<31).Draw(t, "update")
		name, ids := fmt.Sprint(person, "/", message), map[string]bool{}
		versions := rapid.SliceOfN(rapid.StringN(1, 40, -1), 1, 6).Draw(t, "versions")
		for i, text := range versions {
			part, quoted := "message", must(json.Marshal(text))
			if i > 0 {
				part = "edited_message"
			}
			got, err := chat.Telegram().Receive(t.Context(), w, called(fmt.Appendf(nil,
				`{"update_id":%d,%q:{"message_id":%d,"date":1,"edit_date":2,"chat":{"id":%d,"type":"private"},"from":{"id":%d},"text":%s}}`,
				update+int64(i), part, message, person, person, quoted)))
			if err != nil {
				t.Fatal(err)
			}
			split := got.Messages[0]
			read, err := w.Parse(split.Raw)
			if err != nil {
				t.Fatal(err)
			}
			if split.Alias != name || (read[0].Supersedes == name) != (i > 0) || read[0].Text != channels.Clean(text) {
				t.Fatalf("version %d is of another message", i)
			}
			ids[split.ProviderID] = true
		}
		if len(ids) != len(versions) {
			t.Fatal("two versions have one identity")
		}
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
