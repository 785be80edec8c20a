package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
)

// The worst bodies within the limits cost no more than 64 MiB of allocation,
// whether they are accepted or refused.
func TestAppBoundsMemory(t *testing.T) {
	fill := func(head, each, tail string) string {
		return head + strings.Repeat(each, (app.JSONBytes-len(head)-len(tail))/len(each)) + tail
	}
	var keys strings.Builder
	for i := 0; keys.Len() < app.JSONBytes-100; i++ {
		fmt.Fprintf(&keys, `"%x":1,`, i)
	}
	for name, body := range map[string]string{
		"objects": fill(`{"text":"x","answers":{"a":[{}`, `,{}`, `]}}`),
		"numbers": fill(`{"text":"x","answers":{"a":[0`, `,0`, `]}}`),
		"keys":    `{"text":"x","answers":{` + keys.String() + `"z":1}}`,
		"strings": fill(`{"text":"x","categories":["a"`, `,"a"`, `]}`),
		"escapes": fill(`{"text":"`, `\u0041`, `"}`),
		"spaces":  fill(`{"text":"x"`, ` `, `}`),
		"open":    fill(`{"text":"x","answers":{"a":`, `[`, ``),
	} {
		t.Run(name, func(t *testing.T) {
			w, kind := adapter(t), app.Kind()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = kind.Receive(t.Context(), w, posted(jsonType, body))
			runtime.ReadMemStats(&after)
			if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 64 {
				t.Errorf("%d MiB", spent)
			} else {
				t.Logf("%d MiB", spent)
			}
		})
	}
}

// Files that are each small enough may still be too much together: by a byte
// over the sum that is said of the files, by far of the whole body.
func TestAppBoundsAllFilesTogether(t *testing.T) {
	full, rest := strings.Repeat("x", app.FileBytes), app.MediaBytes%app.FileBytes
	sized := func(last string) []part {
		var all []part
		for range app.MediaBytes / app.FileBytes {
			all = append(all, part{name: "media", file: "f", content: full})
		}
		return append(all, part{name: "media", file: "f", content: last})
	}
	for name, tc := range map[string]struct {
		last, field string
		refused     bool
	}{
		"all there is room for": {last: full[:rest]},
		"a byte more":           {last: full[:rest+1], field: "media", refused: true},
		"a whole file more":     {last: full, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := app.Kind().Receive(t.Context(), adapter(t), parts("b", sized(tc.last)...))
			if !tc.refused {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var refusal *channels.Refusal
			if !errors.As(err, &refusal) || refusal.Status != http.StatusRequestEntityTooLarge || refusal.Code != "too_large" || refusal.Field != tc.field {
				t.Fatalf("got %v", err)
			}
		})
	}
}
