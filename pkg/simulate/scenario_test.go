package simulate

import (
	"strings"
	"testing"
)

// TestScenarios reads every script that comes along: each message is about an
// event, in order, and the parts that a demo needs are there.
func TestScenarios(t *testing.T) {
	if len(Names()) == 0 {
		t.Fatal("no scenario comes along")
	}
	for _, name := range Names() {
		scenario, err := Open(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		channels, languages, truths := map[string]int{}, map[string]int{}, map[string]int{}
		for i, line := range scenario.Lines {
			channels[line.Channel]++
			languages[line.Language]++
			truths[scenario.Events[line.Event].Truth]++
			if i > 0 && line.At < scenario.Lines[i-1].At {
				t.Errorf("%s: message %d comes before the one above it", name, i)
			}
		}
		if len(scenario.Lines) < 200 || len(languages) < 4 || channels["sms"] < 50 || channels["app"] < 50 || truths["rumour"] < 10 {
			t.Errorf("%s: %d messages, channels %v, languages %v, truths %v", name, len(scenario.Lines), channels, languages, truths)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"0 sms +1 en flood Water":          "no event",
		"soon sms +1 en flood Water":       "line 1: seconds",
		"0 pigeon +1 en flood Water":       `no channel "pigeon"`,
		"event a flood low x 0 true \"p\"": "lon",
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want it to say %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("event a flood low 1 2 true \"p\"\n0 sms +1 en a Water")
	f.Fuzz(func(t *testing.T, text string) {
		if scenario, err := Parse(strings.NewReader(text)); err == nil && scenario == nil {
			t.Error("neither a scenario nor an error")
		}
	})
}
