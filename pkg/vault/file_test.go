package vault_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onyo-project/onyo/pkg/vault"
	"pgregory.net/rapid"
)

func TestKeyFileText(t *testing.T) {
	keys, err := vault.NewKeys(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	want := "onyo key 1\nid " + keys.ID() + "\nsecret " + strings.Repeat("0", 64) + "\ncheck 53e4f290aff15193\n"
	if diff := cmp.Diff(want, string(keys.Encode().Reveal())); diff != "" {
		t.Error(diff)
	}
}

func TestKeyFileIsMadeOnceForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.key")
	first, made, err := vault.OpenKeys(path, random(1))
	if err != nil || !made {
		t.Fatalf("first start: made %v (%v)", made, err)
	}
	if info, err := os.Stat(path); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("the key file's mode: %v (%v)", info.Mode(), err)
	}
	second, made, err := vault.OpenKeys(path, random(2))
	if err != nil || made || second.ID() != first.ID() {
		t.Errorf("second start: made %v, %v (%v)", made, second, err)
	}
	if err := keysFrom(t, 2).Save(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("saved over a key file: %v", err)
	}
	if again, err := vault.LoadKeys(path); err != nil || again.ID() != first.ID() {
		t.Errorf("after that: %v (%v)", again, err)
	}
}

func TestKeyFileRefusals(t *testing.T) {
	whole := string(keysFrom(t, 1).Encode().Reveal())
	for name, tt := range map[string]struct {
		content string
		mode    fs.FileMode
		want    error
	}{
		"readable by its group":   {whole, 0o640, vault.ErrKeyFileOpen},
		"readable by everyone":    {whole, 0o604, vault.ErrKeyFileOpen},
		"empty":                   {"", 0o600, vault.ErrKeyFileEmpty},
		"something else":          {"-----BEGIN KEY-----\n", 0o600, vault.ErrNotKeyFile},
		"of a later version":      {strings.Replace(whole, "key 1", "key 2", 1), 0o600, vault.ErrKeyFileVersion},
		"cut":                     {whole[:len(whole)-1], 0o600, vault.ErrKeyFileDamaged},
		"cut in the secret":       {whole[:60], 0o600, vault.ErrKeyFileDamaged},
		"longer":                  {whole + "\n", 0o600, vault.ErrKeyFileDamaged},
		"secret in capitals":      {strings.ToUpper(whole[:11]) + whole[11:], 0o600, vault.ErrNotKeyFile},
		"far too long":            {whole + strings.Repeat(" ", 1<<20), 0o600, vault.ErrKeyFileDamaged},
		"another deployment's id": {strings.Replace(whole, "id ", "id 0", 1), 0o600, vault.ErrKeyFileDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && tt.mode != 0o600 {
				t.Skip("Windows keeps no such modes")
			}
			path := filepath.Join(t.TempDir(), "data.key")
			if err := os.WriteFile(path, []byte(tt.content), tt.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			_, made, err := vault.OpenKeys(path, random(1))
			if !errors.Is(err, tt.want) || made {
				t.Errorf("made %v, %v", made, err)
			}
			if secret := whole[len(whole)-60 : len(whole)-40]; err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
	if _, err := vault.LoadKeys(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, _, err := vault.OpenKeys(filepath.Join(t.TempDir(), "no", "folder"), random(1)); err == nil {
		t.Error("a key file in no folder")
	}
}

// Any byte of the file that changes is noticed.
func TestEveryByteOfTheKeyFileCounts(t *testing.T) {
	whole := keysFrom(t, 1).Encode().Reveal()
	for at := range whole {
		altered := bytes.Clone(whole)
		altered[at] ^= 1
		if _, err := vault.ParseKeys(altered); err == nil {
			t.Errorf("byte %d altered goes unseen", at)
		}
	}
}

func reveal(words []vault.Secret) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = word.Reveal()
	}
	return out
}

// BIP-39's own vectors for 256 bits.
func TestRecoveryWordsAreBIP39(t *testing.T) {
	for fill, want := range map[byte]string{
		0x00: strings.Repeat("abandon ", 23) + "art",
		0x7f: strings.Repeat("legal winner thank year wave sausage worth useful ", 2) + "legal winner thank year wave sausage worth title",
		0x80: strings.Repeat("letter advice cage absurd amount doctor acoustic avoid ", 2) + "letter advice cage absurd amount doctor acoustic bless",
		0xff: strings.Repeat("zoo ", 23) + "vote",
	} {
		keys, err := vault.NewKeys(bytes.NewReader(bytes.Repeat([]byte{fill}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(reveal(keys.Words()), " "); got != want {
			t.Errorf("%02x: %s", fill, got)
		}
	}
}

func TestWordsGiveBackTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys, err := vault.NewKeys(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "master")))
		if err != nil {
			t.Fatal(err)
		}
		words := reveal(keys.Words())
		for i := range words {
			switch rapid.IntRange(0, 3).Draw(t, "hand") {
			case 0:
				words[i] = strings.ToUpper(words[i])
			case 1:
				words[i] = words[i][:min(4, len(words[i]))]
			case 2:
				words[i] = " " + words[i] + "\n"
			}
		}
		back, err := vault.FromWords(words)
		if err != nil || !bytes.Equal(back.Encode(), keys.Encode()) {
			t.Fatalf("%v from %v", err, words)
		}
	})
}

func TestMistypedWords(t *testing.T) {
	good := reveal(keysFrom(t, 1).Words())
	for name, tt := range map[string]struct {
		place int
		word  string
	}{
		"no word":           {7, "onyo"},
		"three letters":     {24, "aba"},
		"nothing":           {1, ""},
		"a letter too many": {3, "abandonn"},
	} {
		words := slices.Clone(good)
		words[tt.place-1] = tt.word
		_, err := vault.FromWords(words)
		var unknown *vault.UnknownWordError
		if !errors.As(err, &unknown) || unknown.Place != tt.place {
			t.Errorf("%s: %v", name, err)
		} else if tt.word != "" && strings.Contains(err.Error(), tt.word) {
			t.Errorf("%s: the error repeats the word", name)
		}
	}
	if _, err := vault.FromWords(good[:23]); err == nil {
		t.Error("23 words are enough")
	}
	// A word that is another of the list: 255 of 256 are caught.
	caught := 0
	for i := range 23 {
		words := slices.Clone(good)
		words[i], words[i+1] = words[i+1], words[i]
		if _, err := vault.FromWords(words); errors.Is(err, vault.ErrWords) {
			caught++
		}
	}
	if caught < 21 {
		t.Errorf("of 23 swaps %d were caught", caught)
	}
}

func FuzzParseKeys(f *testing.F) {
	whole := []byte(keysFrom(f, 1).Encode())
	f.Add(whole)
	f.Add([]byte("onyo key 1\nsecret "))
	f.Add([]byte("onyo key 9\nid 1\nsecret 1\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if keys, err := vault.ParseKeys(content); err == nil && !bytes.Equal(keys.Encode(), content) {
			t.Errorf("%q is read as other keys", content)
		}
	})
}

func FuzzFromWords(f *testing.F) {
	f.Add(strings.Join(reveal(keysFrom(f, 1).Words()), " "))
	f.Add(strings.Repeat("zoo ", 24))
	f.Fuzz(func(t *testing.T, typed string) {
		keys, err := vault.FromWords(strings.Fields(typed))
		if err != nil {
			return
		}
		if again, err := vault.FromWords(reveal(keys.Words())); err != nil || again.ID() != keys.ID() {
			t.Errorf("%q gives keys whose words give others (%v)", typed, err)
		}
	})
}
