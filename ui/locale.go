package ui

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Language is one the client speaks.
type Language struct {
	Code string // BCP 47, as in the file's name
	Name string // in itself
	Dir  string // ltr or rtl
}

// English is what a text falls back to.
const English = "en"

func (u *UI) openLocales() error {
	u.words = map[string]map[string]string{}
	files, err := fs.Glob(Locales(), "*.json")
	if err != nil {
		return fmt.Errorf("list the locales: %w", err)
	}
	for _, name := range files {
		texts := map[string]string{}
		if err := readJSON(Locales(), name, &texts); err != nil {
			return err
		}
		code := strings.TrimSuffix(name, ".json")
		u.words[code] = texts
		u.languages = append(u.languages, Language{Code: code, Name: texts["language.name"], Dir: direction(code)})
	}
	if u.words[English] == nil {
		return fmt.Errorf("there is no English locale")
	}
	slices.SortFunc(u.languages, func(a, b Language) int { return strings.Compare(a.Code, b.Code) })
	return nil
}

func direction(code string) string {
	switch code {
	case "ar", "fa", "he", "ps", "ur", "ckb", "sd", "yi", "dv":
		return "rtl"
	}
	return "ltr"
}

// Languages lists what the client speaks, by code.
func (u *UI) Languages() []Language { return slices.Clone(u.languages) }

// Pick chooses a page's language: what the reader asked for by name or cookie,
// else what their browser prefers, of those offered; the first offered when
// nothing fits. Offering none means all that there are, English first.
func (u *UI) Pick(offered []string, asked, cookie, acceptLanguage string) string {
	var codes []string
	for _, code := range offered {
		if u.words[code] != nil {
			codes = append(codes, code)
		}
	}
	for _, code := range []string{asked, cookie} {
		if u.words[code] != nil {
			return code
		}
	}
	if len(codes) == 0 {
		codes = append(codes, English)
		for _, l := range u.languages {
			if l.Code != English {
				codes = append(codes, l.Code)
			}
		}
	}
	tags := make([]language.Tag, len(codes))
	for i, code := range codes {
		tags[i] = language.Make(code)
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return codes[0]
	}
	if _, index, confidence := language.NewMatcher(tags).Match(wanted...); confidence > language.No {
		return codes[index]
	}
	return codes[0]
}

// Text is the text of a key in a language, English where it lacks one, the key
// itself where nobody has it. Arguments are name, value pairs for {name}; a
// whole number called n chooses among key.one, key.few … by the language's rule.
func (u *UI) Text(code, key string, args ...any) string {
	text, ok := u.lookup(code, key, args)
	if !ok {
		return key
	}
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return text
}

func (u *UI) lookup(code, key string, args []any) (string, bool) {
	for _, try := range []string{code, English} {
		texts := u.words[try]
		if n, ok := count(args); ok {
			form := forms[plural.Cardinal.MatchPlural(language.Make(try), n, 0, 0, 0, 0)]
			for _, k := range []string{key + "." + form, key + ".other"} {
				if text, ok := texts[k]; ok {
					return text, true
				}
			}
		}
		if text, ok := texts[key]; ok {
			return text, true
		}
	}
	return "", false
}

func count(args []any) (int, bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == "n" {
			n, err := strconv.Atoi(fmt.Sprint(args[i+1]))
			return n, err == nil
		}
	}
	return 0, false
}

var forms = [...]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}

// iconPaths are the drawings of icons/icons.json on a 24 by 24 grid.
func iconPaths() (map[string]string, error) {
	paths := map[string]string{}
	if err := json.Unmarshal(icons, &paths); err != nil {
		return nil, fmt.Errorf("parse the icons: %w", err)
	}
	return paths, nil
}
