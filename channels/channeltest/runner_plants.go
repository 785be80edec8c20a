package channeltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/onyo-project/onyo/channels"
)

// runnerPlant is a fault put into the runner under test or between it and its
// inlet, and the check that must catch it.
type runnerPlant struct {
	name, caught string
	// applies is asked after the check let the fault pass: whether it is one for
	// this kind. Nil: always.
	applies func(*runnerBench) bool
	kind    func(channels.Kind) channels.Kind
	adapter func(*runnerBench, channels.Config, channels.Runner) channels.Runner
	inlet   func(*runnerBench, channels.Inlet) channels.Inlet
}

// bentRunner is a runner with other steps.
type bentRunner struct {
	inner channels.Runner
	run   func(context.Context, channels.Inlet) error
	parse func([]byte) ([]channels.Message, error)
}

func (a *bentRunner) Run(ctx context.Context, inlet channels.Inlet) error {
	if a.run == nil {
		return a.inner.Run(ctx, inlet)
	}
	return a.run(ctx, inlet)
}

func (a *bentRunner) Parse(raw []byte) ([]channels.Message, error) {
	if a.parse == nil {
		return a.inner.Parse(raw)
	}
	return a.parse(raw)
}

// bentInlet is an inlet with another Accept: to the checks it is the runner that
// errs.
type bentInlet struct {
	channels.Inlet
	accept func(context.Context, []channels.Split, []byte) error
}

func (i bentInlet) Accept(ctx context.Context, splits []channels.Split, cursor []byte) error {
	return i.accept(ctx, splits, cursor)
}

func runnerPlants() []runnerPlant {
	guarded := func(b *runnerBench) bool { return b.guarded() }
	return []runnerPlant{
		{name: "capabilities that are not there", caught: "kind", kind: func(k channels.Kind) channels.Kind {
			k.Can.Fetch = !k.Can.Fetch
			return k
		}},
		{name: "a setting without help", caught: "kind", kind: func(k channels.Kind) channels.Kind {
			k.Settings = append([]channels.Setting{{Key: "planted"}}, k.Settings...)
			return k
		}},
		{name: "one saying lost", caught: "arrival", inlet: losesSecond},
		{name: "a new id each time", caught: "identity", inlet: bendSplits(func() func(*channels.Split) {
			var count atomic.Int64
			return func(s *channels.Split) { s.ProviderID += fmt.Sprint("/", count.Add(1)) }
		})},
		{name: "digest of nothing", caught: "content", inlet: bendSplits(func() func(*channels.Split) {
			return func(s *channels.Split) { s.Digest = [32]byte{1} }
		})},
		{name: "digest not of the message", caught: "split is parse", inlet: bendSplits(func() func(*channels.Split) {
			return func(s *channels.Split) { s.Digest[0]++ }
		})},
		{name: "parse knows another id", caught: "split is parse", adapter: onRunnerParse(func(m *channels.Message) { m.ProviderID += "x" })},
		{name: "parse loses words", caught: "split is parse", adapter: onRunnerParse(func(m *channels.Message) {
			m.Text = strings.ReplaceAll(m.Text, "water", "")
		})},
		{name: "parse counts", caught: "rerun", adapter: func(b *runnerBench, config channels.Config, inner channels.Runner) channels.Runner {
			var count atomic.Int64
			return onRunnerParse(func(m *channels.Message) { m.Contact = fmt.Sprint(count.Add(1)) })(b, config, inner)
		}},
		{name: "text not cleaned", caught: "hostile bytes", adapter: onRunnerParse(func(m *channels.Message) { m.Text += "\x00\xff" })},
		{name: "stopped by hostile bytes", caught: "hostile bytes", inlet: acceptUnless(func(b *runnerBench) bool { return b.hostile.Load() },
			func() error { return errors.New("bad item") })},
		// Without a cursor a provider is told only by the next question, which a
		// process that went down with the Accept never asks.
		{name: "a failed accept ignored", caught: "failed accept", applies: keepsPlace, inlet: func(_ *runnerBench, inner channels.Inlet) channels.Inlet {
			return bentInlet{inner, func(ctx context.Context, splits []channels.Split, cursor []byte) error {
				_ = inner.Accept(ctx, splits, cursor)
				_ = inner.Accept(context.WithoutCancel(ctx), nil, cursor) // the next one stands for it
				return nil
			}}
		}},
		{name: "the cursor leads", caught: "failed accept", inlet: cursorFirst,
			applies: keepsPlace},
		{name: "what passed while broken is lost", caught: "break", inlet: acceptUnless(func(b *runnerBench) bool { return b.broken.Swap(false) },
			func() error { return nil })},
		{name: "asks for ever", caught: "refused", applies: guarded, adapter: neverGivesUp},
		{name: "the secret in the error", caught: "refused", applies: guarded, adapter: onEnd(func(config channels.Config, _ context.Context, err error) error {
			for _, secret := range config.Secrets {
				err = fmt.Errorf("%w with %s", err, secret.Current())
			}
			return err
		})},
		{name: "the end is an error", caught: "end", adapter: onEnd(func(_ channels.Config, ctx context.Context, err error) error {
			return errors.Join(err, ctx.Err())
		})},
		{name: "sender and text in the log", caught: "silence", inlet: logsMessages},
		{name: "secrets in the log", caught: "silence", applies: func(b *runnerBench) bool { return len(b.config.Secrets) > 0 },
			adapter: func(_ *runnerBench, config channels.Config, inner channels.Runner) channels.Runner {
				for _, secret := range config.Secrets {
					config.Log.Info("connecting", "with", secret.Current())
				}
				return inner
			}},
	}
}

// keepsPlace: the runner keeps its place here, not at its provider.
// One that reads an overlap again is not hurt by a cursor that leads a little.
func keepsPlace(b *runnerBench) bool { return b.inlet.cursorsSeen() > 0 && !b.inlet.overlaps() }

func (i *inlet) cursorsSeen() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cursors
}

// overlaps says whether something accepted was handed in once more.
func (i *inlet) overlaps() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	seen := map[string]bool{}
	for _, split := range i.kept {
		if seen[split.ProviderID] {
			return true
		}
		seen[split.ProviderID] = true
	}
	return false
}

// losesSecond drops the second message that it ever sees, however often it comes.
func losesSecond(b *runnerBench, inner channels.Inlet) channels.Inlet {
	return bentInlet{inner, func(ctx context.Context, splits []channels.Split, cursor []byte) error {
		_, lost := said("a", 2)
		var left []channels.Split
		for _, split := range splits {
			if len(b.holding([]channels.Split{split}, lost[1])) == 0 {
				left = append(left, split)
			}
		}
		return inner.Accept(ctx, left, cursor)
	}}
}

// bendSplits bends copies: the adapter's own stay as they are. What bend counts
// lasts as long as one Run.
func bendSplits(bend func() func(*channels.Split)) func(*runnerBench, channels.Inlet) channels.Inlet {
	var once sync.Once
	var change func(*channels.Split)
	return func(_ *runnerBench, inner channels.Inlet) channels.Inlet {
		once.Do(func() { change = bend() })
		return bentInlet{inner, func(ctx context.Context, splits []channels.Split, cursor []byte) error {
			bent := append([]channels.Split(nil), splits...)
			for i := range bent {
				change(&bent[i])
			}
			return inner.Accept(ctx, bent, cursor)
		}}
	}
}

// acceptUnless answers by itself, with nothing accepted, when a condition holds.
func acceptUnless(condition func(*runnerBench) bool, answer func() error) func(*runnerBench, channels.Inlet) channels.Inlet {
	return func(b *runnerBench, inner channels.Inlet) channels.Inlet {
		return bentInlet{inner, func(ctx context.Context, splits []channels.Split, cursor []byte) error {
			if len(splits) > 0 && condition(b) {
				splits = nil
				if err := answer(); err != nil {
					return err
				}
			}
			return inner.Accept(ctx, splits, cursor)
		}}
	}
}

func cursorFirst(_ *runnerBench, inner channels.Inlet) channels.Inlet {
	return bentInlet{inner, func(ctx context.Context, splits []channels.Split, cursor []byte) error {
		if err := inner.Accept(ctx, nil, cursor); err != nil {
			return err
		}
		return inner.Accept(ctx, splits, cursor)
	}}
}

func logsMessages(b *runnerBench, inner channels.Inlet) channels.Inlet {
	return bentInlet{inner, func(ctx context.Context, splits []channels.Split, cursor []byte) error {
		for _, split := range splits {
			messages, _ := b.truth.Parse(split.Raw)
			for _, m := range messages {
				b.config.Log.Info("came", "from", m.From.Value, "text", m.Text)
			}
		}
		return inner.Accept(ctx, splits, cursor)
	}}
}

func onRunnerParse(bend func(*channels.Message)) func(*runnerBench, channels.Config, channels.Runner) channels.Runner {
	return func(_ *runnerBench, _ channels.Config, inner channels.Runner) channels.Runner {
		return &bentRunner{inner: inner, parse: func(raw []byte) ([]channels.Message, error) {
			messages, err := inner.Parse(raw)
			for i := range messages {
				bend(&messages[i])
			}
			return messages, err
		}}
	}
}

func onEnd(bend func(channels.Config, context.Context, error) error) func(*runnerBench, channels.Config, channels.Runner) channels.Runner {
	return func(_ *runnerBench, config channels.Config, inner channels.Runner) channels.Runner {
		return &bentRunner{inner: inner, run: func(ctx context.Context, inlet channels.Inlet) error {
			return bend(config, ctx, inner.Run(ctx, inlet))
		}}
	}
}

func neverGivesUp(_ *runnerBench, _ channels.Config, inner channels.Runner) channels.Runner {
	return &bentRunner{inner: inner, run: func(ctx context.Context, inlet channels.Inlet) error {
		for ctx.Err() == nil {
			_ = inner.Run(ctx, inlet)
		}
		return nil
	}}
}
