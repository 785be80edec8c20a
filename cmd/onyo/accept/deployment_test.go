package accept_test

import (
	"net/http"
)

// answerOfSetup is what setup made.
type answerOfSetup struct {
	People  []struct{ Name, Role, Link string }
	Channel struct {
		Name    string
		HookURL string `json:"hook_url"`
	}
}

// setUp does over HTTP what the setup page does: a flood in Nairobi under a
// profile, with a Twilio number.
func (in *installation) setUp(profile string) answerOfSetup {
	in.t.Helper()
	c := in.anyone()
	c.auth = "Setup " + in.setupSecret()
	made := call[answerOfSetup](c, http.MethodPost, "/api/v1/setup", map[string]any{
		"name": "Nairobi floods", "crisis": "flood", "profile": profile, "area": []float64{36.6, -1.5, 37.2, -1.1},
		"categories": []string{"hazard", "flood", "infrastructure", "road_blocked", "bridge", "power", "need", "need_water"},
		"timezone":   "Africa/Nairobi", "languages": []string{"en", "sw"},
		"emergency": map[string]any{"number": "999", "sentence": map[string]string{"en": "Nobody may be reading this. In danger, call {number}."}},
		"people":    []map[string]string{{"name": "Invited", "role": "volunteer"}},
		"channel":   map[string]any{"kind": "sms.twilio", "name": "twilio-main", "settings": map[string]string{"account_sid": accountSID, "auth_token": authToken, "pull": "off"}},
	}, http.StatusOK)
	if made.Channel.Name != "twilio-main" || len(made.People) != 1 {
		in.t.Fatalf("setup made %+v", made)
	}
	in.awaitHook("twilio-main")
	return made
}

// awaitHook waits until a channel is taken up: one without proof is refused
// where there was nothing before.
func (in *installation) awaitHook(channel string) {
	in.t.Helper()
	c := in.anyone()
	await(in.t, "channel "+channel+" is taken up", func() bool {
		return c.send(c.request(http.MethodPost, "/hooks/"+channel, formType, []byte("a=b"))).status != http.StatusNotFound
	})
}

// opsStatus is what people on shift are told.
type opsStatus struct {
	Warnings []struct{ Code, Text string }
	Channels []struct{ Name, Kind string }
	Ledger   struct{ Size int }
	// KeyConfirmed: somebody keeps a copy of the key elsewhere.
	KeyConfirmed bool `json:"key_confirmed"`
}

func (s opsStatus) warns(code string) bool {
	for _, warning := range s.Warnings {
		if warning.Code == code {
			return true
		}
	}
	return false
}
