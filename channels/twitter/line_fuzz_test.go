package twitter

import (
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/onyo-project/onyo/channels"
)

// FuzzAnswers: whatever X writes into its stream, a search or a look-up, every
// message that is made of it reads back as it was split, the cursor survives, and
// what was spent never falls.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"data":{"id":"2028133800000000001","text":"Flood","edit_history_tweet_ids":["2028133700000000000","2028133800000000001"]}}`),
		[]byte(`{"data":[{"id":"2028133800000000001","text":"Flood","author_id":"1","geo":{"place_id":"p"}}],"includes":{"places":[{"id":"p","full_name":"P","geo":{"bbox":[1,2,3,4]}}],"users":[{"id":"1"}]},"errors":[{"value":"2028133800000000001","parameter":"ids","type":"x/resource-not-found"}],"meta":{"next_token":"b"}}`), []byte(`{}`))
	f.Add([]byte(`{"errors":[{"title":"operational-disconnect"}]}`), []byte(`{"data":[null,{},[],{"id":""}],"includes":{"tweets":[{"id":"1"}],"places":[null]}}`), []byte(`{"known":"AgEA","since":"1"}`))
	f.Add([]byte(`{"data":{"id":"5","referenced_tweets":[{"type":"retweeted","id":"4"}]},"includes":{"tweets":[{"id":"4","text":"x"}]}}`), []byte(`{"errors":[1]}`), []byte(`{"spending":{"spent":-5}}`))
	f.Fuzz(func(t *testing.T, line, answer, cursor []byte) {
		s := sessionAt(noon)
		s.config.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
		if s.restore(cursor) != nil {
			return
		}
		before := s.spending.Spent
		var splits []channels.Split
		_ = s.line(line, &splits)
		var found page
		if json.Unmarshal(answer, &found) == nil {
			splits = append(splits, s.takePage(found, true)...)
			splits = append(splits, s.missing(found, []string{"2028133800000000001"})...)
		}
		for _, one := range splits {
			messages, err := s.Parse(one.Raw)
			if one.Nature == channels.Unparsed {
				continue
			}
			if err != nil || len(messages) != 1 || messages[0].ProviderID != one.ProviderID || messages[0].Digest() != one.Digest || messages[0].Nature != one.Nature {
				t.Fatalf("a split does not read back: %v", err)
			}
		}
		written, err := s.cursor()
		if err != nil || s.spending.Spent < before {
			t.Fatalf("spent %d after %d; %v", s.spending.Spent, before, err)
		}
		if err := sessionAt(noon).restore(written); err != nil {
			t.Fatal(err)
		}
	})
}
