package app_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/channels/channeltest"
)

const (
	pathSecret = "s3cr3t-of-the-field-staff"
	device     = "collect:Xy12AbCdEfGh"
)

func rosaConfig(settings map[string]string) channels.Config {
	return channels.Config{Name: "field", PublicURL: "https://onyo.example.org/hooks/field", Settings: settings,
		Secrets: map[string]channels.Secret{channels.PathSecret: channels.NewSecret(pathSecret, "")},
		Categories: func(language string) []channels.Choice {
			return []channels.Choice{{Key: "flood", Label: map[string]string{"en": "Flood & high water", "sw": "Mafuriko"}[language]}, {Key: "road", Label: "Road"}}
		},
		Emergency: func(language string) string { return "In danger call <112> (" + language + ")." }}
}

func rosa(t testing.TB, settings map[string]string) channels.Webhook {
	t.Helper()
	made, err := app.OpenRosa().New(rosaConfig(settings))
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

func asked(method, path, query string) channels.Exchange {
	return channels.Exchange{Method: method, Path: path, Query: query, PathSecret: pathSecret, ID: "fresh",
		Header: http.Header{"X-Openrosa-Version": {"1.0"}, "Date": {"Sun, 01 Mar 2026 11:05:10 GMT"}}}
}

// submission is a POST as Collect makes it: the answers first, files by their
// names, and a field that says whether more POSTs follow.
func submission(answers string, files ...part) channels.Exchange {
	return bounded("rosa", append([]part{{name: "xml_submission_file", file: "filled.xml", contentType: "text/xml", content: answers}}, files...)...)
}

func bounded(boundary string, all ...part) channels.Exchange {
	x := parts(boundary, all...)
	header := x.Header
	x = asked(http.MethodPost, "submission", "deviceID="+url.QueryEscape(device))
	made := parts(boundary, all...)
	x.Header.Set("Content-Type", header.Get("Content-Type"))
	x.Body = made.Body
	return x
}

func escapeXML(text string) string {
	var out bytes.Buffer
	for _, b := range []byte(text) { // by bytes, so that words may be no UTF-8
		switch b {
		case '&', '<', '>', '\r', '\n':
			fmt.Fprintf(&out, "&#%d;", b)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

func filled(id, text, between string) string {
	return `<?xml version='1.0' ?><data id="onyo-report" version="1" xmlns:orx="http://openrosa.org/xforms">` + between +
		`<deviceid>` + device + `</deviceid>` + between + `<text>` + escapeXML(text) + `</text>` + between +
		`<category>flood road</category><location>-1.3 36.8 1661.0 20.0</location>` + between +
		`<orx:meta><orx:instanceID>` + id + `</orx:instanceID></orx:meta></data>`
}

func sayRosa(s channeltest.Saying) channels.Exchange {
	all := []part{{name: "xml_submission_file", file: fmt.Sprint(s.Dress, ".xml"), contentType: "text/xml",
		content: filled(s.ID, s.Text, strings.Repeat("\n ", s.Dress))}}
	if s.Dress%2 == 1 {
		all = append([]part{{name: "*isIncomplete*", content: "yes"}}, all...)
	}
	return bounded(fmt.Sprint("boundary", s.Dress), all...)
}

func with(x channels.Exchange, secret string) channels.Exchange {
	x.PathSecret = secret
	return x
}

func TestOpenRosaConforms(t *testing.T) {
	said := sayRosa(channeltest.Saying{ID: "uuid:1", Text: "Flood"})
	channeltest.Run(t, channeltest.Suite{Kind: app.OpenRosa(), Config: rosaConfig(nil), Say: sayRosa, Address: device,
		Prove: func(x channels.Exchange) channels.Exchange { return with(x, pathSecret) },
		Forgeries: map[string]channels.Exchange{"no proof": with(said, ""), "wrong proof": with(said, "wrong"), "longer proof": with(said, pathSecret+"x"),
			"list": with(asked(http.MethodGet, "formList", ""), "wrong"), "head": with(asked(http.MethodHead, "submission", ""), "")},
		Unsplittable: map[string]channels.Exchange{
			"no form":   bounded("b", part{name: "photo.jpg", file: "photo.jpg", contentType: "image/jpeg", content: "x"}),
			"two forms": submission(filled("1", "x", ""), part{name: "xml_submission_file", content: "<a/>"}),
			"broken":    submission(`<data id="x"><text>`), "entity": submission(`<!DOCTYPE d [<!ENTITY a "aaaa">]><d id="x">&a;</d>`),
			"encrypted": submission(`<data id="x" encrypted="yes"><base64EncryptedKey>aa</base64EncryptedKey></data>`),
			"no body":   asked(http.MethodPost, "submission", ""),
		},
	})
}

// TestOpenRosaNeedsASecret: a channel that lost its secret lets nobody in.
func TestOpenRosaNeedsASecret(t *testing.T) {
	config := rosaConfig(nil)
	config.Secrets = nil
	made, err := app.OpenRosa().New(config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.OpenRosa().Receive(t.Context(), made.(channels.Webhook), with(asked(http.MethodGet, "formList", ""), ""))
	if !errors.Is(err, channels.ErrUnauthentic) {
		t.Fatalf("got %v", err)
	}
}

// TestOpenRosaListsAddressesThatLast: whether or not the channel's own address ends
// with its secret, each device is led to where its own secret counts.
func TestOpenRosaListsAddressesThatLast(t *testing.T) {
	const plain = "https://onyo.example.org/hooks/field"
	for _, address := range []string{plain, plain + "/", plain + "/" + pathSecret, plain + "/" + pathSecret + "/"} {
		config := rosaConfig(nil)
		config.PublicURL = address
		config.Secrets = map[string]channels.Secret{channels.PathSecret: channels.NewSecret(pathSecret, "older")}
		made, err := app.OpenRosa().New(config)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{pathSecret, "older"} {
			got, err := app.OpenRosa().Receive(t.Context(), made.(channels.Webhook), with(asked(http.MethodGet, "formList", ""), secret))
			if want := "<downloadUrl>" + plain + "/" + secret + "/forms/onyo-report.xml<"; err != nil || !strings.Contains(string(got.Answer.Body), want) {
				t.Errorf("%s, asked with %s: %v\n%s", address, secret, err, got.Answer.Body)
			}
		}
	}
}

// splits brings an exchange and gives what each of its splits parses to.
func splits(t *testing.T, w channels.Webhook, x channels.Exchange) []channels.Message {
	t.Helper()
	if err := channeltest.Judge(app.OpenRosa(), w, x); err != nil {
		t.Fatal(err)
	}
	got, err := app.OpenRosa().Receive(t.Context(), w, x)
	if err != nil {
		t.Fatal(err)
	}
	if got.Answer.Status != http.StatusCreated || got.Answer.Header.Get("X-OpenRosa-Version") != "1.0" || !strings.Contains(string(got.Answer.Body), "<OpenRosaResponse") {
		t.Fatalf("answered %d %s", got.Answer.Status, got.Answer.Body)
	}
	var all []channels.Message
	for _, split := range got.Messages {
		parsed, err := w.Parse(split.Raw)
		if err != nil {
			t.Fatalf("%s: %v", split.Why, err)
		}
		all = append(all, parsed...)
	}
	return all
}

var nairobi = time.FixedZone("", 3*3600)

func TestOpenRosaReadsTheBuiltInForm(t *testing.T) {
	got := splits(t, rosa(t, nil), submission(`<data id="onyo-report" version="ab12" xmlns:orx="http://openrosa.org/xforms">
		<start>2026-03-01T14:01:00.000+03:00</start><end>2026-03-01T14:05:00.000+03:00</end><deviceid/>
		<text>Water is &lt; 1 m deep</text><category>flood road</category><location>-1.3 36.8 0 20.5</location>
		<where>behind the market</where><when>2026-03-01T13:00:00.000+03</when><photo1>a.jpg</photo1>
		<orx:meta><orx:instanceID> uuid:1 </orx:instanceID><orx:deprecatedID>uuid:0</orx:deprecatedID></orx:meta></data>`))
	want := []channels.Message{{ProviderID: "uuid:1", Supersedes: "uuid:0", Nature: channels.Report, From: channels.Address{Scheme: "openrosa", Value: device},
		At: time.Date(2026, 3, 1, 14, 5, 0, 0, nairobi), OccurredAt: time.Date(2026, 3, 1, 13, 0, 0, 0, nairobi), Text: "Water is < 1 m deep",
		Categories: []string{"flood", "road"}, Location: &channels.Location{Point: &channels.Point{Lat: -1.3, Lon: 36.8, AccuracyM: 20.5}, Words: "behind the market"},
		Form: "onyo-report@ab12", Answers: []byte(`{"category":"flood road","deviceid":"","end":"2026-03-01T14:05:00.000+03:00","location":"-1.3 36.8 0 20.5",` +
			`"photo1":"a.jpg","start":"2026-03-01T14:01:00.000+03:00","text":"Water is \u003c 1 m deep","when":"2026-03-01T13:00:00.000+03","where":"behind the market"}`)}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(time.Time{}), cmp.Comparer(func(a, b channels.Address) bool { return a == b })); diff != "" {
		for _, m := range got {
			t.Logf("%s", m.Answers)
		}
		t.Fatal(diff)
	}
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile("testdata/openrosa/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestOpenRosaReadsAnotherForm: a form that the channel was given says itself which
// answers are texts and which are places; of a form that we do not know the answers
// are told by how they look.
func TestOpenRosaReadsAnotherForm(t *testing.T) {
	answers := testdata(t, "damage-filled.xml")
	for name, tc := range map[string]struct {
		settings map[string]string
		text     string
	}{
		"known":   {map[string]string{"form": testdata(t, "damage.xml")}, "Kisumu\nBridge gone, people on the roof\nA. Otieno\nB. Achieng"},
		"unknown": {nil, "Bridge gone, people on the roof\nA. Otieno\nB. Achieng\nKisumu bad"},
	} {
		t.Run(name, func(t *testing.T) {
			got := splits(t, rosa(t, tc.settings), submission(answers))[0]
			if got.ProviderID != "uuid:5f3c1e0a-1111-4222-8333-944455556666" || got.Form != "example.org:damage@2026-03" || got.From.Value != "collect:Xy12" {
				t.Errorf("id %q, form %q", got.ProviderID, got.Form)
			}
			if got.Text != tc.text {
				t.Errorf("text %q", got.Text)
			}
			if diff := cmp.Diff(&channels.Location{Point: &channels.Point{Lat: -0.0917016, Lon: 34.7679568, AccuracyM: 4.5}}, got.Location); diff != "" {
				t.Error(diff)
			}
			if want := time.Date(2026, 3, 1, 14, 5, 9, 1e6, nairobi); !got.At.Equal(want) || !got.OccurredAt.IsZero() {
				t.Errorf("at %s, occurred at %s", got.At, got.OccurredAt)
			}
			if want := `"household":[{"head":"A. Otieno","needs":"1 2"},{"head":"B. Achieng","needs":"2"}]`; !strings.Contains(string(got.Answers), want) {
				t.Errorf("answers %s", got.Answers)
			}
		})
	}
}

// TestOpenRosaPlaces: a place is a point in range or none, and numbers that are no
// place never become one.
func TestOpenRosaPlaces(t *testing.T) {
	for _, tc := range []struct {
		field, value string
		want         *channels.Point
	}{
		{"location", "-1.5 36.25 1661.0 4.5", &channels.Point{Lat: -1.5, Lon: 36.25, AccuracyM: 4.5}},
		{"location", "-1.5 36.25", &channels.Point{Lat: -1.5, Lon: 36.25}},
		{"location", "-1.5 36.25 0 -3", &channels.Point{Lat: -1.5, Lon: 36.25}},
		{"location", "-1.5 36.25 0 NaN", &channels.Point{Lat: -1.5, Lon: 36.25}},
		{"location", "90.01 36.25 0 0", nil}, {"location", "1.5 180.01 0 0", nil}, {"location", "NaN 36.25 0 0", nil},
		{"location", "1e999 36.25 0 0", nil}, {"location", "-Inf 36.25 0 0", nil}, {"location", "", nil}, {"location", "at the mill", nil},
		{"location", "-1.5 36.25 0 0; -1.6 36.25 0 0", nil},
		{"spot", "-1.5 36.25 1661.0 4.5", &channels.Point{Lat: -1.5, Lon: 36.25, AccuracyM: 4.5}},
		{"spot", "1 2 3 4", nil}, {"spot", "1.5 2.5", nil}, {"spot", "1.5 2.5 3.0", nil},
	} {
		got := splits(t, rosa(t, nil), submission(`<f id="other"><`+tc.field+`>`+tc.value+`</`+tc.field+`><meta><instanceID>1</instanceID></meta></f>`))[0]
		var point *channels.Point
		if got.Location != nil {
			point = got.Location.Point
		}
		if diff := cmp.Diff(tc.want, point); diff != "" {
			t.Errorf("%s %q: %s", tc.field, tc.value, diff)
		}
	}
}

// TestOpenRosaIdentity: what a submission is does not hang on the files or on the
// POST in which it came; other answers under its id are another content.
func TestOpenRosaIdentity(t *testing.T) {
	w := rosa(t, nil)
	photo := part{name: "a.jpg", file: "a.jpg", contentType: "image/jpeg", content: "\xff\xd8 a"}
	answers := filled("uuid:1", "Flood", "")
	alone, divided := splits(t, w, submission(answers)), splits(t, w, submission(answers, part{name: "*isIncomplete*", content: "yes"}, photo))
	if alone[0].Digest() != divided[0].Digest() || alone[0].ProviderID != divided[0].ProviderID {
		t.Error("a file changes what the answers are")
	}
	file := divided[1]
	if len(divided) != 2 || file.ProviderID != "uuid:1/media/a.jpg" || file.Continues != "uuid:1" || file.From != divided[0].From || string(file.Media[0].Bytes) != photo.content {
		t.Errorf("the file is %s %v", file.ProviderID, file)
	}
	for name, other := range map[string]string{
		"answer": filled("uuid:1", "Flood!", ""), "question": strings.ReplaceAll(answers, "category>", "kind>"),
		"attribute": strings.Replace(answers, "<text>", `<text hint="x">`, 1), "version": strings.Replace(answers, `version="1"`, `version="2"`, 1),
		"order of words": strings.Replace(answers, "flood road", "road flood", 1),
	} {
		if got := splits(t, w, submission(other))[0]; got.ProviderID != "uuid:1" || got.Digest() == alone[0].Digest() {
			t.Errorf("another %s counts as the same", name)
		}
	}
	nameless := strings.Replace(answers, "<orx:instanceID>uuid:1</orx:instanceID>", "", 1)
	first, again, other := splits(t, w, submission(nameless))[0], splits(t, w, submission(nameless))[0], splits(t, w, submission(nameless+" "))[0]
	if first.ProviderID == "" || first.ProviderID != again.ProviderID || first.ProviderID == other.ProviderID {
		t.Error("without an id the same bytes are the same submission, and others another")
	}
}

// TestOpenRosaKeepsHostileFiles: names do not lead anywhere, and nothing is lost.
func TestOpenRosaKeepsHostileFiles(t *testing.T) {
	got := splits(t, rosa(t, nil), submission(filled("1", "x", ""),
		part{name: "../../etc/passwd", file: "../../etc/passwd", content: "a"}, part{name: "no-file-name", contentType: "image/png", content: "b"},
		part{name: "picha ya pili", file: "picha ya pili.jpg", content: "c"}, part{name: "empty", file: "empty.jpg"}))
	var names []string
	for _, m := range got[1:] {
		names = append(names, m.Media[0].Name)
	}
	if diff := cmp.Diff([]string{"passwd", "no-file-name", "picha ya pili.jpg"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestOpenRosaForms: a form is offered only if its answers would come here and
// could be read.
func TestOpenRosaForms(t *testing.T) {
	good := testdata(t, "damage.xml")
	model := func(more string) string { return strings.Replace(good, "<model>", "<model>"+more, 1) }
	for name, tc := range map[string]struct{ form, fault string }{
		"good":         {good, ""},
		"submission":   {model(`<submission method="post"/>`), ""},
		"elsewhere":    {model(`<submission action="https://kobo.example/submission"/>`), "another server"},
		"encrypted":    {model(`<submission base64RsaPublicKey="MII"/>`), "encrypts"},
		"an XLSForm":   {"PK\x03\x04", "no XForm"},
		"a page":       {"<html><head/></html>", "no XForm"},
		"no id":        {strings.Replace(good, `id="example.org:damage"`, "", 1), "no id"},
		"no title":     {strings.Replace(good, "Damage &amp; needs", "", 1), "no title"},
		"deep":         {strings.Repeat("<a>", app.XMLDepth+1) + strings.Repeat("</a>", app.XMLDepth+1), "no XForm"},
		"a large file": {good + strings.Repeat(" ", app.XMLBytes), "no XForm"},
	} {
		err := app.OpenRosa().Check(map[string]string{"form": tc.form})
		if (err == nil) != (tc.fault == "") || err != nil && !strings.Contains(err.Error(), tc.fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenRosaOffersAForm in the words of the deployment, whatever they are: the
// form reads back, and changes its version with its content.
func TestOpenRosaOffersAForm(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		labels := rapid.SliceOfN(rapid.String(), 0, 5).Draw(r, "labels")
		config := rosaConfig(nil)
		config.Categories = func(string) (all []channels.Choice) {
			for i, label := range labels {
				all = append(all, channels.Choice{Key: fmt.Sprint("kind_", i), Label: label})
			}
			return all
		}
		made, err := app.OpenRosa().New(config)
		if err != nil {
			r.Fatal(err)
		}
		w := made.(channels.Webhook)
		got, err := app.OpenRosa().Receive(t.Context(), w, asked(http.MethodGet, "forms/onyo-report.xml", ""))
		if err != nil {
			r.Fatal(err)
		}
		form := string(got.Answer.Body)
		if err := app.OpenRosa().Check(map[string]string{"form": form}); err != nil {
			r.Fatalf("%v:\n%s", err, form)
		}
		if strings.Count(form, "<item>") != len(labels) || strings.Contains(form, "<112>") {
			r.Fatalf("%d kinds:\n%s", len(labels), form)
		}
	})
}

// TestOpenRosaAnswersDevices: what stands at which address, and nothing elsewhere.
func TestOpenRosaAnswersDevices(t *testing.T) {
	w := rosa(t, map[string]string{"form": testdata(t, "damage.xml")})
	for _, tc := range []struct {
		method, path, query string
		status              int
		holds               string
	}{
		{"GET", "formList", "deviceID=x", 200, "<formID>example.org:damage</formID><name>Damage &amp; needs</name><version>2026-03</version><hash>md5:"},
		{"HEAD", "formList", "", 200, "<formID>"}, {"GET", "formList/", "formID=example.org%3Adamage", 200, "<formID>"},
		{"GET", "formList", "", 200, "<downloadUrl>https://onyo.example.org/hooks/field/" + pathSecret + "/forms/example_org_damage.xml</downloadUrl>"},
		{"GET", "formList", "formID=other", 200, `<xforms xmlns="http://openrosa.org/xforms/xformsList"></xforms>`},
		{"GET", "forms/example_org_damage.xml", "", 200, "<h:title>Damage"}, {"GET", "manifest/example_org_damage.xml", "", 200, "xformsManifest"},
		{"HEAD", "submission", "deviceID=x", 204, ""},
		{"GET", "submission", "", 405, "wrong_method"}, {"GET", "", "", 404, "not_found"}, {"HEAD", "submission/submission", "", 404, "not_found"},
		{"GET", "forms/onyo-report.xml", "", 404, "not_found"}, {"GET", "../formList", "", 404, "not_found"},
	} {
		got, err := app.OpenRosa().Receive(t.Context(), w, asked(tc.method, tc.path, tc.query))
		status, body := got.Answer.Status, string(got.Answer.Body)
		var refused *channels.Refusal
		if errors.As(err, &refused) {
			status, body = refused.Status, refused.Error()
		}
		if status != tc.status || !strings.Contains(body, tc.holds) || len(got.Messages) > 0 {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, status, body)
		}
		if err == nil && got.Answer.Header.Get("X-OpenRosa-Accept-Content-Length") != fmt.Sprint(app.AcceptBytes) {
			t.Errorf("%s %s: no accepted length", tc.method, tc.path)
		}
		if len(got.Answer.Body) > 0 && xml.Unmarshal(got.Answer.Body, new(struct{})) != nil {
			t.Errorf("%s %s: not XML", tc.method, tc.path)
		}
	}
}
