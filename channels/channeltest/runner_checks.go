package channeltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// runnerChecks are the suite for runners, by name.
func runnerChecks() map[string]func(*runnerBench) error {
	return map[string]func(*runnerBench) error{
		"kind":           checkRunnerKind,
		"arrival":        checkArrival,
		"identity":       checkIdentity,
		"content":        checkEdited,
		"split is parse": checkRunnerSplitIsParse,
		"rerun":          checkRunnerRerun,
		"hostile bytes":  checkRunnerHostile,
		"failed accept":  checkFailedAccept,
		"break":          checkBreak,
		"refused":        checkRefused,
		"end":            checkEnd,
		"silence":        checkRunnerSilence,
	}
}

func checkRunnerKind(b *runnerBench) error {
	if err := truthful(b.kind, b.truth); err != nil {
		return err
	}
	if !b.kind.Can.Run {
		return errors.New("the kind does not say that it runs")
	}
	values := map[string]string{}
	for key, value := range b.provider.Config().Settings {
		values[key] = value
	}
	for key, secret := range b.config.Secrets {
		values[key] = secret.Current()
	}
	return b.kind.Check(values)
}

// said are n sayings, none of whose texts is in another's.
func said(prefix string, n int) (sayings []Saying, texts []string) {
	for i := range n {
		s := Saying{ID: fmt.Sprintf("%s%d", prefix, i+1), Text: fmt.Sprintf("%s, house %s-%d.", plainText, prefix, i+1)}
		sayings, texts = append(sayings, s), append(texts, s.Text)
	}
	return sayings, texts
}

// checkArrival: everything that is offered comes, each under its own id.
func checkArrival(b *runnerBench) error {
	sayings, texts := said("a", 5)
	for _, s := range sayings[:2] {
		b.provider.Offer(s)
	}
	stay := b.start(false)
	if err := stay.await(texts[0]); err != nil {
		return err
	}
	for _, s := range sayings[2:] {
		b.provider.Offer(s)
	}
	if err := stay.await(texts...); err != nil {
		return err
	}
	if err := stay.stop(); err != nil {
		return err
	}
	kept, _, _ := b.inlet.state()
	digests, ids := map[string]string{}, map[string]string{}
	for _, text := range texts {
		for _, split := range b.holding(kept, text) {
			digest := string(split.Digest[:])
			if said, ok := ids[split.ProviderID]; ok && said != text {
				return errors.New("two sayings have the same id")
			}
			if known, ok := digests[split.ProviderID]; ok && known != digest {
				return errors.New("one saying came twice with different digests")
			}
			ids[split.ProviderID], digests[split.ProviderID] = text, digest
		}
	}
	if len(ids) != len(texts) {
		return fmt.Errorf("%d sayings have %d ids", len(texts), len(ids))
	}
	return nil
}

// checkIdentity: what comes again, after a crash or in another dress, is the same.
func checkIdentity(b *runnerBench) error {
	first, firstText := said("w", 1)
	said1, text := said("d", 1)
	last, lastText := said("z", 1)
	stay := b.start(false)
	b.provider.Offer(first[0])
	if err := stay.await(firstText...); err != nil {
		return err
	}
	b.inlet.failNext(1)
	for dress := range Dresses {
		s := said1[0]
		s.Dress = dress
		b.provider.Offer(s)
	}
	if err := stay.await(text...); err != nil {
		return err
	}
	b.provider.Offer(last[0])
	if err := stay.await(lastText...); err != nil {
		return err
	}
	if err := stay.stop(); err != nil {
		return err
	}
	_, tried, _ := b.inlet.state()
	seen := map[identity]int{}
	for _, split := range b.holding(tried, text[0]) {
		seen[identity{split.ProviderID, split.Digest}]++
	}
	if len(seen) != 1 {
		return fmt.Errorf("one saying has %d identities", len(seen))
	}
	return nil
}

// checkEdited: the same id with other words is told apart from what was said first.
func checkEdited(b *runnerBench) error {
	sayings, texts := said("n", 1)
	stay := b.start(false)
	b.provider.Offer(sayings[0])
	if err := stay.await(texts...); err != nil {
		return err
	}
	edited := Saying{ID: sayings[0].ID, Text: "The water has gone from house n-1"}
	b.provider.Offer(edited)
	if err := stay.await(edited.Text); err != nil {
		return err
	}
	if err := stay.stop(); err != nil {
		return err
	}
	kept, _, _ := b.inlet.state()
	before, after := b.holding(kept, texts[0]), b.holding(kept, edited.Text)
	if before[0].Digest == after[0].Digest {
		return errors.New("other words have the same digest")
	}
	return nil
}

// checkRunnerSplitIsParse: the split promises what the parse then gives.
func checkRunnerSplitIsParse(b *runnerBench) error {
	texts := []string{plainText, "STOP at the bridge", "زلزال 🚨", "Water < 2 m & rising \"fast\""}
	stay := b.start(false)
	for i, text := range texts {
		b.provider.Offer(Saying{ID: fmt.Sprint("p", i), Text: text})
	}
	if err := stay.await(texts...); err != nil {
		return err
	}
	if err := stay.stop(); err != nil {
		return err
	}
	return b.judgeAll()
}

// judgeAll judges every split that was handed in.
func (b *runnerBench) judgeAll() error {
	adapter, err := b.build()
	if err != nil {
		return err
	}
	_, tried, _ := b.inlet.state()
	for _, split := range tried {
		if err := JudgeSplit(adapter, split); err != nil {
			return err
		}
	}
	return nil
}

// checkRunnerRerun: a parse depends on nothing but Raw, not on the instance either.
func checkRunnerRerun(b *runnerBench) error {
	sayings, texts := said("x", 1)
	stay := b.start(false)
	b.provider.Offer(sayings[0])
	if err := stay.await(texts...); err != nil {
		return err
	}
	if err := stay.stop(); err != nil {
		return err
	}
	kept, _, _ := b.inlet.state()
	raw := b.holding(kept, texts[0])[0].Raw
	once, err := b.build()
	if err != nil {
		return err
	}
	again, err := b.build()
	if err != nil {
		return err
	}
	var parses [3][]channels.Message
	for i, adapter := range []channels.Adapter{once, once, again} {
		if parses[i], err = adapter.Parse(raw); err != nil {
			return err
		}
		if !reflect.DeepEqual(parses[0], parses[i]) {
			return errors.New("a later parse differs")
		}
	}
	for _, broken := range [][]byte{nil, []byte("x"), raw[:len(raw)/2], raw[:len(raw)-1]} {
		if err := parseCalmly(once, broken); err != nil {
			return err
		}
	}
	return nil
}

// hostileBytes are what no provider sends and somebody will.
func hostileBytes() [][]byte {
	return [][]byte{
		nil, []byte("\x00"), []byte("a\xffb\xc0\xafc nul\x00nul \xed\xa0\x80"), []byte("null"), []byte("[]"), []byte("{}"), []byte("{"),
		[]byte(strings.Repeat(`{"a":[`, (1<<20)/6)), []byte(strings.Repeat("<a>", (1<<20)/3)), []byte(`{"text":"\ud800"}`),
		[]byte(strings.Repeat("e\u0301", 900)), []byte("\r\n\r\n"), []byte("data: {\r\n\r\ndata: "), []byte("--\r\n\r\n--"),
		[]byte(strings.Repeat("long ", 2<<20)),
	}
}

// checkRunnerHostile: whatever the bytes, what comes after them still comes.
func checkRunnerHostile(b *runnerBench) error {
	stay := b.start(false)
	before, texts := said("h", 1)
	b.provider.Offer(before[0])
	if err := stay.await(texts...); err != nil {
		return err
	}
	b.hostile.Store(true)
	for i, bytes := range hostileBytes() {
		b.provider.OfferRaw(bytes)
		after := Saying{ID: fmt.Sprint("hostile", i), Text: fmt.Sprintf("%s after %d.", plainText, i)}
		b.provider.Offer(after)
		if err := stay.await(after.Text); err != nil {
			return fmt.Errorf("after hostile bytes %d: %w", i, err)
		}
	}
	if err := stay.stop(); err != nil {
		return err
	}
	return b.judgeAll()
}

// checkFailedAccept: what was not accepted comes again after a restart: the cursor
// never leads.
func checkFailedAccept(b *runnerBench) error {
	sayings, texts := said("f", 4)
	stay := b.start(false)
	b.provider.Offer(sayings[0])
	if err := stay.await(texts[0]); err != nil {
		return err
	}
	for _, s := range sayings[1:] {
		b.inlet.failNext(2)
		b.provider.Offer(s)
		if err := stay.await(s.Text); err != nil {
			return err
		}
	}
	return stay.stop()
}

// checkBreak: dropped connections lose nothing.
func checkBreak(b *runnerBench) error {
	sayings, texts := said("b", 7)
	stay := b.start(false)
	b.provider.Offer(sayings[0])
	if err := stay.await(texts[0]); err != nil {
		return err
	}
	b.broken.Store(true)
	for _, s := range sayings[1:4] {
		b.provider.Offer(s)
		b.provider.Break()
	}
	if err := stay.await(texts[:4]...); err != nil {
		return err
	}
	for _, s := range sayings[4:] {
		b.provider.Break()
		b.provider.Offer(s)
	}
	if err := stay.await(texts...); err != nil {
		return err
	}
	return stay.stop()
}

// guarded says whether anybody could refuse the channel's credentials.
func (b *runnerBench) guarded() bool { return len(b.config.Secrets) > 0 && !b.listens() }

// checkRefused: with credentials refused Run gives up soon, and says why without
// repeating them.
func checkRefused(b *runnerBench) error {
	if !b.guarded() {
		return nil
	}
	sayings, texts := said("r", 1)
	stay := b.start(true)
	b.provider.Offer(sayings[0])
	if err := stay.await(texts...); err != nil {
		return err
	}
	b.provider.Refuse()
	asked := b.asked.Load()
	b.provider.Break()
	deadline := time.After(b.waiting())
	for running := true; running; {
		_, _, changed := b.inlet.state()
		if n := b.asked.Load() - asked; n > attempts {
			return fmt.Errorf("refused credentials were tried %d times", n)
		}
		select {
		case <-stay.over:
			running = false
		case <-deadline:
			return errors.New("Run goes on with refused credentials")
		case <-changed:
		}
	}
	if err := stay.fail(); err != nil {
		return err
	}
	return b.listen(stay)
}

// checkEnd: the end of the context is no error, whether idle or at work.
func checkEnd(b *runnerBench) error {
	sayings, texts := said("e", 2)
	for i, s := range sayings {
		stay := b.start(false)
		b.provider.Offer(s)
		if i == 0 {
			if err := stay.await(texts[0]); err != nil {
				return err
			}
		}
		if err := stay.stop(); err != nil {
			return err
		}
	}
	return nil
}

// checkRunnerSilence: no secret, sender or word of a message in any log line, error
// or printed value, whatever goes wrong.
func checkRunnerSilence(b *runnerBench) error {
	stay := b.start(false)
	for i, fault := range []func(){
		func() {},
		func() { b.provider.OfferRaw([]byte("{" + canaryText + "\xff" + b.Address)) },
		func() { b.inlet.failNext(1) },
		b.provider.Break,
	} {
		fault()
		text := fmt.Sprintf("%s number %d.", canaryText, i)
		b.provider.Offer(Saying{ID: fmt.Sprint("q", i), Text: text})
		if err := stay.await(text); err != nil {
			return err
		}
	}
	if err := stay.stop(); err != nil {
		return err
	}
	return b.listen(stay)
}

// listen looks for what must not be readable in everything that was printed.
func (b *runnerBench) listen(stay *stay) error {
	var out strings.Builder
	show := func(value any) { fmt.Fprintf(&out, "%v %+v %#v %s\n", value, value, value, value) }
	for _, err := range stay.said() {
		show(err)
	}
	_, tried, _ := b.inlet.state()
	for _, split := range tried {
		show(split)
		show(split.From)
	}
	show(b.truth)
	address, err := json.Marshal(channels.Address{Scheme: "tel", Value: b.Address})
	if err != nil {
		return fmt.Errorf("print an address: %w", err)
	}
	text := out.String() + string(address) + b.log.String()
	for key, secret := range b.config.Secrets {
		if secret.Appears(text) {
			return fmt.Errorf("the secret %s can be read", key)
		}
	}
	for forbidden, what := range map[string]string{canaryText: "a text", plainText: "a text", b.Address: "a sender's address"} {
		if forbidden != "" && strings.Contains(text, forbidden) {
			return errors.New(what + " can be read")
		}
	}
	return nil
}
