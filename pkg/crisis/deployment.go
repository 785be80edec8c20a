package crisis

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ReadDeployment reads the deployment's settings; ErrNotFound before the first
// start has written them.
func ReadDeployment(ctx context.Context, r Reader) (Deployment, *Policy, error) {
	var deployment Deployment
	policy, err := One[*Policy](ctx, r, "key", PolicyDeployment)
	if err != nil {
		return deployment, nil, err
	}
	if err := json.Unmarshal([]byte(policy.Value), &deployment); err != nil {
		return deployment, nil, fmt.Errorf("read the deployment: %w", err)
	}
	return deployment, policy, nil
}

// Configure is the Change that gives a deployment other settings.
func Configure(policy *Policy, deployment Deployment, now time.Time, by Actor) (Change, error) {
	value, err := json.Marshal(deployment)
	if err != nil {
		return Change{}, fmt.Errorf("write the deployment: %w", err)
	}
	next := *policy
	next.Meta, next.Value = policy.Next(now, by), string(value)
	return Change{Action: "deployment.configured", Actor: by, At: Moment(now), Put: []Record{&next}}, nil
}

// In is what a witness is told in a language, with the number in place;
// English where there is none in that language.
func (e Emergency) In(language string) string {
	sentence, ok := e.Sentence[language]
	if !ok {
		sentence = e.Sentence["en"]
	}
	return strings.ReplaceAll(sentence, "{number}", e.Number)
}
