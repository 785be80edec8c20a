package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/vault"
)

type keyCmd struct {
	Confirm keyConfirmCmd `cmd:"" help:"Say that a copy of the recovery words lies elsewhere."`
	Restore keyRestoreCmd `cmd:"" help:"Make the key file anew from its recovery words."`
}

type keyConfirmCmd struct {
	Show bool `help:"Show the words of the key file once more first. Mind who can see the screen."`
}

// Run asks for two of the words, from the copy, and records that they were right.
func (c keyConfirmCmd) Run(ctx context.Context, w *world) error {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	if err := plant(ctx, w, o.store); err != nil {
		return err
	}
	words := o.keys.Words()
	if c.Show {
		showWords(w.out, words)
	}
	first, second, err := twoOf(w.random, len(words))
	if err != nil {
		return err
	}
	answers := bufio.NewReader(io.LimitReader(w.in, 1<<16))
	for _, at := range [...]int{first, second} {
		fmt.Fprintf(w.out, "Word %d of your copy: ", at+1)
		typed, err := answers.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the word: %w", err)
		}
		if !sameWord(typed, words[at].Reveal()) {
			return fmt.Errorf("word %d is not that one; nothing was confirmed. Look at your copy, or see the words with --show", at+1)
		}
	}
	deployment, policy, err := crisis.ReadDeployment(ctx, o.store)
	if err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	deployment.KeyConfirmed = crisis.Moment(w.clock())
	change, err := crisis.Configure(policy, deployment, w.clock(), crisis.SystemActor("command"))
	if err != nil {
		return err
	}
	if _, err := o.store.Write(ctx, change); err != nil {
		return fmt.Errorf("record it: %w", err)
	}
	_, err = fmt.Fprintln(w.out, "\nConfirmed: a copy of the key lies elsewhere.")
	return err
}

func showWords(out io.Writer, words []vault.Secret) {
	for i, word := range words {
		end := " "
		if i%6 == 5 {
			end = "\n"
		}
		fmt.Fprintf(out, "%2d %-9s%s", i+1, word.Reveal(), end)
	}
}

// sameWord takes a word by its first four letters, as recovery does.
func sameWord(typed, word string) bool {
	typed = strings.ToLower(strings.TrimSpace(typed))
	return typed == word || len(typed) >= 4 && strings.HasPrefix(word, typed)
}

// twoOf draws two different numbers below n, in ascending order.
func twoOf(random io.Reader, n int) (int, int, error) {
	a, err := rand.Int(random, big.NewInt(int64(n)))
	if err != nil {
		return 0, 0, fmt.Errorf("draw a number: %w", err)
	}
	b, err := rand.Int(random, big.NewInt(int64(n-1)))
	if err != nil {
		return 0, 0, fmt.Errorf("draw a number: %w", err)
	}
	first, second := int(a.Int64()), int(b.Int64())
	if second >= first {
		return first, second + 1, nil
	}
	return second, first, nil
}

type keyRestoreCmd struct {
	Words []string `arg:"" optional:"" help:"The 24 words in their order; without them they are read from standard input, which leaves no trace in the shell's history."`
}

// Run makes the key file where there is none. Words of another deployment's key
// leave nothing behind.
func (c keyRestoreCmd) Run(ctx context.Context, w *world) error {
	words := strings.Fields(strings.Join(c.Words, " "))
	if len(words) == 0 {
		fmt.Fprintf(w.errOut, "The %d recovery words, in one line or several:\n", vault.WordCount)
		var err error
		if words, err = readWords(w.in); err != nil {
			return err
		}
	}
	keys, err := vault.FromWords(words)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(w.KeyFile), 0o700); err != nil {
		return fmt.Errorf("ONYO_KEY_FILE: %w", err)
	}
	if err := keys.Save(w.KeyFile); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("ONYO_KEY_FILE: %s is there already and was left alone; move it away first if it is the wrong one", w.KeyFile)
	} else if err != nil {
		return fmt.Errorf("ONYO_KEY_FILE: %w", err)
	}
	used, err := store.Initialised(ctx, w.DatabaseURL)
	if err == nil && used {
		var o *opened
		if o, err = openStore(ctx, w, w.errOut); err == nil {
			err = o.close()
		}
	}
	if errors.Is(err, vault.ErrOtherKey) {
		return errors.Join(errors.New("these words are of another deployment's key; no key file was kept"), os.Remove(w.KeyFile))
	}
	if err != nil {
		return fmt.Errorf("the key file was made, but could not be tried: %w", err)
	}
	if !used {
		_, err = fmt.Fprintf(w.out, "%s is back. There is no database yet to try it on.\n", w.KeyFile)
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s is back and opens the database.\n", w.KeyFile)
	return err
}

// readWords reads words until there are enough, or the input ends.
func readWords(in io.Reader) ([]string, error) {
	var words []string
	scanner := bufio.NewScanner(io.LimitReader(in, 1<<16))
	for len(words) < vault.WordCount && scanner.Scan() {
		words = append(words, strings.Fields(scanner.Text())...)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read the words: %w", err)
	}
	return words, nil
}
