package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
)

func call(h *house, method, path, authorization, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	recorder := httptest.NewRecorder()
	h.api.Handler().ServeHTTP(recorder, request)
	return recorder
}

// TestAnInvitationIsNoWayIntoAnAccount: a link made over HTTP is only ever for
// somebody new, or whoever may invite could sign in as anybody.
func TestAnInvitationIsNoWayIntoAnAccount(t *testing.T) {
	h, tokens := standing(t)
	bearer := "Bearer " + tokens[crisis.RoleCoordinator]
	for name, want := range map[string]int{"admin": http.StatusConflict, " admin ": http.StatusConflict, "Somebody New": http.StatusCreated, "": http.StatusBadRequest} {
		answer := call(h, "POST", "/api/v1/admin/people", bearer, `{"name":"`+name+`","role":"volunteer"}`)
		if answer.Code != want {
			t.Errorf("%q: %d, want %d: %s", name, answer.Code, want, answer.Body)
		}
	}
	if answer := call(h, "POST", "/api/v1/admin/people", bearer, `{"name":"A","role":"admin"}`); answer.Code != http.StatusForbidden {
		t.Errorf("a coordinator made an admin: %d", answer.Code)
	}
}

const setupBody = `{"name":"Flood","crisis":"flood","profile":"guarded","categories":["flood"],"area":[36,-2,38,0],"timezone":"Africa/Nairobi",
"languages":["en"],"emergency":{"number":"112","sentence":{"en":"Call {number}."}},"people":[{"name":"Amina","role":"coordinator"}],"channel":null}`

// TestSetupHappensOnce: whoever finds the link afterwards finds it spent.
func TestSetupHappensOnce(t *testing.T) {
	h, _ := standing(t)
	word, err := h.people.SetupLink(t.Context(), crisis.SystemActor("test"))
	if err != nil {
		t.Fatal(err)
	}
	link := "Setup " + word
	if answer := call(h, "POST", "/api/v1/setup", link, setupBody); answer.Code != http.StatusOK {
		t.Fatalf("setup: %d %s", answer.Code, answer.Body)
	}
	if answer := call(h, "POST", "/api/v1/setup/test", link, ""); answer.Code != http.StatusOK {
		t.Errorf("the test message: %d %s", answer.Code, answer.Body)
	}
	looser := strings.Replace(strings.Replace(setupBody, "guarded", "open", 1), "Amina", "Mallory", 1)
	if answer := call(h, "POST", "/api/v1/setup", link, looser); answer.Code != http.StatusConflict {
		t.Errorf("setup again: %d %s", answer.Code, answer.Body)
	}
}

// TestAStricterDeploymentServesItsCategories: under hidden no category that was
// switched on publishes more than hidden does.
func TestAStricterDeploymentServesItsCategories(t *testing.T) {
	h, _ := standing(t)
	word, err := h.people.SetupLink(t.Context(), crisis.SystemActor("test"))
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(strings.Replace(setupBody, `"guarded"`, `"hidden"`, 1), `["flood"]`, `["violence","shooting","flood"]`, 1)
	if answer := call(h, "POST", "/api/v1/setup", "Setup "+word, body); answer.Code != http.StatusOK {
		t.Fatalf("setup: %d %s", answer.Code, answer.Body)
	}
	categories, err := crisis.Select[*crisis.Category](t.Context(), h.opened.store, crisis.Query{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]*crisis.Category{}
	for _, category := range categories {
		known[category.Key] = category
	}
	for _, key := range []string{"violence", "shooting", "flood"} {
		if got := crisis.ProfileOf(crisis.ProfileHidden, []string{key}, known); got != crisis.ProfileHidden {
			t.Errorf("%s is served as %s in a hidden deployment", key, got)
		}
	}
}

// TestTighteningTightensEverything: a deployment made hidden later leaves no kind
// looser than it is.
func TestTighteningTightensEverything(t *testing.T) {
	h, tokens := standing(t)
	if answer := call(h, "PATCH", "/api/v1/admin/deployment", "Bearer "+tokens[crisis.RoleAdmin], `{"profile":"hidden"}`); answer.Code != http.StatusOK {
		t.Fatalf("tightening: %d %s", answer.Code, answer.Body)
	}
	if answer := call(h, "PATCH", "/api/v1/admin/deployment", "Bearer "+tokens[crisis.RoleAdmin], `{"profile":"open"}`); answer.Code != http.StatusForbidden {
		t.Errorf("loosening: %d", answer.Code)
	}
	categories, err := crisis.Select[*crisis.Category](t.Context(), h.opened.store, crisis.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, category := range categories {
		if category.Profile != "" && category.Profile != crisis.ProfileHidden {
			t.Errorf("%s stayed %s", category.Key, category.Profile)
		}
	}
}

// TestEveryoneKeepsToTheirGuesses: wrong passphrases run into a limit.
func TestEveryoneKeepsToTheirGuesses(t *testing.T) {
	h, _ := standing(t)
	limited := false
	for range 60 {
		answer := call(h, "POST", "/api/v1/auth/signin", "", `{"name":"admin","passphrase":"wrong"}`)
		if answer.Code == http.StatusTooManyRequests {
			limited = answer.Header().Get("Retry-After") != ""
			break
		}
		if answer.Code != http.StatusUnauthorized {
			t.Fatalf("a guess answered %d", answer.Code)
		}
	}
	if !limited {
		t.Error("sixty guesses were answered")
	}
}
