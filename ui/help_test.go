package ui

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codesIn finds the codes that a piece of Go code refuses with.
func codesIn(source string) []string {
	refusing := regexp.MustCompile(`(?:(?:Refuse|Conflict|Malformed|refuse|forbid)\((?:[A-Za-z.]+, )?|Refusal\{.*Code: )"([a-z0-9_]+)"`)
	var codes []string
	for _, found := range refusing.FindAllStringSubmatch(source, -1) {
		codes = append(codes, found[1])
	}
	return codes
}

// missing are the codes that a page has no heading of their own for.
func missing(page string, codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool {
		return strings.Contains("\n"+page, "\n### "+code+"\n")
	})
}

// Every problem names its code; the manual says what to do about each.
func TestHelpExplainsEveryProblem(t *testing.T) {
	found := map[string]bool{}
	for _, folder := range []string{"pkg/api", "pkg/verification", "channels"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Name() == "channeltest" {
				return fs.SkipDir
			}
			if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			for _, code := range codesIn(string(source)) {
				found[code] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	codes := slices.Sorted(maps.Keys(found))
	if len(codes) < 50 {
		t.Fatalf("only %d codes were found; the search no longer fits the code: %v", len(codes), codes)
	}
	page, err := fs.ReadFile(Help(), "problems.md")
	if err != nil {
		t.Fatal(err)
	}
	if got := missing(string(page), []string{"stale", "planted"}); !slices.Equal(got, []string{"planted"}) {
		t.Fatalf("the search for headings is blind: %v", got)
	}
	if gone := missing(string(page), codes); len(gone) > 0 {
		t.Errorf("problems.md explains nothing of %v", gone)
	}
}
