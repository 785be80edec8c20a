package channeltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/onyo-project/onyo/channels"
)

// plant is a fault put into the adapter under test, and the check that must
// catch it.
type plant struct {
	name, caught string
	applies      func(Suite) bool
	kind         func(channels.Kind) channels.Kind
	config       func(channels.Config) channels.Config
	adapter      func(*bench, channels.Config, channels.Webhook) channels.Webhook
}

// bent is an adapter with other steps.
type bent struct {
	inner   channels.Webhook
	receive func(context.Context, channels.Exchange) (channels.Reception, error)
	parse   func([]byte) ([]channels.Message, error)
}

func (a *bent) Receive(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
	if a.receive == nil {
		return a.inner.Receive(ctx, x)
	}
	return a.receive(ctx, x)
}

func (a *bent) Parse(raw []byte) ([]channels.Message, error) {
	if a.parse == nil {
		return a.inner.Parse(raw)
	}
	return a.parse(raw)
}

func plants() []plant {
	proved := func(s Suite) bool { return s.Prove != nil }
	return []plant{
		{name: "capabilities that are not there", caught: "kind", kind: func(k channels.Kind) channels.Kind {
			k.Can.Run = !k.Can.Run
			return k
		}},
		{name: "collecting that is not there", caught: "kind", kind: func(k channels.Kind) channels.Kind {
			k.Can.Collect = !k.Can.Collect
			return k
		}},
		{name: "proof not checked", caught: "forged", applies: proved,
			adapter: func(b *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
				return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
					return inner.Receive(ctx, b.Prove(x))
				}}
			}},
		{name: "limit forgotten", caught: "admission", kind: func(k channels.Kind) channels.Kind {
			k.Limits.BodyBytes *= 2
			k.Limits.TypeBytes = nil
			return k
		}},
		{name: "any type", caught: "admission",
			kind: func(k channels.Kind) channels.Kind {
				k.BodyTypes = append([]string{"text/plain", "application/octet-stream"}, k.BodyTypes...)
				return k
			},
			adapter: func(b *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
				return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
					return inner.Receive(ctx, withHeader(x, "Content-Type", b.Kind.BodyTypes[0]))
				}}
			}},
		{name: "any method", caught: "admission", kind: func(k channels.Kind) channels.Kind {
			k.Methods = append([]string{"BREW"}, k.Methods...) // some kinds do take GET
			return k
		}},
		{name: "half a body taken", caught: "cut short", adapter: takesAnything,
			applies: func(s Suite) bool { return s.Kind.Can.Signed || s.Kind.Can.Anonymous }},
		{name: "panic on odd bytes", caught: "hostile bytes",
			adapter: func(_ *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
				return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
					if bytes.ContainsAny(x.Body, "\x00\xff") || bytes.Contains(x.Body, []byte("%00")) {
						panic("odd bytes")
					}
					return inner.Receive(ctx, x)
				}}
			}},
		{name: "text not cleaned", caught: "hostile bytes", adapter: onParse(func(m *channels.Message) { m.Text += "\x00\xff" })},
		{name: "a new id each time", caught: "replay", adapter: freshIDs},
		{name: "digest of the body", caught: "dress", adapter: onSplit(func(x channels.Exchange, s *channels.Split) { s.Digest = sha256.Sum256(x.Body) })},
		{name: "digest of the id", caught: "content", adapter: onSplit(func(_ channels.Exchange, s *channels.Split) { s.Digest = sha256.Sum256([]byte(s.ProviderID)) })},
		{name: "parse knows another id", caught: "split is parse", adapter: onParse(func(m *channels.Message) { m.ProviderID += "x" })},
		{name: "parse loses words", caught: "split is parse", adapter: onParse(func(m *channels.Message) { m.Text = strings.TrimSuffix(m.Text, "water") })},
		{name: "parse counts", caught: "rerun", adapter: counting},
		{name: "unsplittable refused", caught: "unsplittable", applies: proved,
			adapter: func(_ *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
				return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
					reception, err := inner.Receive(ctx, x)
					if err == nil && reception.Messages[0].Nature == channels.Unparsed {
						return channels.Reception{}, channels.Malformed("bad", "", "No message in it.")
					}
					return reception, err
				}}
			}},
		{name: "old secret forgotten", caught: "rotation", applies: proved, config: onlyCurrent},
		{name: "secret in the refusal", caught: "silence", applies: proved, adapter: tellsSecret},
		{name: "sender in the log", caught: "silence",
			adapter: func(_ *bench, config channels.Config, inner channels.Webhook) channels.Webhook {
				return &bent{inner: inner, parse: func(raw []byte) ([]channels.Message, error) {
					messages, err := inner.Parse(raw)
					for _, m := range messages {
						config.Log.Info("parsed", "from", m.From.Value, "text", m.Text)
					}
					return messages, err
				}}
			}},
		{name: "calls out before the answer", caught: "silence",
			adapter: func(_ *bench, config channels.Config, inner channels.Webhook) channels.Webhook {
				return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
					if _, err := config.HTTP.Do(nil); err == nil {
						return channels.Reception{}, errors.New("the door is open")
					}
					return inner.Receive(ctx, x)
				}}
			}},
	}
}

func onSplit(bend func(channels.Exchange, *channels.Split)) func(*bench, channels.Config, channels.Webhook) channels.Webhook {
	return func(_ *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
		return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
			reception, err := inner.Receive(ctx, x)
			for i := range reception.Messages {
				bend(x, &reception.Messages[i])
			}
			return reception, err
		}}
	}
}

func onParse(bend func(*channels.Message)) func(*bench, channels.Config, channels.Webhook) channels.Webhook {
	return func(_ *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
		return &bent{inner: inner, parse: func(raw []byte) ([]channels.Message, error) {
			messages, err := inner.Parse(raw)
			for i := range messages {
				bend(&messages[i])
			}
			return messages, err
		}}
	}
}

func freshIDs(b *bench, config channels.Config, inner channels.Webhook) channels.Webhook {
	var count atomic.Int64
	return onSplit(func(_ channels.Exchange, s *channels.Split) {
		s.ProviderID = fmt.Sprint(s.ProviderID, count.Add(1))
	})(b, config, inner)
}

func counting(b *bench, config channels.Config, inner channels.Webhook) channels.Webhook {
	var count atomic.Int64
	return onParse(func(m *channels.Message) { m.Contact = fmt.Sprint(count.Add(1)) })(b, config, inner)
}

func takesAnything(_ *bench, _ channels.Config, inner channels.Webhook) channels.Webhook {
	return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
		reception, err := inner.Receive(ctx, x)
		if err != nil {
			split := channels.UnparsedSplit(x.Body, x.Body, "unknown")
			return channels.Reception{Messages: []channels.Split{split}, Answer: channels.Answer{Status: http.StatusOK}}, nil
		}
		return reception, nil
	}}
}

func onlyCurrent(config channels.Config) channels.Config {
	secrets := map[string]channels.Secret{}
	for key, secret := range config.Secrets {
		secrets[key] = channels.NewSecret(secret.Current(), "")
	}
	config.Secrets = secrets
	return config
}

func tellsSecret(_ *bench, config channels.Config, inner channels.Webhook) channels.Webhook {
	return &bent{inner: inner, receive: func(ctx context.Context, x channels.Exchange) (channels.Reception, error) {
		reception, err := inner.Receive(ctx, x)
		var refusal *channels.Refusal
		if errors.As(err, &refusal) {
			told := *refusal
			for _, secret := range config.Secrets {
				told.Detail += " Expected " + secret.Current()
			}
			return reception, &told
		}
		return reception, err
	}}
}
