package channeltest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/onyo-project/onyo/channels"
)

const (
	plainText  = "Bridge at Kibera is under water"
	canaryText = "canary kingfisher 7431"
)

// checks are the suite, by name.
func checks() map[string]func(*bench) error {
	return map[string]func(*bench) error{
		"kind":           checkKind,
		"forged":         checkForged,
		"admission":      checkAdmission,
		"cut short":      checkCutShort,
		"hostile bytes":  checkHostile,
		"replay":         checkReplay,
		"dress":          checkDress,
		"content":        checkContent,
		"split is parse": checkSplitIsParse,
		"rerun":          checkRerun,
		"unsplittable":   checkUnsplittable,
		"rotation":       checkRotation,
		"silence":        checkSilence,
	}
}

// checkKind: the kind says enough for routes, help and limits to follow from it,
// and says the truth about its adapter.
func checkKind(b *bench) error {
	if err := truthful(b.kind, b.adapter); err != nil {
		return err
	}
	if !b.kind.Can.Webhook {
		return errors.New("the kind does not say that it takes webhooks")
	}
	if b.kind.Can.Anonymous != (b.Prove == nil) {
		return errors.New("a kind is anonymous, or its exchanges can be proved")
	}
	return checkCollect(b)
}

// truthful is what holds for every kind and its adapter.
func truthful(k channels.Kind, adapter channels.Adapter) error {
	if k.Name == "" || k.Title == "" || k.Summary == "" {
		return errors.New("the kind lacks name, title or summary")
	}
	if k.Can.Webhook && (k.Limits.BodyBytes <= 0 || len(k.Methods) == 0) {
		return errors.New("the kind lacks a limit or methods")
	}
	for _, setting := range k.Settings {
		switch {
		case setting.Key == "" || setting.Help == "" || setting.Secret && setting.Default != "":
			return fmt.Errorf("setting %q lacks help, or is a secret with a default", setting.Key)
		case setting.Key == channels.PathSecret:
			return errors.New("the path secret is the host's, not a setting")
		case setting.Check != nil && setting.Default != "" && setting.Check(setting.Default) != nil:
			return fmt.Errorf("the default of setting %q does not pass its own check", setting.Key)
		}
	}
	_, hooks := adapter.(channels.Webhook)
	_, runs := adapter.(channels.Runner)
	_, sends := adapter.(channels.Sender)
	_, fetches := adapter.(channels.Fetcher)
	_, tests := adapter.(channels.Tester)
	can := channels.Capabilities{Webhook: hooks, Run: runs, Send: sends, Fetch: fetches, Test: tests}
	said := channels.Capabilities{Webhook: k.Can.Webhook, Run: k.Can.Run, Send: k.Can.Send, Fetch: k.Can.Fetch, Test: k.Can.Test}
	switch {
	case said != can:
		return errors.New("the kind's capabilities are not the adapter's")
	case k.Can.Collect && !hooks:
		return errors.New("messages to send are asked for through a webhook, and the kind has none")
	case k.Can.Fetch && len(k.MediaHosts) == 0:
		return errors.New("the kind fetches media and names no host")
	}
	return nil
}

// checkCollect: a kind whose gateways ask for messages answers them, with none too.
func checkCollect(b *bench) error {
	if b.kind.Can.Collect != (len(b.Asking) > 0) {
		return errors.New("a kind collects, and the suite has an exchange that asks, or neither")
	}
	for name, x := range b.Asking {
		reception, err := b.receive(x)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case reception.Collect == nil || reception.Collect.Max <= 0 || reception.Collect.Answer == nil:
			return fmt.Errorf("%s: nothing is asked for", name)
		case reception.Collect.Answer(nil).Status/100 != 2:
			return fmt.Errorf("%s: no good answer when nothing waits", name)
		}
	}
	return nil
}

// checkForged: every forgery is refused in the same words.
func checkForged(b *bench) error {
	if b.Prove == nil {
		return nil
	}
	for _, needed := range []string{"no proof", "wrong proof"} {
		if _, ok := b.Forgeries[needed]; !ok {
			return fmt.Errorf("the suite has no forgery %q", needed)
		}
	}
	if _, err := b.one(b.Say(Saying{ID: "f1", Text: plainText})); err != nil {
		return fmt.Errorf("the true exchange is %w", err)
	}
	for name, x := range b.Forgeries {
		reception, err := b.receive(x)
		if err == nil {
			return fmt.Errorf("%s: accepted", name)
		}
		if len(reception.Messages) > 0 {
			return fmt.Errorf("%s: refused, and messages come with it", name)
		}
		if err := judgeRefusal(err); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if errors.Is(err, channels.ErrUnauthentic) && err.Error() != channels.Unauthentic().Error() {
			return fmt.Errorf("%s: the refusal says more than that the proof is wrong", name)
		}
	}
	return nil
}

// checkAdmission: limit and limit+1, other types, other methods.
func checkAdmission(b *bench) error {
	for _, mediaType := range b.Kind.BodyTypes {
		limit := b.Kind.BodyLimit(mediaType)
		if err := b.kind.Admit(b.Kind.Methods[0], mediaType, limit); err != nil {
			return fmt.Errorf("%s of exactly the limit: %w", mediaType, err)
		}
		if err := b.kind.Admit(b.Kind.Methods[0], mediaType, limit+1); !errors.Is(err, channels.ErrTooLarge) {
			return fmt.Errorf("%s one byte over the limit is not refused as too large", mediaType)
		}
	}
	said := b.Say(Saying{ID: "a1", Text: plainText})
	for _, wrong := range []string{"", "text/plain", "application/octet-stream", "image/png; x", ";;%%"} {
		x := withHeader(said, "Content-Type", wrong)
		if _, err := b.receive(x); !errors.Is(err, channels.ErrType) {
			return fmt.Errorf("content type %q is not refused as wrong", wrong)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, "BREW"} {
		if slices.Contains(b.Kind.Methods, method) {
			continue
		}
		x := said
		x.Method = method
		if _, err := b.receive(x); !errors.Is(err, channels.ErrMethod) {
			return fmt.Errorf("%s is not refused", method)
		}
	}
	return nil
}

// checkCutShort: a body that lost its end is refused, unless nothing of what it
// says was in that end.
func checkCutShort(b *bench) error {
	whole := b.Say(Saying{ID: "c1", Text: plainText})
	said, err := b.one(whole)
	if err != nil {
		return err
	}
	for cut := range len(whole.Body) {
		x := whole
		x.Body = whole.Body[:cut]
		reception, err := b.receive(x)
		if err != nil {
			if err := judgeRefusal(err); err != nil {
				return err
			}
			continue
		}
		if !b.Kind.Can.Signed && !b.Kind.Can.Anonymous {
			continue // a path secret says nothing about the body; the host saw its length
		}
		if len(reception.Messages) != 1 || reception.Messages[0].Digest != said.Digest {
			return fmt.Errorf("accepted after %d of %d bytes", cut, len(whole.Body))
		}
	}
	return nil
}

// checkHostile: whatever the bytes, a clean 4xx or a message that reads back.
func checkHostile(b *bench) error {
	var hostile []channels.Exchange
	for _, text := range []string{"a\xffb\xc0\xafc", "nul\x00nul", "\xed\xa0\x80", strings.Repeat("e\u0301", 900), "\u202Ereversed", "'; DROP TABLE--<script>{{.}}"} {
		hostile = append(hostile, b.Say(Saying{ID: "h1", Text: text}))
	}
	deep := strings.Repeat(`{"a":[`, 5000)
	for _, body := range []string{"", "\x00", "\xff\xfe", "null", "[]", "{", deep, strings.Repeat("&", 3000), strings.Repeat("a=%00&", 500), "a=%ff&b=%zz", `{"text":"\ud800"}`, "--\r\n\r\n--", "MessageSid"} {
		for _, mediaType := range b.Kind.BodyTypes {
			x := withHeader(b.Say(Saying{ID: "h2", Text: plainText}), "Content-Type", mediaType)
			x.Body = []byte(body)
			if b.Prove != nil {
				x = b.Prove(x)
			}
			hostile = append(hostile, x)
		}
	}
	for i, x := range hostile {
		if err := b.judge(x); err != nil {
			return fmt.Errorf("hostile exchange %d: %w", i, err)
		}
	}
	return nil
}

func (b *bench) judge(x channels.Exchange) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errPanic
		}
	}()
	return Judge(b.kind, b.adapter, x)
}

type identity struct {
	id     string
	digest [32]byte
}

// checkReplay: the same exchange a thousand times in parallel has one identity.
func checkReplay(b *bench) error {
	seen := make([]identity, Replays)
	faults := make([]error, Replays)
	var all sync.WaitGroup
	for i := range Replays {
		x := b.Say(Saying{ID: "r1", Text: plainText})
		x.ID = fmt.Sprintf("fresh-%d", i)
		all.Go(func() {
			split, err := b.one(x)
			seen[i], faults[i] = identity{split.ProviderID, split.Digest}, err
		})
	}
	all.Wait()
	for i := range seen {
		if faults[i] != nil {
			return faults[i]
		}
		if seen[i] != seen[0] {
			return errors.New("a replay has another id or digest")
		}
	}
	return nil
}

// checkDress: what travels otherwise and says the same is the same.
func checkDress(b *bench) error {
	first, err := b.one(b.Say(Saying{ID: "d1", Text: plainText}))
	if err != nil {
		return err
	}
	bodies := map[string]bool{}
	for dress := range Dresses {
		x := b.Say(Saying{ID: "d1", Text: plainText, Dress: dress})
		bodies[string(x.Body)] = true
		split, err := b.one(x)
		if err != nil {
			return fmt.Errorf("dress %d: %w", dress, err)
		}
		if split.ProviderID != first.ProviderID || split.Digest != first.Digest {
			return fmt.Errorf("dress %d has another id or digest", dress)
		}
	}
	if len(bodies) < 2 {
		return errors.New("the suite's dresses are all the same")
	}
	return nil
}

// checkContent: other words have another digest, another id has the same.
func checkContent(b *bench) error {
	said, err := b.one(b.Say(Saying{ID: "n1", Text: plainText}))
	if err != nil {
		return err
	}
	otherWords, err := b.one(b.Say(Saying{ID: "n1", Text: plainText + "."}))
	if err != nil {
		return err
	}
	otherID, err := b.one(b.Say(Saying{ID: "n2", Text: plainText}))
	if err != nil {
		return err
	}
	switch {
	case !b.SenderPicksIDs && otherWords.ProviderID != said.ProviderID || otherID.ProviderID == said.ProviderID:
		return errors.New("the id does not follow the provider's id alone")
	case otherWords.Digest == said.Digest:
		return errors.New("other words have the same digest")
	case otherID.Digest != said.Digest:
		return errors.New("the digest depends on the id")
	}
	return nil
}

// checkSplitIsParse: the split promises what the parse then gives.
func checkSplitIsParse(b *bench) error {
	for _, text := range []string{plainText, "STOP", "زلزال 🚨", " "} {
		split, err := b.one(b.Say(Saying{ID: "p1", Text: text}))
		if err != nil {
			var refusal *channels.Refusal
			if errors.As(err, &refusal) {
				continue // an open kind may refuse an empty report
			}
			return err
		}
		if err := JudgeSplit(b.adapter, split); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		messages, err := b.adapter.Parse(split.Raw)
		if err != nil || messages[0].Text != text {
			return fmt.Errorf("%q does not come back", text)
		}
	}
	return nil
}
