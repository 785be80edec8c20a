package channeltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// checkRerun: a parse depends on nothing but Raw, not on the instance either.
func checkRerun(b *bench) error {
	split, err := b.one(b.Say(Saying{ID: "x1", Text: plainText}))
	if err != nil {
		return err
	}
	first, err := b.adapter.Parse(split.Raw)
	if err != nil {
		return err
	}
	restarted, err := b.build(b.Config)
	if err != nil {
		return err
	}
	for _, adapter := range []channels.Webhook{b.adapter, restarted} {
		again, err := adapter.Parse(split.Raw)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(first, again) {
			return errors.New("a later parse differs")
		}
	}
	for _, broken := range [][]byte{nil, []byte("x"), split.Raw[:len(split.Raw)/2]} {
		if err := parseCalmly(b.adapter, broken); err != nil {
			return err
		}
	}
	return nil
}

func parseCalmly(adapter channels.Adapter, raw []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errPanic
		}
	}()
	_, _ = adapter.Parse(raw)
	return nil
}

// checkUnsplittable: what is authentic and holds no message is kept all the same,
// once.
func checkUnsplittable(b *bench) error {
	if b.Prove == nil {
		return nil
	}
	if len(b.Unsplittable) == 0 {
		return errors.New("the suite has nothing unsplittable")
	}
	for name, x := range b.Unsplittable {
		split, err := b.one(x)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		again, err := b.one(x)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case split.Nature != channels.Unparsed || split.Why == "":
			return fmt.Errorf("%s: not marked unparsed with its reason", name)
		case split.ProviderID != again.ProviderID || split.Digest != again.Digest:
			return fmt.Errorf("%s: a replay is another message", name)
		case len(x.Body) > 0 && !strings.Contains(string(split.Raw), string(x.Body)):
			return fmt.Errorf("%s: the bytes as they came are not kept", name)
		}
	}
	return nil
}

// checkRotation: the secret before the current one still counts, another never.
func checkRotation(b *bench) error {
	if b.Prove == nil {
		return nil
	}
	said := b.Say(Saying{ID: "s1", Text: plainText})
	for _, rotated := range []struct {
		name    string
		secret  func(channels.Secret) channels.Secret
		accepts bool
	}{
		{"before the current one", func(s channels.Secret) channels.Secret { return channels.NewSecret("another1", s.Current()) }, true},
		{"gone", func(channels.Secret) channels.Secret { return channels.NewSecret("another1", "another2") }, false},
	} {
		config := b.Config
		config.Secrets = map[string]channels.Secret{}
		for key, secret := range b.Config.Secrets {
			config.Secrets[key] = rotated.secret(secret)
		}
		adapter, err := b.build(config)
		if err != nil {
			return err
		}
		turned := *b
		turned.adapter = adapter
		if _, err := turned.receive(said); (err == nil) != rotated.accepts {
			return fmt.Errorf("with the secret %s: accepted is %t", rotated.name, err == nil)
		}
	}
	return nil
}

// checkSilence: no secret, sender or word of a message in any answer, error, log
// line or printed value, and no call out.
func checkSilence(b *bench) error {
	all := map[string]channels.Exchange{"said": b.Say(Saying{ID: "q1", Text: canaryText})}
	for name, x := range b.Forgeries {
		all["forged "+name] = x
	}
	for name, x := range b.Unsplittable {
		all["unsplittable "+name] = x
	}
	cut := b.Say(Saying{ID: "q2", Text: canaryText})
	cut.Body = cut.Body[:len(cut.Body)-1]
	all["cut short"] = cut
	for name, x := range all {
		said, err := b.spoken(x)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		said += b.log.String() + fmt.Sprintf("%v %+v %#v %s", b.adapter, b.adapter, b.adapter, b.adapter)
		if err := b.listen(x, said); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if b.calls.calls > 0 {
		return errors.New("the adapter calls out while it accepts or parses")
	}
	return nil
}

// spoken is everything an exchange makes the adapter say.
func (b *bench) spoken(x channels.Exchange) (string, error) {
	reception, err := b.receive(x)
	var said strings.Builder
	show := func(values ...any) {
		for _, v := range values {
			fmt.Fprintf(&said, "%v %+v %#v %s\n", v, v, v, v)
		}
	}
	show(x, string(reception.Answer.Body), reception.Answer.ContentType)
	var refusal *channels.Refusal
	if errors.As(err, &refusal) {
		show(refusal.Error(), refusal.Detail, refusal.Field, refusal.Code)
	} else if err != nil {
		show(err.Error())
	}
	for _, split := range reception.Messages {
		show(split, &split, split.From)
		messages, err := b.adapter.Parse(split.Raw)
		if err != nil {
			show(err.Error())
		}
		for _, m := range messages {
			show(m, &m, m.From, m.Media)
		}
	}
	address, err := json.Marshal(channels.Address{Scheme: "tel", Value: b.Address})
	if err != nil {
		return "", fmt.Errorf("print an address: %w", err)
	}
	return said.String() + string(address), nil
}

func (b *bench) listen(x channels.Exchange, said string) error {
	for key, secret := range b.Config.Secrets {
		if secret.Appears(said) {
			return fmt.Errorf("the secret %s can be read", key)
		}
	}
	forbidden := map[string]string{canaryText: "a text"}
	if b.Address != "" {
		forbidden[b.Address] = "a sender's address"
	}
	if b.Hidden != nil {
		for _, hidden := range b.Hidden(x) {
			forbidden[hidden] = "the right proof"
		}
	}
	for text, what := range forbidden {
		if text != "" && strings.Contains(said, text) {
			return fmt.Errorf("%s can be read", what)
		}
	}
	return nil
}

func withHeader(x channels.Exchange, key, value string) channels.Exchange {
	x.Header = x.Header.Clone()
	x.Header.Del(key)
	if value != "" {
		x.Header.Set(key, value)
	}
	return x
}
