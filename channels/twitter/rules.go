package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// What X allows. Source: https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule
const (
	maxRules     = 1000
	maxRuleChars = 1024
	maxTagChars  = 100
	maxQuery     = 512
	rulesPath    = "/2/tweets/search/stream/rules"
)

// rule is one filter of the stream.
type rule struct {
	Value string `json:"value"`
	Tag   string `json:"tag"`
}

// parseRules reads a rule a line, "tag: rule". Faults name the line.
func parseRules(text string) ([]rule, error) {
	var rules []rule
	seen := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		tag, value, found := strings.Cut(line, ": ")
		tag, value = strings.TrimSpace(tag), strings.TrimSpace(value)
		switch {
		case !found || tag == "" || value == "" || !plainTag(tag):
			return nil, fmt.Errorf(`line %d: write "tag: rule", the tag in letters, digits, spaces and hyphens, at most %d`, i+1, maxTagChars)
		case utf8.RuneCountInString(value) > maxRuleChars:
			return nil, fmt.Errorf("line %d: a rule has at most %d characters", i+1, maxRuleChars)
		case seen[value]:
			return nil, fmt.Errorf("line %d: this rule is there twice", i+1)
		}
		seen[value] = true
		rules = append(rules, rule{value, tag})
	}
	if len(rules) == 0 {
		return nil, errors.New(`there is no rule; write for instance "flood: flood place_country:KE -is:retweet"`)
	}
	if len(rules) > maxRules {
		return nil, fmt.Errorf("at most %d rules", maxRules)
	}
	return rules, nil
}

// plainTag keeps operators as "lang:en" from being taken for a tag.
func plainTag(tag string) bool {
	return utf8.RuneCountInString(tag) <= maxTagChars && !strings.ContainsAny(tag, `:"()#@$`)
}

func checkRules(text string) error {
	_, err := parseRules(text)
	return err
}

func checkQuery(text string) error {
	if utf8.RuneCountInString(text) > maxQuery || strings.ContainsAny(text, "\r\n") {
		return fmt.Errorf("one line of at most %d characters", maxQuery)
	}
	return nil
}

// queriesOf are the searches that find what the stream would have brought: the
// one that was set, else the rules joined by OR, in as few searches as fit. Rules
// too long for any search are left out.
func queriesOf(set string, rules []rule) []string {
	if set != "" {
		return []string{set}
	}
	var queries []string
	current, size := "", 0
	for _, rule := range rules {
		part := "(" + rule.Value + ")"
		chars := utf8.RuneCountInString(part)
		switch {
		case chars-2 > maxQuery:
		case chars > maxQuery: // alone it fits without its brackets
			queries = append(queries, rule.Value)
		case current != "" && size+len(" OR ")+chars <= maxQuery:
			current, size = current+" OR "+part, size+len(" OR ")+chars
		default:
			if current != "" {
				queries = append(queries, current)
			}
			current, size = part, chars
		}
	}
	if current != "" {
		queries = append(queries, current)
	}
	return queries
}

type rulesAnswer struct {
	Rules []struct {
		ID string `json:"id"`
		rule
	} `json:"data"`
	Errors []struct {
		Title string `json:"title"`
		Value string `json:"value"`
	} `json:"errors"`
}

// syncRules makes the rules at X those of the channel. New ones come before old
// ones go, so that nothing is missed in between; only a rule that gets another tag,
// and old ones where there is no room, go first.
func (x *twitter) syncRules(ctx context.Context) error {
	var there rulesAnswer
	if err := x.call(ctx, http.MethodGet, rulesPath, nil, nil, &there); err != nil {
		return err
	}
	missing, values := map[rule]bool{}, map[string]bool{}
	for _, rule := range x.rules {
		missing[rule], values[rule.Value] = true, true
	}
	var first, last []string
	for _, one := range there.Rules {
		switch {
		case missing[one.rule]:
			delete(missing, one.rule)
		case values[one.Value] || len(there.Rules)+len(x.rules) > maxRules:
			first = append(first, one.ID)
		default:
			last = append(last, one.ID)
		}
	}
	var add []rule
	for _, rule := range x.rules {
		if missing[rule] {
			add = append(add, rule)
		}
	}
	if err := x.removeRules(ctx, first); err != nil {
		return err
	}
	if err := x.addRules(ctx, add); err != nil {
		return err
	}
	return x.removeRules(ctx, last)
}

func (x *twitter) addRules(ctx context.Context, add []rule) error {
	if len(add) == 0 {
		return nil
	}
	var answer rulesAnswer
	if err := x.call(ctx, http.MethodPost, rulesPath, nil, map[string]any{"add": add}, &answer); err != nil {
		return err
	}
	for _, fault := range answer.Errors {
		if fault.Title == "DuplicateRule" {
			continue // somebody was faster
		}
		for _, rule := range add {
			if rule.Value == fault.Value {
				return &failure{code: "invalid_rule", final: true, say: fmt.Sprintf("X does not accept the rule tagged %q", rule.Tag)}
			}
		}
		return &failure{code: "invalid_rule", final: true, say: "X does not accept one of the rules"}
	}
	x.config.Log.Info("x: rules added", "rules", len(add))
	return nil
}

func (x *twitter) removeRules(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := x.call(ctx, http.MethodPost, rulesPath, nil, map[string]any{"delete": map[string]any{"ids": ids}}, nil); err != nil {
		return err
	}
	x.config.Log.Info("x: rules removed", "rules", len(ids))
	return nil
}
