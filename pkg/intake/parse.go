package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Read reads a message in full, as the worker does. An error tells by a code why
// it cannot be.
func (h *Host) Read(ctx context.Context, message *crisis.Message) ([]channels.Message, error) {
	parsed, code := h.parse(ctx, message)
	if code != "" {
		return nil, fmt.Errorf("read a message: %s", code)
	}
	return parsed, nil
}

// parse lets the adapter read a message in full; its faults become codes.
func (h *Host) parse(ctx context.Context, message *crisis.Message) (parsed []channels.Message, code string) {
	one, err := h.identified(message.Channel)
	if err != nil {
		return nil, "channel_off"
	}
	type result struct {
		parsed []channels.Message
		code   string
	}
	done := make(chan result, 1)
	go func() {
		defer func() {
			if recover() != nil {
				done <- result{code: "parse_panic"}
			}
		}()
		parsed, err := one.adapter.Parse(message.Raw.Reveal())
		if err != nil {
			done <- result{code: "parse_failed"}
			return
		}
		done <- result{parsed: parsed}
	}()
	timer := time.NewTimer(parseWithin)
	defer timer.Stop()
	select {
	case got := <-done:
		return got.parsed, got.code
	case <-timer.C:
		return nil, "parse_timeout"
	case <-ctx.Done():
		return nil, "stopped"
	}
}
