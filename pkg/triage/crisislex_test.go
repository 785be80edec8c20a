package triage

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/triage/learn"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// labelled is a message that people judged: relevant or not.
type labelled struct {
	text     string
	relevant bool
	meaning  meaning
}

// crisisLex reads every labelled event of CrisisLex that there is. Relevant is
// "related and informative" in T26, "on-topic" in T6.
func crisisLex(t testing.TB) map[string][]labelled {
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is unset: the labelled messages of CrisisLex are not at hand")
	}
	files, _ := filepath.Glob(filepath.Join(root, "crisis/crisislex/T*/*.csv"))
	deeper, _ := filepath.Glob(filepath.Join(root, "crisis/crisislex/T*/*/*.csv"))
	events := map[string][]labelled{}
	for _, path := range append(files, deeper...) {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rows := csv.NewReader(file)
		rows.LazyQuotes, rows.FieldsPerRecord = true, -1
		all, err := rows.ReadAll()
		file.Close()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		event, _, _ := strings.Cut(filepath.Base(path), "-")
		for _, row := range all[1:] {
			switch label := strings.TrimSpace(row[len(row)-1]); label {
			case "Related and informative", "on-topic":
				events[event] = append(events[event], labelled{text: row[1], relevant: true})
			case "Related - but not informative", "Not related", "off-topic":
				events[event] = append(events[event], labelled{text: row[1]})
			}
		}
	}
	if len(events) == 0 {
		t.Fatal("no labelled events under ONYO_TESTDATA")
	}
	return events
}

// figures of one judge over some messages: F1 of relevant, the mean of both
// classes' F1, and the share that is right.
type figures struct{ f1, macro, right float64 }

func measured(messages []*labelled, judge func(*labelled) bool) figures {
	var count [2][2]float64
	index := map[bool]int{true: 1}
	for _, m := range messages {
		count[index[m.relevant]][index[judge(m)]]++
	}
	f1 := func(hit, false1, missed float64) float64 { return 2 * hit / max(1, 2*hit+false1+missed) }
	of := f1(count[1][1], count[0][1], count[1][0])
	other := f1(count[0][0], count[1][0], count[0][1])
	return figures{of, (of + other) / 2, (count[0][0] + count[1][1]) / float64(len(messages))}
}

// decisionsAfter are the points at which the rest of an event is judged.
var decisionsAfter = []int{0, 50, 200, 1000}

const leastRest = 100

// Relevance on the messages that nobody has decided yet, after some decisions
// taken online in random order, against the majority so far and against a plain
// batch logistic regression over the words of the same decisions.
func TestRelevanceLearnsFromDecisions(t *testing.T) {
	events := crisisLex(t)
	reader := testReader(t)
	names := []string{}
	for name, messages := range events {
		names = append(names, name)
		for i := range messages {
			m := &messages[i]
			_, reading := reader.read(m.text, "")
			m.meaning = reader.mean(m.text, reading, len(reader.gazetteer.Find(m.text, gazetteer.Near{})) > 0)
		}
	}
	slices.Sort(names)
	judges := []string{"majority", "batch", "onyo"}
	total := map[string]map[int][]figures{}
	for _, name := range names {
		event := map[string]map[int][]figures{}
		for seed := range uint64(3) {
			prequential(events[name], rand.New(rand.NewPCG(seed, 1)), event)
		}
		for _, judge := range judges {
			line := ""
			for _, n := range decisionsAfter {
				if all := event[judge][n]; len(all) > 0 {
					mean := meanOf(all)
					line += fmt.Sprintf("  %d: %.3f/%.3f", n, mean.f1, mean.macro)
					if total[judge] == nil {
						total[judge] = map[int][]figures{}
					}
					total[judge][n] = append(total[judge][n], mean)
				}
			}
			t.Logf("%-28s %-9s F1/macro%s", name, judge, line)
		}
	}
	for _, judge := range judges {
		for _, n := range decisionsAfter {
			mean := meanOf(total[judge][n])
			t.Logf("mean of %2d events, %-9s after %4d: F1 %.3f, macro F1 %.3f, right %.3f", len(total[judge][n]), judge, n, mean.f1, mean.macro, mean.right)
		}
	}
	start, later := meanOf(total["onyo"][0]), meanOf(total["onyo"][200])
	if most := meanOf(total["majority"][0]); start.macro <= most.macro || start.right <= most.right {
		t.Errorf("on day one %+v is no better than the majority %+v", start, most)
	}
	if later.f1 <= start.f1 || later.macro <= start.macro {
		t.Errorf("after 200 decisions %+v, at the start %+v", later, start)
	}
	for _, n := range decisionsAfter[1:] {
		if ours, batch := meanOf(total["onyo"][n]), meanOf(total["batch"][n]); ours.f1 < batch.f1-0.01 {
			t.Errorf("after %d decisions %+v, batch %+v", n, ours, batch)
		}
	}
}

// prequential takes an event's decisions one by one and notes, at each point,
// how the rest is judged.
func prequential(messages []labelled, random *rand.Rand, note map[string]map[int][]figures) {
	model, relevant := learn.New(), 0
	var decided []*labelled
	order := random.Perm(len(messages))
	at := func(n int) {
		var rest []*labelled
		for _, i := range order[n:] {
			rest = append(rest, &messages[i])
		}
		batch := trained(decided)
		for name, judge := range map[string]func(*labelled) bool{
			"majority": func(*labelled) bool { return 2*relevant >= n },
			"batch":    batch,
			"onyo": func(m *labelled) bool {
				return model.Score(askRelevant, m.meaning.text, m.meaning.relevantPrior()) >= likelyFrom
			},
		} {
			if note[name] == nil {
				note[name] = map[int][]figures{}
			}
			note[name][n] = append(note[name][n], measured(rest, judge))
		}
	}
	for n, i := range order {
		if slices.Contains(decisionsAfter, n) && len(order)-n >= leastRest {
			at(n)
		}
		if n == decisionsAfter[len(decisionsAfter)-1] {
			return
		}
		m := &messages[i]
		if m.relevant {
			relevant++
		}
		decided = append(decided, m)
		model.Learn(m.meaning.text, learn.Lesson{Question: askRelevant, Prior: m.meaning.relevantPrior(), Yes: m.relevant})
	}
}

// trained is the batch baseline: logistic regression on words, by full gradient
// steps until it stands still, with a little weight decay.
func trained(decided []*labelled) func(*labelled) bool {
	weights := map[string]float64{}
	sum := func(m *labelled) (z float64, words []string, value float64) {
		words = lexicon.Words(m.text)
		slices.Sort(words)
		words = append(slices.Compact(words), "")
		value = 1 / math.Sqrt(float64(len(words)))
		for _, word := range words {
			z += weights[word] * value
		}
		return z, words, value
	}
	for range 100 {
		slope := map[string]float64{}
		for _, m := range decided {
			z, words, value := sum(m)
			miss := 1 / (1 + math.Exp(-z))
			if m.relevant {
				miss--
			}
			for _, word := range words {
				slope[word] += miss * value
			}
		}
		for word, by := range slope {
			weights[word] -= 20 * (by/float64(len(decided)) + 1e-3*weights[word])
		}
	}
	return func(m *labelled) bool { z, _, _ := sum(m); return z >= 0 }
}

func meanOf(all []figures) figures {
	var mean figures
	for _, one := range all {
		mean.f1 += one.f1 / float64(len(all))
		mean.macro += one.macro / float64(len(all))
		mean.right += one.right / float64(len(all))
	}
	return mean
}
