package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// settings are CONTRACT's: flags over environment over onyo.yaml over defaults.
type settings struct {
	DatabaseURL  string        `name:"database-url" env:"ONYO_DATABASE_URL" help:"sqlite:PATH or postgres://…; default sqlite:DATA_DIR/onyo.db"`
	Listen       string        `name:"listen" env:"ONYO_LISTEN" default:"127.0.0.1:8080" help:"Address and port to serve on."`
	PublicURL    string        `name:"public-url" env:"ONYO_PUBLIC_URL" help:"What the world types to reach this server; providers sign it. Default http://LISTEN"`
	DataDir      string        `name:"data-dir" env:"ONYO_DATA_DIR" default:"data" help:"Where everything but the key is kept."`
	KeyFile      string        `name:"key-file" env:"ONYO_KEY_FILE" help:"The key, outside the data directory and never in a backup. Default DATA_DIR.key"`
	Profile      string        `name:"profile" env:"ONYO_PROFILE" default:"guarded" help:"open, guarded or hidden; read at first start only."`
	PublishEvery time.Duration `name:"publish-every" env:"ONYO_PUBLISH_EVERY" help:"Publish this often instead of the profile's own period, as in 30s. Never shortens hidden's."`
	FormRate     int           `name:"form-rate" env:"ONYO_FORM_RATE" default:"30" help:"Anonymous submissions per minute and IP address; 0 is off."`
	Proxies      string        `name:"trusted-proxies" env:"ONYO_TRUSTED_PROXIES" help:"Networks of proxies in front of Onyo, as 172.16.0.0/12,10.0.0.5/32: they are believed about whom they speak for. This machine always is."`
	Embedders    string        `name:"embed-origins" env:"ONYO_EMBED_ORIGINS" help:"Who may frame /embed, as https://news.example,https://ngo.example; nobody else may."`
	ScrapeSecret string        `name:"scrape-secret" env:"ONYO_SCRAPE_SECRET" help:"A word, at least 16 characters, with which a monitor may read /metrics and /readyz's reasons, as its bearer token. Without it only an admin's token may."`
	GeocoderURL  string        `name:"geocoder-url" env:"ONYO_GEOCODER_URL" help:"A Nominatim or Photon that is asked where words are, as http://10.0.0.5:8080; its keeper learns of every place asked for. Off when empty; the built-in gazetteer always answers."`
	GeocoderKind string        `name:"geocoder-kind" env:"ONYO_GEOCODER_KIND" help:"nominatim or photon; default: as its URL says."`
	TestData     string        `name:"testdata" env:"ONYO_TESTDATA" hidden:"" help:"Where the real test data lies; used by tests alone."`
}

// complete fills in the defaults that depend on other settings and reports all
// problems at once, each naming its setting.
func (s *settings) complete() error {
	var problems []error
	bad := func(setting, format string, args ...any) {
		problems = append(problems, fmt.Errorf(setting+": "+format, args...))
	}
	if s.DataDir == "" {
		bad("ONYO_DATA_DIR", "name a directory")
	}
	if s.DatabaseURL == "" {
		s.DatabaseURL = "sqlite:" + filepath.Join(s.DataDir, "onyo.db")
	}
	if s.KeyFile == "" {
		s.KeyFile = filepath.Clean(s.DataDir) + ".key"
	}
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil || port == "" {
		bad("ONYO_LISTEN", "%q is not host:port, as in 127.0.0.1:8080", s.Listen)
	}
	if s.PublicURL == "" {
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "127.0.0.1"
		}
		s.PublicURL = "http://" + net.JoinHostPort(host, port)
	}
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" {
		bad("ONYO_PUBLIC_URL", "%q is not an http or https address", s.PublicURL)
	}
	if !strings.HasPrefix(s.DatabaseURL, "sqlite:") && !strings.HasPrefix(s.DatabaseURL, "postgres://") && !strings.HasPrefix(s.DatabaseURL, "postgresql://") {
		bad("ONYO_DATABASE_URL", "it starts with sqlite: or postgres://")
	}
	switch crisis.Profile(s.Profile) {
	case crisis.ProfileOpen, crisis.ProfileGuarded, crisis.ProfileHidden:
	default:
		bad("ONYO_PROFILE", "%q is not open, guarded or hidden", s.Profile)
	}
	if s.PublishEvery != 0 && (s.PublishEvery < time.Second || s.PublishEvery%time.Second != 0) {
		bad("ONYO_PUBLISH_EVERY", "%s is not a whole number of seconds", s.PublishEvery)
	}
	if _, err := s.proxies(); err != nil {
		bad("ONYO_TRUSTED_PROXIES", "%v", err)
	}
	if _, err := s.embedders(); err != nil {
		bad("ONYO_EMBED_ORIGINS", "%v", err)
	}
	if s.ScrapeSecret != "" && len(s.ScrapeSecret) < 16 {
		bad("ONYO_SCRAPE_SECRET", "it has fewer than 16 characters")
	}
	if s.GeocoderURL != "" {
		if _, err := s.geocoder(nil, nil, nil); err != nil {
			bad("ONYO_GEOCODER_URL", "%v", err)
		}
	}
	if s.FormRate < 0 {
		bad("ONYO_FORM_RATE", "%d is below 0", s.FormRate)
	}
	if inside, err := filepath.Rel(s.DataDir, s.KeyFile); err == nil && s.DataDir != "" && !strings.HasPrefix(inside, "..") {
		bad("ONYO_KEY_FILE", "keep it outside the data directory, so that no backup of one holds the other")
	}
	return errors.Join(problems...)
}

func (s *settings) proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, one := range list(s.Proxies) {
		network, err := netip.ParsePrefix(one)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network as in 172.16.0.0/12", one)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// embedders are origins; what could end the header's directive is refused.
func (s *settings) embedders() ([]string, error) {
	origins := list(s.Embedders)
	for _, one := range origins {
		u, err := url.Parse(one)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Scheme+"://"+u.Host != one || strings.ContainsAny(one, ";, '\"") {
			return nil, fmt.Errorf("%q is not an origin as in https://news.example", one)
		}
	}
	return origins, nil
}

// list splits a comma list; empty gives none.
func list(text string) []string {
	var out []string
	for _, one := range strings.Split(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// yamlResolver reads onyo.yaml; a key that is no setting is an error.
func yamlResolver(r io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read onyo.yaml: %w", err)
	}
	known := map[string]bool{}
	for _, name := range settingNames() {
		known[strings.ReplaceAll(name, "-", "_")] = true
	}
	for key := range values {
		if !known[key] {
			return nil, fmt.Errorf("onyo.yaml: there is no setting %q; `onyo config doc` lists them", key)
		}
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, env := range flag.Envs {
			if _, set := os.LookupEnv(env); set {
				return nil, nil
			}
		}
		return values[strings.ReplaceAll(flag.Name, "-", "_")], nil
	}), nil
}

func settingNames() []string {
	var names []string
	for field := range fieldsOf(settings{}) {
		names = append(names, field.Tag.Get("name"))
	}
	return names
}

func fieldsOf(v any) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		t := reflect.TypeOf(v)
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

type configCmd struct {
	Doc configDocCmd `cmd:"" help:"Print every setting: flag, environment, key in onyo.yaml, default, meaning."`
}

type configDocCmd struct{}

// Run prints the settings as Markdown, from the same struct that reads them.
func (configDocCmd) Run(out io.Writer) error {
	fmt.Fprintln(out, "Flags win over the environment, the environment over `onyo.yaml`, that over defaults.")
	fmt.Fprintln(out, "\n| flag | environment | onyo.yaml | default | meaning |\n|---|---|---|---|---|")
	for field := range fieldsOf(settings{}) {
		name := field.Tag.Get("name")
		fmt.Fprintf(out, "| `--%s` | `%s` | `%s` | %s | %s |\n", name, field.Tag.Get("env"),
			strings.ReplaceAll(name, "-", "_"), field.Tag.Get("default"), field.Tag.Get("help"))
	}
	return nil
}
