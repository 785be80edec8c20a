package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/channels/channeltest"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func adapter(t testing.TB) channels.Webhook {
	t.Helper()
	made, err := app.Kind().New(channels.Config{Name: "app", Settings: map[string]string{"timezone": "Africa/Nairobi"}})
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

func posted(contentType, body string) channels.Exchange {
	return channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body), ID: "fresh"}
}

// part is one part of a multipart body.
type part struct{ name, file, contentType, content string }

func parts(boundary string, all ...part) channels.Exchange {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.SetBoundary(boundary); err != nil {
		panic(err)
	}
	for _, p := range all {
		header := textproto.MIMEHeader{}
		disposition := fmt.Sprintf("form-data; name=%q", p.name)
		if p.file != "" {
			disposition += fmt.Sprintf("; filename=%q", p.file)
		}
		header.Set("Content-Disposition", disposition)
		if p.contentType != "" {
			header.Set("Content-Type", p.contentType)
		}
		out, err := w.CreatePart(header)
		if err != nil {
			panic(err)
		}
		if _, err := out.Write([]byte(p.content)); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return posted(w.FormDataContentType(), body.String())
}

func keyed(x channels.Exchange, key string) channels.Exchange {
	x.Header.Set("Idempotency-Key", key)
	return x
}

// report writes the JSON by hand, so that words may be no UTF-8.
func report(s channeltest.Saying) string {
	quoted := `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\x00", `\u0000`).Replace(s.Text) + `"`
	fields := []string{`"text":` + quoted, `"language":"sw"`, `"categories":["flood","road"]`, `"location":{"lat":-1.3,"lon":36.8,"accuracy_m":20}`}
	if s.Dress%2 == 1 {
		fields = []string{fields[3], `  "categories": ["road", "flood"]`, fields[1], "\n" + fields[0]}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func sayJSON(s channeltest.Saying) channels.Exchange {
	x := keyed(posted(jsonType, report(s)), s.ID)
	x.Header.Set("User-Agent", fmt.Sprint("app/", s.Dress))
	return x
}

func sayMultipart(s channeltest.Saying) channels.Exchange {
	all := []part{{name: "report", contentType: jsonType, content: report(s)}, {name: "media", file: fmt.Sprintf("IMG_%d.jpg", s.Dress), contentType: "image/jpeg", content: "\xff\xd8 a picture"}}
	if s.Dress%2 == 1 {
		all[0], all[1] = all[1], all[0]
	}
	return keyed(parts(fmt.Sprint("boundary", s.Dress), all...), s.ID)
}

// A multipart body and a JSON one of the same words are two kinds of exchange
// with one identity rule.
func TestAppConforms(t *testing.T) {
	for name, say := range map[string]func(channeltest.Saying) channels.Exchange{"json": sayJSON, "multipart": sayMultipart} {
		t.Run(name, func(t *testing.T) {
			channeltest.Run(t, channeltest.Suite{Kind: app.Kind(), Say: say, Config: channels.Config{Name: "app"}})
		})
	}
}

func receive(t *testing.T, x channels.Exchange) (channels.Split, channels.Message) {
	t.Helper()
	w := adapter(t)
	got, err := app.Kind().Receive(t.Context(), w, x)
	if err != nil {
		t.Fatal(err)
	}
	if err := channeltest.Judge(app.Kind(), w, x); err != nil {
		t.Fatal(err)
	}
	messages, err := w.Parse(got.Messages[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	return got.Messages[0], messages[0]
}

func TestAppReadsJSON(t *testing.T) {
	_, got := receive(t, keyed(posted(jsonType, `{"text":"Water \ud83c\udf0a rising","location":{"lon":36.8,"lat":-1.3,"accuracy_m":20},
		"occurred_at":"2026-03-01T14:05:00+03:00","categories":["flood"],"language":"pt-br","contact":"+254700000002",
		"form":"damage/2","answers":{"people":3,"deep":{"er":[1]}}}`), "k-1"))
	want := channels.Message{ProviderID: "key:0::k-1", Nature: channels.Report, Text: "Water 🌊 rising",
		Location:   &channels.Location{Point: &channels.Point{Lon: 36.8, Lat: -1.3, AccuracyM: 20}},
		OccurredAt: time.Date(2026, 3, 1, 14, 5, 0, 0, time.FixedZone("", 3*3600)), Categories: []string{"flood"},
		Language: "pt-BR", Contact: "+254700000002", Form: "damage/2", Answers: []byte(`{"people":3,"deep":{"er":[1]}}`)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestAppReadsMedia(t *testing.T) {
	picture := "\xff\xd8\xff picture"
	_, got := receive(t, parts("b", part{name: "media", file: "a\x01.jpg", contentType: "image/jpeg; x=1", content: picture},
		part{name: "media", file: "", contentType: "application/octet-stream", content: ""},
		part{name: "media", file: "b", contentType: "???", content: "x"}))
	if len(got.Media) != 2 || string(got.Media[0].Bytes) != picture || got.Media[0].Digest != sha256.Sum256([]byte(picture)) {
		t.Fatalf("got %v", got.Media)
	}
	if got.Media[0].ContentType != "image/jpeg" || got.Media[1].ContentType != "application/octet-stream" || got.Media[1].Ref != "id:fresh/1" {
		t.Fatalf("types %s, %s", got.Media[0].ContentType, got.Media[1].ContentType)
	}
}

// Files that were uploaded before come as parts of their own. Their ids say
// nothing: uploaded again under another id it is the same report.
func TestAppTakesUploads(t *testing.T) {
	with := func(id string) channels.Exchange {
		return keyed(parts("b", part{name: "report", contentType: jsonType, content: `{"text":"x","uploads":["` + id + `","empty"]}`},
			part{name: "upload", contentType: "image/jpeg", content: "picture"}, part{name: "upload", contentType: "image/jpeg"}), "k")
	}
	first, got := receive(t, with("a"))
	if len(got.Media) != 1 || string(got.Media[0].Bytes) != "picture" || got.Media[0].ContentType != "image/jpeg" {
		t.Fatalf("got %v", got.Media)
	}
	if again, _ := receive(t, with("b")); again.Digest != first.Digest {
		t.Error("under another id it is another report")
	}
}

// The plain HTML form, as a browser without JavaScript sends it, says the same
// as the JSON and has the same digest.
func TestAppReadsTheForm(t *testing.T) {
	fields := url.Values{"text": {"Bridge out\r\nnear the mill"}, "where": {"behind the market"}, "lon": {" 36.8 "}, "lat": {"-1.3"},
		"accuracy_m": {""}, "occurred_at": {"2026-03-01T14:05"}, "category": {"flood", "", "road"}, "language": {"en"},
		"contact": {""}, "media": {""}}
	plain, got := receive(t, posted(formType, fields.Encode()))
	if got.Text != "Bridge out\nnear the mill" || got.OccurredAt.Format(time.RFC3339) != "2026-03-01T14:05:00+03:00" {
		t.Fatalf("%q at %s", got.Text, got.OccurredAt)
	}
	asJSON, _ := receive(t, posted(jsonType, `{"text":"Bridge out\nnear the mill","location":{"words":"behind the market","lon":36.8,"lat":-1.3},
		"occurred_at":"2026-03-01T14:05:00+03:00","categories":["road","flood"],"language":"en"}`))
	all := []part{{name: "media", file: "", content: ""}}
	for key, values := range fields {
		for _, value := range values {
			if key != "media" {
				all = append(all, part{name: key, content: value})
			}
		}
	}
	asParts, _ := receive(t, parts("b", all...))
	if plain.Digest != asJSON.Digest || plain.Digest != asParts.Digest {
		t.Fatal("the same words have different digests")
	}
}

// A key belongs to whoever chose it; a generated id never meets one.
func TestAppIdentity(t *testing.T) {
	body := `{"text":"x"}`
	seen := map[string]string{}
	for name, change := range map[string]func(*channels.Exchange){
		"anonymous key": func(x *channels.Exchange) { *x = keyed(*x, "a") },
		"scoped key":    func(x *channels.Exchange) { *x = keyed(*x, "a"); x.Scope = "p1" },
		"other scope":   func(x *channels.Exchange) { *x = keyed(*x, "a"); x.Scope = "p2" },
		"clever scope":  func(x *channels.Exchange) { *x = keyed(*x, "2:a"); x.Scope = "p" },
		"generated":     func(x *channels.Exchange) { x.ID = "a" },
	} {
		x := posted(jsonType, body)
		change(&x)
		split, _ := receive(t, x)
		if other, again := seen[split.ProviderID]; again {
			t.Errorf("%s and %s have the same id", name, other)
		}
		seen[split.ProviderID] = name
	}
}

// Each refusal names the field and never repeats what was sent.
func TestAppRefuses(t *testing.T) {
	long := strings.Repeat("w", 70_000)
	deep := func(n int) string {
		return `{"text":"x","answers":` + strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) + "}"
	}
	if _, m := receive(t, posted(jsonType, deep(app.Depth-1))); m.Answers == nil {
		t.Fatal("JSON of the full depth is refused")
	}
	many := func(n int) (all []part) {
		for range n {
			all = append(all, part{name: "media", file: "f", content: "x"})
		}
		return all
	}
	receive(t, parts("b", many(app.Files)...))
	for name, tc := range map[string]struct {
		x           channels.Exchange
		code, field string
	}{
		"nothing":            {posted(jsonType, `{}`), "empty_report", "text"},
		"blank":              {posted(jsonType, `{"text":" ","location":{}}`), "empty_report", "text"},
		"empty body":         {posted(jsonType, ``), "bad_json", ""},
		"no object":          {posted(jsonType, `[1]`), "bad_json", ""},
		"null":               {posted(jsonType, `null`), "bad_json", ""},
		"two objects":        {posted(jsonType, `{"text":"x"}{}`), "bad_json", ""},
		"broken":             {posted(jsonType, `{"text":"x",}`), "bad_json", ""},
		"unknown":            {posted(jsonType, `{"text":"x","texts":1}`), "unknown_field", "texts"},
		"other case":         {posted(jsonType, `{"Text":"x"}`), "unknown_field", "Text"},
		"unknown place":      {posted(jsonType, `{"location":{"lng":1}}`), "unknown_field", "lng"},
		"hostile name":       {posted(jsonType, `{"<script>":1}`), "unknown_field", ""},
		"twice":              {posted(jsonType, `{"text":"x","text":"y"}`), "repeated_field", "text"},
		"twice within":       {posted(jsonType, `{"text":"x","answers":{"a":1,"a":2}}`), "repeated_field", "a"},
		"wrong type":         {posted(jsonType, `{"text":5}`), "bad_value", "text"},
		"NaN":                {posted(jsonType, `{"location":{"lon":NaN,"lat":1}}`), "bad_json", ""},
		"infinite":           {posted(jsonType, `{"location":{"lon":1e999,"lat":1}}`), "bad_value", "location.lon"},
		"lat out of range":   {posted(jsonType, `{"location":{"lon":1,"lat":90.01}}`), "bad_value", "location.lat"},
		"lon out of range":   {posted(jsonType, `{"location":{"lon":-180.01,"lat":1}}`), "bad_value", "location.lon"},
		"half a point":       {posted(jsonType, `{"location":{"lon":1}}`), "bad_value", "location.lat"},
		"accuracy alone":     {posted(jsonType, `{"location":{"accuracy_m":1}}`), "bad_value", "location.accuracy_m"},
		"negative accuracy":  {posted(jsonType, `{"location":{"lon":1,"lat":1,"accuracy_m":-1}}`), "bad_value", "location.accuracy_m"},
		"no time":            {posted(jsonType, `{"text":"x","occurred_at":"yesterday"}`), "bad_value", "occurred_at"},
		"long ago":           {posted(jsonType, `{"text":"x","occurred_at":"0001-01-01T00:00:00Z"}`), "bad_value", "occurred_at"},
		"no language":        {posted(jsonType, `{"text":"x","language":"e_n_g_l_i_s_h"}`), "bad_value", "language"},
		"category":           {posted(jsonType, `{"text":"x","categories":["Flood!"]}`), "bad_value", "categories"},
		"categories":         {posted(jsonType, `{"text":"x","categories":["a"`+strings.Repeat(`,"a"`, app.Categories)+`]}`), "too_many", "categories"},
		"answers":            {posted(jsonType, `{"text":"x","answers":[1]}`), "bad_value", "answers"},
		"long text":          {posted(jsonType, `{"text":"`+long+`"}`), "too_long", "text"},
		"long contact":       {posted(jsonType, `{"text":"x","contact":"`+long[:app.ContactBytes+1]+`"}`), "too_long", "contact"},
		"long words":         {posted(jsonType, `{"location":{"words":"`+long[:app.WordsBytes+1]+`"}}`), "too_long", "location.words"},
		"NUL":                {posted(jsonType, `{"text":"a\u0000b"}`), "bad_value", "text"},
		"not UTF-8":          {posted(jsonType, "{\"text\":\"a\xffb\"}"), "bad_utf8", ""},
		"many answers":       {posted(jsonType, `{"text":"x","answers":{"a":[1`+strings.Repeat(`,1`, app.Items)+`]}}`), "too_many", "a"},
		"too deep":           {posted(jsonType, deep(app.Depth)), "too_deep", ""},
		"far too deep":       {posted(jsonType, strings.Repeat(`{"a":[`, 50_000)), "unknown_field", "a"},
		"large JSON":         {posted(jsonType, `{"text":"`+strings.Repeat(" ", app.JSONBytes)+`"}`), "too_large", ""},
		"key":                {keyed(posted(jsonType, `{"text":"x"}`), "a b"), "bad_value", "Idempotency-Key"},
		"long key":           {keyed(posted(jsonType, `{"text":"x"}`), long[:app.KeyBytes+1]), "bad_value", "Idempotency-Key"},
		"form: unknown":      {posted(formType, "text=x&name=y"), "unknown_field", "name"},
		"form: twice":        {posted(formType, "text=x&text=y"), "repeated_field", "text"},
		"form: number":       {posted(formType, "lon=east&lat=1"), "bad_value", "lon"},
		"form: NaN":          {posted(formType, "lon=NaN&lat=1"), "bad_value", "location.lon"},
		"form: UTF-8":        {posted(formType, "text=%ff"), "bad_utf8", "text"},
		"form: escape":       {posted(formType, "text=%zz"), "bad_form", ""},
		"form: file name":    {posted(formType, "text=x&media=a.jpg"), "bad_value", "media"},
		"parts: no boundary": {posted("multipart/form-data", "x"), "bad_multipart", "Content-Type"},
		"uploads alone":      {posted(jsonType, `{"text":"x","uploads":["a"]}`), "bad_value", "uploads"},
		"uploads: type":      {posted(jsonType, `{"text":"x","uploads":"a"}`), "bad_value", "uploads"},
		"parts: no upload":   {parts("b", part{name: "report", content: `{"uploads":["a"]}`}, part{name: "media", file: "f", content: "x"}), "bad_value", "uploads"},
		"parts: one upload":  {parts("b", part{name: "report", content: `{"uploads":["a","b"]}`}, part{name: "upload", content: "x"}), "bad_value", "uploads"},
		"form: upload":       {parts("b", part{name: "text", content: "x"}, part{name: "upload", content: "x"}), "bad_value", "uploads"},
		"parts: cut":         {posted("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx"), "cut_short", ""},
		"parts: both":        {parts("b", part{name: "report", content: `{"text":"x"}`}, part{name: "text", content: "y"}), "unknown_field", "text"},
		"parts: reports":     {parts("b", part{name: "report", content: `{"text":"x"}`}, part{name: "report", content: `{"text":"y"}`}), "repeated_field", "report"},
		"parts: other file":  {parts("b", part{name: "photo", file: "a.jpg", content: "x"}), "unknown_field", "photo"},
		"parts: files":       {parts("b", many(app.Files+1)...), "too_many", "media"},
		"parts: parts":       {parts("b", append([]part{{name: "text", content: "x"}}, make([]part, app.Parts)...)...), "too_many", ""},
		"parts: large file":  {parts("b", part{name: "media", file: "f", content: strings.Repeat("x", app.FileBytes+1)}), "too_large", "media"},
		"parts: large field": {parts("b", part{name: "text", content: strings.Repeat("x", app.JSONBytes+1)}), "too_large", "text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := app.Kind().Receive(t.Context(), adapter(t), tc.x)
			var refusal *channels.Refusal
			if !errors.As(err, &refusal) || refusal.Code != tc.code || refusal.Field != tc.field || refusal.Status/100 != 4 {
				t.Fatalf("got %v, want %s at %q", err, tc.code, tc.field)
			}
		})
	}
}

func TestAppTakesAFileOfTheFullSize(t *testing.T) {
	split, m := receive(t, parts("b", part{name: "media", file: "f", content: strings.Repeat("x", app.FileBytes)}))
	if len(m.Media) != 1 || len(m.Media[0].Bytes) != app.FileBytes || len(split.Raw) < app.FileBytes {
		t.Fatal("the file is not whole")
	}
}

func TestAppSettings(t *testing.T) {
	for zone, good := range map[string]bool{"": true, "Europe/Kyiv": true, "UTC": true, "Local": false, "Mars/Base": false} {
		if err := app.Kind().Check(map[string]string{"timezone": zone}); (err == nil) != good {
			t.Errorf("%q: %v", zone, err)
		}
	}
}

// The wire type writes what the adapter reads.
func TestReportRoundTrip(t *testing.T) {
	lon, lat := 36.8, -1.3
	data, err := json.Marshal(app.Report{Text: "x", Location: &app.Location{Lon: &lon, Lat: &lat, Words: "mill"}, Categories: []string{"flood"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, m := receive(t, posted(jsonType, string(data))); m.Location.Point.Lon != lon || m.Location.Words != "mill" {
		t.Fatal("another report")
	}
}
