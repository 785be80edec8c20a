package accept_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostile is a request that names its own fault.
type hostile struct {
	method, path, kind, body string
	status                   int // 0: any 4xx
	code, field              string
}

func hostileReports() map[string]hostile {
	report := func(body, code, field string) hostile {
		return hostile{http.MethodPost, "/api/v1/reports", "application/json", body, 0, code, field}
	}
	at := func(lon, lat string) string {
		return fmt.Sprintf(`{"text":"x","location":{"lon":%s,"lat":%s}}`, lon, lat)
	}
	large := report(`{"text":"`+strings.Repeat("x", 2<<20)+`"}`, "too_large", "")
	large.status = http.StatusRequestEntityTooLarge
	typed := report(`{"text":"x"}`, "", "")
	typed.kind, typed.status = "application/xml", http.StatusUnsupportedMediaType
	untyped := typed
	untyped.kind = ""
	return map[string]hostile{
		"no body": report("", "", ""), "null": report("null", "", ""), "a list": report("[]", "", ""), "a number": report("1e999", "", ""),
		"cut short": report(`{"text":"wat`, "bad_json", ""), "two objects": report(`{"text":"a"}{"text":"b"}`, "bad_json", ""),
		"empty": report("{}", "empty_report", "text"), "blank text": report(`{"text":"  "}`, "empty_report", "text"),
		"a text that is a number": report(`{"text":7}`, "bad_value", "text"), "a NUL": report(`{"text":"a\u0000b"}`, "bad_value", "text"),
		"invalid UTF-8": report("{\"text\":\"\xff\xfe\"}", "bad_utf8", ""), "an unknown field": report(`{"text":"x","txet":"y"}`, "unknown_field", "txet"),
		"a field twice": report(`{"text":"x","text":"y"}`, "repeated_field", "text"), "an unknown field in location": report(`{"text":"x","location":{"lng":1}}`, "unknown_field", "lng"),
		"NaN": report(at("NaN", "1"), "bad_json", ""), "Infinity": report(at("Infinity", "1"), "bad_json", ""), "a huge number": report(at("1e400", "1"), "", ""),
		"longitude 181": report(at("181", "0"), "bad_value", "location.lon"), "latitude -90.1": report(at("0", "-90.1"), "bad_value", "location.lat"),
		"longitude alone": report(`{"text":"x","location":{"lon":1}}`, "bad_value", "location.lat"), "coordinates as text": report(at(`"1"`, `"1"`), "bad_value", ""),
		"accuracy below 0": report(`{"text":"x","location":{"lon":1,"lat":1,"accuracy_m":-1}}`, "bad_value", "location.accuracy_m"),
		"deep answers":     report(`{"text":"x","answers":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+`}`, "too_deep", ""),
		"a very deep list": report(strings.Repeat("[", 500_000), "", ""), "a bad time": report(`{"text":"x","occurred_at":"yesterday"}`, "bad_value", "occurred_at"),
		"a bad category": report(`{"text":"x","categories":["<script>"]}`, "bad_value", "categories"), "a bad language": report(`{"text":"x","language":"!!"}`, "bad_value", "language"),
		"a text too long": report(`{"text":"`+strings.Repeat("x", 70<<10)+`"}`, "too_long", "text"),
		"oversize":        large, "XML": typed, "no type": untyped,
		"multipart without a boundary": {http.MethodPost, "/api/v1/reports", "multipart/form-data", "--x--", 0, "", ""},
		"multipart cut short":          {http.MethodPost, "/api/v1/reports", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"report\"\r\n\r\n{", 0, "", ""},
	}
}

func hostileQueries() map[string]hostile {
	all := map[string]hostile{}
	for query, field := range map[string]string{"bbox=1,2,3": "bbox", "bbox=NaN,0,1,1": "bbox", "bbox=0,0,Inf,1": "bbox", "bbox=0,-91,1,1": "bbox", "bbox=0,2,1,1": "bbox",
		"zoom=-1": "zoom", "zoom=23": "zoom", "zoom=1e3": "zoom", "limit=0": "limit", "limit=10001": "limit", "limit=1&limit=2": "limit", "status=nearly": "status", "phase=never": "phase",
		"since=yesterday": "since", "until=2026": "until", "as_of=now": "as_of", "nothing=1": "nothing", "q=%00": "q", "q=%ff": "q", "q=" + strings.Repeat("a", 300): "q"} {
		for _, what := range []string{"incidents", "clusters", "hotspots"} {
			all[what+"?"+query[:min(len(query), 40)]] = hostile{http.MethodGet, "/api/v1/map/" + what + "?" + query, "", "", http.StatusBadRequest, "", field}
		}
	}
	for _, tile := range []string{"0/0/1.mvt", "-1/0/0.mvt", "99/0/0.mvt", "1/x/0.mvt", "0/0/0", "1/99999999999999999999/0.mvt"} {
		all["tile "+tile] = hostile{http.MethodGet, "/api/v1/map/tiles/" + tile, "", "", 0, "", ""}
	}
	for name, one := range map[string]hostile{
		"a receipt of nothing":          {http.MethodPost, "/api/v1/receipts", "application/json", `{"code":"AAAA-AAAA-AAAA-AAAA"}`, 404, "no_such_code", "code"},
		"a receipt without a code":      {http.MethodPost, "/api/v1/receipts", "application/json", `{}`, 0, "", ""},
		"an unknown receipt field":      {http.MethodPost, "/api/v1/receipts", "application/json", `{"kode":""}`, 400, "unknown_field", "kode"},
		"the desk without a token":      {http.MethodGet, "/api/v1/desk/queue", "", "", 401, "sign_in", ""},
		"no such address":               {http.MethodGet, "/api/v1/nothing", "", "", 404, "not_found", ""},
		"a wrong method":                {http.MethodDelete, "/api/v1/reports", "", "", 405, "wrong_method", ""},
		"no such channel":               {http.MethodPost, "/hooks/nothing", formType, "a=b", 404, "not_found", ""},
		"a hook's body of another type": {http.MethodPost, "/hooks/twilio-main", "text/plain", "a=b", 415, "", ""},
		"a hook's oversize body":        {http.MethodPost, "/hooks/twilio-main", formType, "Body=" + strings.Repeat("x", 1<<20), 413, "too_large", ""},
		"a hook's broken form":          {http.MethodPost, "/hooks/twilio-main", formType, "%zz=%", 0, "", ""},
	} {
		all[name] = one
	}
	return all
}

// Bad input is a 4xx that names its fault; afterwards the server lives and has
// kept nothing of it.
func TestAcceptBadInput(t *testing.T) {
	in := install(t, nil)
	in.start()
	in.setUp("guarded")
	admin, anyone := in.bearer(in.token("admin", "Adele")), in.anyone()
	before := admin.settled()
	for _, table := range []map[string]hostile{hostileReports(), hostileQueries()} {
		for name, h := range table {
			t.Run(name, func(t *testing.T) {
				a := anyone.send(anyone.request(h.method, h.path, h.kind, []byte(h.body)))
				p := refused(t, a)
				if h.status != 0 && a.status != h.status || h.code != "" && p.Code != h.code || h.field != "" && p.Field != h.field {
					t.Errorf("%d %s %q, want %d %s %q: %s", a.status, p.Code, p.Field, h.status, h.code, h.field, p.Detail)
				}
			})
		}
	}
	t.Run("bodies that end too soon", func(t *testing.T) { in.cutShort(t) })
	if grew := admin.entries() - before; grew != 0 {
		t.Errorf("bad input left %d entries in the ledger", grew)
	}
	t.Run("JSON that is none", func(t *testing.T) { in.invalidJSON(t) })
	t.Run("signed nonsense", func(t *testing.T) { in.signedNonsense(t) })
	if !in.ready() {
		t.Error("the server is not ready any more")
	}
	if said := in.said("stderr"); strings.Contains(said, "panic") {
		t.Errorf("something panicked: %s", tail(said))
	}
	in.stop()
	in.run("ledger", "verify")
}

// cutShort sends bodies that are shorter than they say, then hangs up.
func (in *installation) cutShort(t *testing.T) {
	for i := range 40 {
		connection, err := net.Dial("tcp", strings.TrimPrefix(in.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		path := []string{"/api/v1/reports", "/hooks/twilio-main", "/report"}[i%3]
		fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: onyo\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"text\":\"", path)
		if i%2 == 0 { // says that nothing more comes, and listens
			_ = connection.(*net.TCPConn).CloseWrite()
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err == nil && (response.StatusCode < 400 || response.StatusCode > 499) {
				t.Errorf("half a body to %s: %d", path, response.StatusCode)
			}
		}
		connection.Close()
	}
}

// invalidJSON sends every file of JSONTestSuite: what is no JSON is refused, and
// nothing is our fault.
func (in *installation) invalidJSON(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata(t, "conformance/JSONTestSuite/test_parsing"), "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	c := in.anyone()
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a := c.send(c.request(http.MethodPost, "/api/v1/reports", "application/json", body))
		if a.status >= 500 || a.status < 400 && strings.HasPrefix(filepath.Base(file), "n_") {
			t.Errorf("%s: %d", filepath.Base(file), a.status)
		}
	}
}

// signedNonsense is authentic and so is kept; what makes no sense in it is not
// believed.
func (in *installation) signedNonsense(t *testing.T) {
	p, desk := in.phone("twilio-main"), in.bearer(in.token("volunteer", "Amina"))
	for i, place := range [][2]string{{"NaN", "NaN"}, {"1e999", "0"}, {"91", "181"}, {"", "7"}, {"-inf", "x"}} {
		words := fmt.Sprintf("nonsense number%d", i)
		fields := sms(fmt.Sprintf("SMnonsense%d", i), "+254700000099", words+" \xff\x00")
		fields.Set("Latitude", place[0])
		fields.Set("Longitude", place[1])
		if a := p.send(p.compose(fields)); a.status != http.StatusOK {
			t.Errorf("%q: %d", place, a.status)
		}
		if one := desk.awaitIncident(words); one.Location != nil {
			t.Errorf("%q was believed to be %+v", place, *one.Location)
		}
	}
}
