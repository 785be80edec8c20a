package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// start makes the deployment and gives its recovery words.
func (h home) start(t *testing.T) []string {
	t.Helper()
	h.must(t, "person", "add", "--role", "volunteer", "Amina")
	keys, err := vault.LoadKeys(h.key)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, word := range keys.Words() {
		words = append(words, word.Reveal())
	}
	return words
}

// talk answers the questions of key confirm: they come one after the other, so
// the reader gives each line when it is asked for.
type talk struct {
	asked  *strings.Builder
	answer func(number int) string
	left   string
}

func (a *talk) Read(p []byte) (int, error) {
	if a.left == "" {
		questions := regexp.MustCompile(`Word (\d+) of`).FindAllStringSubmatch(a.asked.String(), -1)
		number, _ := strconv.Atoi(questions[len(questions)-1][1])
		a.left = a.answer(number) + "\n"
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

func (h home) confirm(t *testing.T, answer func(number int) string, flags ...string) (string, error) {
	t.Helper()
	var out, errOut strings.Builder
	err := run(t.Context(), append([]string{"--data-dir", h.data, "--key-file", h.key, "key", "confirm"}, flags...), &talk{asked: &out, answer: answer}, &out, &errOut)
	return out.String(), err
}

func TestKeyConfirm(t *testing.T) {
	h := newHome(t)
	words := h.start(t)
	confirmed := func() bool {
		o, err := openStore(t.Context(), h.world(), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer o.close()
		deployment, _, err := crisis.ReadDeployment(t.Context(), o.store)
		if err != nil {
			t.Fatal(err)
		}
		return !deployment.KeyConfirmed.IsZero()
	}
	if _, err := h.confirm(t, func(int) string { return "zebra" }); err == nil || confirmed() {
		t.Errorf("a wrong word confirms: %v", err)
	}
	out, err := h.confirm(t, func(number int) string {
		return " " + strings.ToUpper(words[number-1][:min(4, len(words[number-1]))]) + " "
	})
	if err != nil || !confirmed() {
		t.Errorf("the right words do not confirm: %v", err)
	}
	if strings.Contains(out, words[0]+" ") && strings.Contains(out, words[1]+" ") {
		t.Error("the words are shown unasked")
	}
	out, err = h.confirm(t, func(number int) string { return words[number-1] }, "--show")
	for _, word := range words {
		if err != nil || !strings.Contains(out, word) {
			t.Fatalf("--show does not show %d words: %v", len(words), err)
		}
	}
}

func TestKeyRestore(t *testing.T) {
	h, other := newHome(t), newHome(t)
	words, others := h.start(t), other.start(t)
	before, err := os.ReadFile(h.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.command(t.Context(), strings.Join(words, " "), "key", "restore"); err == nil {
		t.Error("a key file that is there was overwritten")
	}
	if err := os.Remove(h.key); err != nil {
		t.Fatal(err)
	}
	if _, err := h.command(t.Context(), "", "export", "reports", "--count"); err == nil || !strings.Contains(err.Error(), "key restore") {
		t.Errorf("without its key: %v", err)
	}
	for name, typed := range map[string]string{
		"words of another deployment": strings.Join(others, " "), "too few": strings.Join(words[:23], " "),
		"two that changed places": strings.Join(append([]string{words[1], words[0]}, words[2:]...), " "),
	} {
		if words[0] == words[1] && strings.HasPrefix(name, "two") {
			continue
		}
		if out, err := h.command(t.Context(), typed, "key", "restore"); err == nil {
			t.Errorf("%s: %s", name, out)
		}
		if _, err := os.Stat(h.key); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s: a key file was left behind", name)
		}
	}
	out, err := h.command(t.Context(), strings.Join(words[:10], "\n")+"\n"+strings.ToUpper(strings.Join(words[10:], "  ")), "key", "restore")
	if err != nil || !strings.Contains(out, "opens the database") {
		t.Fatalf("%s %v", out, err)
	}
	after, err := os.ReadFile(h.key)
	if err != nil || string(after) != string(before) {
		t.Errorf("it is another file: %v", err)
	}
	if err := os.Remove(h.key); err != nil {
		t.Fatal(err)
	}
	if _, err := h.command(t.Context(), "", append([]string{"key", "restore"}, words...)...); err != nil {
		t.Errorf("words as arguments: %v", err)
	}
}
