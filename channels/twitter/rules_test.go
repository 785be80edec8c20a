package twitter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseRules(t *testing.T) {
	long := strings.Repeat("é", maxRuleChars)
	for name, tc := range map[string]struct {
		text  string
		want  []rule
		fault string
	}{
		"two":             {"flood: flood lang:en\n\n fire at night:  (fire OR moto) ", []rule{{"flood lang:en", "flood"}, {"(fire OR moto)", "fire at night"}}, ""},
		"longest":         {"a: " + long, []rule{{long, "a"}}, ""},
		"too long":        {"ok: b\na: " + long + "x", nil, "line 2: a rule has at most 1024"},
		"no tag":          {"flood lang:en", nil, "line 1: write"},
		"operator as tag": {`from:"un: flood" x`, nil, "line 1: write"},
		"empty rule":      {"flood: ", nil, "line 1: write"},
		"twice":           {"a: flood\nb: flood", nil, "line 2: this rule is there twice"},
		"none":            {" \n", nil, "no rule"},
		"too many":        {rulesNumbered(1001), nil, "at most 1000 rules"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseRules(tc.text)
			if tc.fault == "" && err != nil || tc.fault != "" && (err == nil || !strings.Contains(err.Error(), tc.fault)) {
				t.Fatalf("got %v, want %q", err, tc.fault)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
	if got, err := parseRules(rulesNumbered(1000)); err != nil || len(got) != 1000 {
		t.Errorf("a thousand rules: %v", err)
	}
}

func rulesNumbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "tag %d: flood%d\n", i, i)
	}
	return b.String()
}

// Searches are short enough, and each rule that can be searched for is in one.
func TestQueries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []rule
		for i, chars := range rapid.SliceOfN(rapid.IntRange(1, maxRuleChars), 1, 30).Draw(t, "lengths") {
			value := strings.Repeat("ö", max(0, chars-3)) + fmt.Sprintf("%03d", i)
			rules = append(rules, rule{Value: value})
		}
		queries := queriesOf("", rules)
		for _, query := range queries {
			if checkQuery(query) != nil {
				t.Fatalf("a search of %d bytes", len(query))
			}
		}
		for _, rule := range rules {
			found := false
			for _, query := range queries {
				found = found || query == rule.Value || strings.Contains(query, "("+rule.Value+")")
			}
			if fits := checkQuery(rule.Value) == nil; found != fits {
				t.Fatalf("a rule of %d bytes: searched for is %t", len(rule.Value), found)
			}
		}
	})
	if got := queriesOf("flood has:geo", []rule{{"a", "b"}}); !cmp.Equal(got, []string{"flood has:geo"}) {
		t.Error(got)
	}
}

// Profiles are never asked for; originals only where rules let retweets through.
func TestFields(t *testing.T) {
	for value, want := range map[string]string{
		"flood -is:retweet": "attachments.media_keys,geo.place_id",
		"flood":             "attachments.media_keys,geo.place_id,referenced_tweets.id",
	} {
		if got := fields([]rule{{Value: "x -is:retweet"}, {Value: value}}).Get("expansions"); got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}

func TestSettings(t *testing.T) {
	good := map[string]string{"bearer_token": "AAAA", "rules": "a: flood"}
	if err := Kind().Check(good); err != nil {
		t.Fatal(err)
	}
	for key, values := range map[string][]string{
		"rules": {"flood"}, "mode": {"push"}, "budget_usd": {"0", "-1", "NaN", "Inf", "a lot", "1e9"}, "poll_seconds": {"1", "1.5", "86401"},
		"mirror_every": {"0", "25h", "1d"}, "search": {strings.Repeat("a", 513), "a\nb"}, "bearer_token": {"Bearer A", "a\nb"},
		"api_url": {"api.x.com", "ftp://api.x.com", "https://u:p@api.x.com", "https://"},
	} {
		for _, value := range values {
			if err := Kind().Check(map[string]string{"bearer_token": "A", "rules": "a: b", key: value}); err == nil || !strings.HasPrefix(err.Error(), key) {
				t.Errorf("%s = %q: %v", key, value, err)
			}
		}
	}
}
