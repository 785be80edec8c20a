package channels_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
)

func example() channels.Kind {
	return channels.Kind{
		Name: "sms.example",
		Settings: []channels.Setting{
			{Key: "account", Help: "On the first page.", Required: true},
			{Key: "token", Help: "Beside it.", Required: true, Secret: true,
				Check: func(v string) error {
					if len(v) < 8 {
						return errors.New("it has 8 characters or more")
					}
					return nil
				}},
			{Key: "from", Help: "The number.", Default: "+1"},
		},
		Limits:     channels.Limits{BodyBytes: 100, TypeBytes: map[string]int64{"application/json": 10}},
		Methods:    []string{http.MethodPost},
		BodyTypes:  []string{"application/json", "multipart/form-data"},
		MediaHosts: []string{"api.example.com", ".cdn.example.com"},
	}
}

// All problems at once, each naming its setting, none repeating a value.
func TestKindCheck(t *testing.T) {
	err := example().Check(map[string]string{"token": "short", "zoo": "secret"})
	want := "account is missing: On the first page.\ntoken: it has 8 characters or more\nzoo is no setting of sms.example"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v", err)
	}
	if err := example().Check(map[string]string{"account": "a", "token": "12345678"}); err != nil {
		t.Fatal(err)
	}
}

func TestKindSplitsSecretsOff(t *testing.T) {
	open, secret := example().Split(map[string]string{"account": "a", "token": "12345678"})
	if diff := cmp.Diff(map[string]string{"account": "a", "from": "+1"}, open); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"token": "12345678"}, secret); diff != "" {
		t.Error(diff)
	}
}

func TestKindAdmits(t *testing.T) {
	for _, tc := range []struct {
		method, mediaType string
		bytes             int64
		want              error
	}{
		{http.MethodPost, "application/json", 10, nil},
		{http.MethodPost, "application/json", 11, channels.ErrTooLarge},
		{http.MethodPost, "multipart/form-data", 100, nil},
		{http.MethodPost, "multipart/form-data", 101, channels.ErrTooLarge},
		{http.MethodPost, "text/plain", 1, channels.ErrType},
		{http.MethodPost, "", 1, channels.ErrType},
		{http.MethodPost, "", 0, nil},
		{http.MethodGet, "application/json", 0, channels.ErrMethod},
	} {
		err := example().Admit(tc.method, tc.mediaType, tc.bytes)
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
			t.Errorf("%s %s %d: %v", tc.method, tc.mediaType, tc.bytes, err)
		}
	}
}

func TestKindMayFetch(t *testing.T) {
	for host, want := range map[string]bool{"api.example.com": true, "API.example.com": true, "x.cdn.example.com": true,
		"cdn.example.com": false, "evilcdn.example.com": false, "api.example.com.evil": false, "": false} {
		if got := example().MayFetch(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}

// Where the host is a setting, the adapter alone decides.
func TestKindWithAnyMediaHost(t *testing.T) {
	kind := channels.Kind{MediaHosts: []string{"*"}}
	if !kind.MayFetch("media.example.org") || (channels.Kind{}).MayFetch("media.example.org") {
		t.Error("not any host, or any without being said")
	}
}

func TestWords(t *testing.T) {
	words := channels.NewWords("basta, genug", "los")
	for text, want := range map[string]channels.Nature{
		"STOP": channels.Stop, " stop. ": channels.Stop, "“Stop!”": channels.Stop, "ARRÊT": channels.Stop, "arret": channels.Stop,
		"СТОП": channels.Stop, "توقف": channels.Stop, "\u200fتوقف": channels.Stop, "रोक्नुहोस्": channels.Stop, "Kanpe": channels.Stop,
		"acha": channels.Stop, "basta": channels.Stop, "GENUG": channels.Stop, "STOP 🛑": channels.Stop,
		"START": channels.Start, "unstop": channels.Start, "los": channels.Start,
		"": channels.Report, "HELP": channels.Report, "yes": channels.Report, "stop please": channels.Report,
		"stop the water": channels.Report, "don't stop": channels.Report, "...": channels.Report,
		strings.Repeat("stop", 50): channels.Report,
	} {
		if got := words.Nature(text); got != want {
			t.Errorf("%q is a %s, want %s", text, got, want)
		}
	}
}

// The same words for every way in which a proof can be wrong.
func TestRefusalsSayWhatToDo(t *testing.T) {
	for want, refusal := range map[string]*channels.Refusal{
		"not_authentic: The request does not prove that it comes from the channel's provider.": channels.Unauthentic(),
		"too_large: media: At most 9 bytes are accepted here.":                                 channels.TooLarge("media", 9),
		"wrong_type: Send a/b or c/d.":                                                         channels.WrongType("a/b", "c/d"),
		"wrong_method: Use POST.":                                                              channels.WrongMethod("POST"),
		"bad_value: lat: Degrees from -90 to 90.":                                              channels.Malformed("bad_value", "lat", "Degrees from %d to %d.", -90, 90),
	} {
		if refusal.Error() != want || refusal.Status/100 != 4 || !errors.Is(refusal, refusal.Reason) {
			t.Errorf("got %v (%d)", refusal, refusal.Status)
		}
	}
}
