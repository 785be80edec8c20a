package web

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// Access says who may call a route; the server checks it before the handler
// runs (DESIGN §7).
type Access string

const (
	// Anyone: no sign-in, and nothing but the public copy is read.
	Anyone Access = "anyone"
	// Provider: the channel's own proof is checked by its adapter.
	Provider Access = "provider"
	// Person: anybody who is signed in.
	Person Access = "person"
	// Desk: volunteers, verifiers, coordinators.
	Desk Access = "desk"
	// Ops: responders and coordinators, within their grants.
	Ops Access = "ops"
	// DeskOrOps: either.
	DeskOrOps Access = "desk_or_ops"
	// Admin: admins and coordinators.
	Admin Access = "admin"
	// AdminOnly: admins.
	AdminOnly Access = "admin_only"
	// Scrape: admins, and monitors that know the scrape secret; the handler checks.
	Scrape Access = "admin_or_scrape_secret"
	// Setup: the bearer of the setup link.
	Setup Access = "setup"
)

// Route is one line of the route table. Registration, access and OpenAPI all
// follow from it.
type Route struct {
	Method  string
	Path    string // echo's notation: /a/:id
	Access  Access
	Tag     string
	Summary string
	Query   []Param
	In      any // zero value of the JSON body; nil for none
	Out     any // zero value of the JSON answer; nil for none or another type
	Type    string
	Status  int // of success; 200 where 0
	Handler echo.HandlerFunc
	// Hidden keeps a page out of OpenAPI.
	Hidden bool
}

// Param documents one query parameter.
type Param struct{ Name, Help string }

var pathParam = regexp.MustCompile(`[:*](\w*)`)

// OpenAPI describes the routes in OpenAPI 3.1, from the same table that serves
// them.
func OpenAPI(title, version string, routes []Route) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{Title: title, Version: version},
		Components: &huma.Components{Schemas: registry}, Paths: map[string]*huma.PathItem{}}
	problem := registry.Schema(reflect.TypeOf(Problem{}), true, "Problem")
	for _, route := range routes {
		if route.Hidden || route.Method == "*" {
			continue
		}
		doc.AddOperation(operation(route, registry, problem))
	}
	return doc.MarshalJSON()
}

func operation(route Route, registry huma.Registry, problem *huma.Schema) *huma.Operation {
	path := pathParam.ReplaceAllString(route.Path, "{$1}")
	status := route.Status
	if status == 0 {
		status = http.StatusOK
	}
	op := &huma.Operation{Method: route.Method, Path: path, Summary: route.Summary, Tags: []string{route.Tag},
		OperationID: operationID(route.Method, path), Responses: map[string]*huma.Response{},
		Description: "Who may: " + strings.ReplaceAll(string(route.Access), "_", " ") + "."}
	for _, match := range pathParam.FindAllStringSubmatch(route.Path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: match[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	for _, param := range route.Query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: param.Name, In: "query", Description: param.Help, Schema: &huma.Schema{Type: "string"}})
	}
	if route.In != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: registry.Schema(reflect.TypeOf(route.In), true, operationID(route.Method, path)+"Body")}}}
	}
	answer := &huma.Response{Description: http.StatusText(status)}
	if route.Out != nil {
		answer.Content = map[string]*huma.MediaType{"application/json": {
			Schema: registry.Schema(reflect.TypeOf(route.Out), true, operationID(route.Method, path)+"Answer")}}
	} else if route.Type != "" {
		answer.Content = map[string]*huma.MediaType{route.Type: {}}
	}
	op.Responses[strconv.Itoa(status)] = answer
	op.Responses["default"] = &huma.Response{Description: "What went wrong and what to do (RFC 9457)",
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	return op
}

func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '{' || r == '}' || r == '.' || r == '-' })
	if len(words) > 2 && words[0] == "api" {
		words = words[2:]
	}
	return strings.ToLower(method) + "_" + strings.Join(words, "_")
}
