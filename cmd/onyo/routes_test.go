package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// standing is a whole house on SQLite, with its maps loaded, without a listener.
func standing(t *testing.T) (*house, map[crisis.RoleName]string) {
	t.Helper()
	dir := t.TempDir()
	w := &world{settings: settings{DataDir: filepath.Join(dir, "data"), KeyFile: filepath.Join(dir, "data.key"), Listen: "127.0.0.1:0",
		PublicURL: "http://127.0.0.1:8080", Profile: "guarded", DatabaseURL: "sqlite:" + filepath.Join(dir, "data", "onyo.db")},
		out: io.Discard, errOut: io.Discard, clock: time.Now, random: rand.Reader, log: slog.New(slog.DiscardHandler)}
	ctx := t.Context()
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.close() })
	if err := plant(ctx, w, o.store); err != nil {
		t.Fatal(err)
	}
	h, err := build(ctx, w, o, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.load(ctx); err != nil {
		t.Fatal(err)
	}
	h.loaded.Store(true)
	tokens := map[crisis.RoleName]string{}
	for _, role := range []crisis.RoleName{crisis.RoleVolunteer, crisis.RoleVerifier, crisis.RoleResponder, crisis.RoleCoordinator, crisis.RoleAdmin} {
		if _, tokens[role], err = h.people.AddToken(ctx, crisis.SystemActor("test"), string(role), role); err != nil {
			t.Fatal(err)
		}
	}
	return h, tokens
}

// may says which roles each access opens (DESIGN §7).
var may = map[web.Access][]crisis.RoleName{
	web.Person:    {crisis.RoleVolunteer, crisis.RoleVerifier, crisis.RoleResponder, crisis.RoleCoordinator, crisis.RoleAdmin},
	web.Desk:      {crisis.RoleVolunteer, crisis.RoleVerifier, crisis.RoleCoordinator},
	web.Ops:       {crisis.RoleResponder, crisis.RoleCoordinator},
	web.DeskOrOps: {crisis.RoleVolunteer, crisis.RoleVerifier, crisis.RoleResponder, crisis.RoleCoordinator},
	web.Admin:     {crisis.RoleAdmin, crisis.RoleCoordinator},
	web.AdminOnly: {crisis.RoleAdmin},
	web.Scrape:    {crisis.RoleAdmin},
	web.Setup:     {},
}

func ask(h *house, route web.Route, token string, header map[string]string) *http.Response {
	path := strings.NewReplacer(":z/:x/:y", "0/0/0.mvt", ":channel/:secret", "nobody/x", ":channel", "nobody", ":token", "none", ":id", "00000000000000000000000001", ":key", "flood", ":name", "index", "*", "none").Replace(route.Path)
	method := route.Method
	if method == "*" {
		method = http.MethodPost
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond) // streams end
	defer cancel()
	request := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader("{}"))
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for key, value := range header {
		request.Header.Set(key, value)
	}
	recorder := httptest.NewRecorder()
	h.api.Handler().ServeHTTP(recorder, request)
	return recorder.Result()
}

// TestRoutes asks every route of the table as everybody: nobody gets past a door
// that is not theirs, every answer carries its headers, no answer is a 5xx, and
// every refusal says what to do.
func TestRoutes(t *testing.T) {
	h, tokens := standing(t)
	routes := h.api.Routes()
	if len(routes) < 50 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, route := range routes {
		allowed, guarded := may[route.Access]
		if !guarded && route.Access != web.Anyone && route.Access != web.Provider {
			t.Errorf("%s %s: access %q has no row here", route.Method, route.Path, route.Access)
		}
		for role, token := range mergedWithNobody(tokens) {
			answer := ask(h, route, token, nil)
			checkAnswer(t, route, string(role), answer)
			if !guarded {
				continue
			}
			opens := false
			for _, one := range allowed {
				opens = opens || one == role
			}
			refused := answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden
			if opens == refused && !(opens && answer.StatusCode == http.StatusForbidden && strings.Contains(route.Path, "confirm")) {
				t.Errorf("%s %s as %q answered %d", route.Method, route.Path, role, answer.StatusCode)
			}
		}
	}
}

func mergedWithNobody(tokens map[crisis.RoleName]string) map[crisis.RoleName]string {
	all := map[crisis.RoleName]string{"": ""}
	for role, token := range tokens {
		all[role] = token
	}
	return all
}

func checkAnswer(t *testing.T, route web.Route, role string, answer *http.Response) {
	t.Helper()
	where := route.Method + " " + route.Path + " as " + role
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Request-Id", "Cross-Origin-Opener-Policy"} {
		if answer.Header.Get(name) == "" {
			t.Errorf("%s: no %s", where, name)
		}
	}
	if answer.StatusCode >= 500 {
		t.Errorf("%s: %d", where, answer.StatusCode)
	}
	if answer.StatusCode >= 400 && !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		var problem struct{ Code, Detail string }
		body, _ := io.ReadAll(answer.Body)
		if err := json.Unmarshal(body, &problem); err != nil || problem.Code == "" || problem.Detail == "" {
			t.Errorf("%s: %d without a problem: %s", where, answer.StatusCode, body)
		}
	}
	if _, guarded := may[route.Access]; guarded && answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: signed-in answers are never stored, got %q", where, answer.Header.Get("Cache-Control"))
	}
}

// TestOtherSitesCannotAct sends every unsafe route as another site's page would.
func TestOtherSitesCannotAct(t *testing.T) {
	h, tokens := standing(t)
	for _, route := range h.api.Routes() {
		if route.Method == http.MethodGet || route.Method == http.MethodHead || route.Method == http.MethodOptions || route.Method == "*" {
			continue
		}
		for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}} {
			if answer := ask(h, route, tokens[crisis.RoleAdmin], header); answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s from %v: %d", route.Method, route.Path, header, answer.StatusCode)
			}
		}
	}
}

// TestOpenAPIDescribesEveryRoute: the description is made of the table that
// serves, so each public route is in it.
func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	h, _ := standing(t)
	answer := ask(h, web.Route{Method: http.MethodGet, Path: "/openapi.json"}, "", nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	if err := json.NewDecoder(answer.Body).Decode(&doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("openapi %q: %v", doc.OpenAPI, err)
	}
	for _, want := range []string{"/api/v1/reports", "/api/v1/map/clusters", "/api/v1/desk/incidents/{id}/claim", "/api/v1/ops/map/hotspots/{id}/acknowledge"} {
		if doc.Paths[want] == nil {
			t.Errorf("%s is not described", want)
		}
	}
}
