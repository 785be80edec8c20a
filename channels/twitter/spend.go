package twitter

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// money is in millionths of a US dollar.
type money int64

// What X charges for one object that it hands out, the same object once in a UTC
// day. Source: https://docs.x.com/x-api/getting-started/pricing
const (
	tweetPrice money = 5_000
	userPrice  money = 10_000
	mediaPrice money = 5_000
	dollar     money = 1_000_000
)

const (
	// maxMedia and maxReferences are what one post has at most: pictures, and the
	// posts that it repeats, quotes or answers.
	// Source: https://docs.x.com/x-api/fundamentals/data-dictionary
	maxMedia      = 4
	maxReferences = 2
	// unsaved is how much may be spent before the cursor says so, without anything
	// new to hand in: a crash forgets no more.
	unsaved = dollar / 10
)

func (m money) String() string { return fmt.Sprintf("%.2f", float64(m)/float64(dollar)) }

func parseBudget(value string) (money, error) {
	amount, err := strconv.ParseFloat(value, 64)
	// X itself stops at three million reads a month, which cost 15,000 dollars.
	if err != nil || math.IsNaN(amount) || amount < 0.01 || amount > 50_000 {
		return 0, errors.New("an amount in US dollars, as 25 or 12.50, from 0.01 to 50000")
	}
	return money(math.Round(amount * float64(dollar))), nil
}

func checkBudget(value string) error {
	_, err := parseBudget(value)
	return err
}

var errBudget = errors.New("x: the spending limit is reached")

// spending is what was charged in one month (UTC). It survives restarts in the
// cursor; what was already read today is known again for tweets, and errs on the
// side of more for the rest.
type spending struct {
	Month string `json:"month"`
	Day   string `json:"day"`
	Spent money  `json:"spent"`
	today map[string]bool
}

// roll begins a new month or day.
func (s *spending) roll(now time.Time) {
	now = now.UTC()
	if month := now.Format("2006-01"); month != s.Month {
		s.Month, s.Spent = month, 0
	}
	if day := now.Format("2006-01-02"); day != s.Day || s.today == nil {
		s.Day, s.today = day, map[string]bool{}
	}
}

// charge counts one object, once in a day.
func (s *spending) charge(key string, price money) {
	if s.today[key] {
		return
	}
	s.today[key] = true
	s.Spent += price
}

// chargeAll counts what came in an envelope.
func (s *spending) chargeAll(came envelope) {
	if came.Tweet != nil && came.Tweet.ID != "" {
		s.charge("t"+came.Tweet.ID, tweetPrice)
	}
	for _, one := range came.Includes.Tweets {
		s.charge("t"+one.ID, tweetPrice)
	}
	for _, one := range came.Includes.Users {
		s.charge("u"+one.ID, userPrice)
	}
	for _, one := range came.Includes.Media {
		s.charge("m"+one.Key, mediaPrice)
	}
}

// worst is the most that one post may cost with all that is asked to come along:
// what it will be is known only when it was paid for.
func (x *twitter) worst() money {
	worst := tweetPrice + maxMedia*mediaPrice
	if strings.Contains(x.fields.Get("expansions"), "referenced_tweets.id") {
		worst += maxReferences * tweetPrice
	}
	return worst
}

// afford is errBudget when so many posts might cost more than is left this month.
func (s *session) afford(posts int) error {
	now := s.config.Clock()
	s.spending.roll(now)
	if s.left() >= posts {
		return nil
	}
	return fmt.Errorf("%w: %s of %s US dollars in %s, and what is next may cost %s; reading goes on at %s, or at once with a higher budget_usd",
		errBudget, s.spending.Spent, s.budget, s.spending.Month, money(posts)*s.worst(), nextMonth(now).Format(time.RFC3339))
}

func nextMonth(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

// room is what is left this month.
func (s *session) room() money { return max(0, s.budget-s.spending.Spent) }

// left is how many posts may still be read, whatever each of them costs.
func (s *session) left() int { return int(s.room() / s.worst()) }
