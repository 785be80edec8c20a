package app_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

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
