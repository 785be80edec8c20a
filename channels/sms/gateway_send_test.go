package sms_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/sms"
)

// asked is one request that a gateway got.
type asked struct {
	Method, Path, Type, Key string
	Values                  url.Values
	Body                    string
}

// gatewayPlayer answers every request the same and keeps the last one.
func gatewayPlayer(t *testing.T, status int, body string, header ...string) (*httptest.Server, *asked) {
	t.Helper()
	got := &asked{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*got = asked{Method: r.Method, Path: r.URL.Path, Type: r.Header.Get("Content-Type"), Key: r.Header.Get("x-api-key"), Values: r.URL.Query(), Body: string(data)}
		if r.Header.Get("Content-Type") == form {
			got.Values, _ = url.ParseQuery(string(data))
			got.Body = ""
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server, got
}

func sendThrough(t *testing.T, c channels.Config, text string) (string, error) {
	t.Helper()
	c.HTTP = http.DefaultClient
	return gate(t, c).(channels.Sender).Send(t.Context(), channels.Outbound{ID: "o%1", To: channels.Address{Scheme: "tel", Value: atSender}, Text: text})
}

func TestGatewaySends(t *testing.T) {
	const hook = gatePublic + "/" + atPath
	for name, tc := range map[string]struct {
		preset, text, path string
		settings           []string
		status             int
		answer, id         string
		want               asked
	}{
		"kannel": {preset: "kannel", text: "Received: 5 €", path: "/cgi-bin/sendsms", settings: []string{"username", "onyo", "password", "pw&1", "from", "28901"},
			status: 202, answer: "0: Accepted for delivery", id: "o%1",
			want: asked{Method: "GET", Path: "/cgi-bin/sendsms", Values: url.Values{"username": {"onyo"}, "password": {"pw&1"}, "from": {"28901"}, "to": {atSender},
				"text": {"Received: 5 €"}, "coding": {"0"}, "charset": {"UTF-8"}, "dlr-mask": {"31"}, "dlr-url": {hook + "?of=o%%251&status=%d"}}}},
		"kannel in Ukrainian": {preset: "kannel", text: "Отримано", path: "/cgi-bin/sendsms?smsc=a", settings: []string{"username", "onyo", "password", "pw"},
			status: 202, answer: "3: Queued for later delivery", id: "o%1",
			want: asked{Method: "GET", Path: "/cgi-bin/sendsms", Values: url.Values{"smsc": {"a"}, "username": {"onyo"}, "password": {"pw"}, "to": {atSender},
				"text": {"Отримано"}, "coding": {"2"}, "charset": {"UTF-8"}, "dlr-mask": {"31"}, "dlr-url": {hook + "?of=o%%251&status=%d"}}}},
		"jasmin": {preset: "jasmin", text: "Received.", path: "/send", settings: []string{"username", "onyo", "password", "pw", "from", "28901"},
			status: 200, answer: `Success "07033084-5cfd-4812-90a4-e4d24ffb6e3d"`, id: "07033084-5cfd-4812-90a4-e4d24ffb6e3d",
			want: asked{Method: "POST", Path: "/send", Type: form, Values: url.Values{"username": {"onyo"}, "password": {"pw"}, "from": {"28901"}, "to": {atSender},
				"coding": {"0"}, "content": {"Received."}, "dlr": {"yes"}, "dlr-level": {"3"}, "dlr-method": {"POST"}, "dlr-url": {hook}}}},
		"jasmin in Arabic": {preset: "jasmin", text: "شكرا", path: "/send", settings: []string{"username", "onyo", "password", "pw"},
			status: 200, answer: `Success "j7"`, id: "j7",
			want: asked{Method: "POST", Path: "/send", Type: form, Values: url.Values{"username": {"onyo"}, "password": {"pw"}, "to": {atSender},
				"coding": {"8"}, "hex-content": {"0634064306310627"}, "dlr": {"yes"}, "dlr-level": {"3"}, "dlr-method": {"POST"}, "dlr-url": {hook}}}},
		"httpsms": {preset: "httpsms", text: "Thanks \"you\"", path: "/v1/messages/send", settings: []string{"api_key", "key-1", "from", "+254700000001"},
			status: 200, answer: `{"data":{"id":"h7","status":"pending"},"message":"added to queue","status":"success"}`, id: "h7",
			want: asked{Method: "POST", Path: "/v1/messages/send", Type: "application/json", Key: "key-1", Values: url.Values{},
				Body: `{"content":"Thanks \"you\"","from":"+254700000001","request_id":"o%1","to":"+254700000003"}`}},
		"frontlinesms": {preset: "frontlinesms", text: "Thanks", path: "/api/1/webhook", settings: []string{"api_key", "key-1"},
			status: 200, answer: `{}`, id: "o%1",
			want: asked{Method: "POST", Path: "/api/1/webhook", Type: "application/json", Values: url.Values{},
				Body: `{"apiKey":"key-1","payload":{"message":"Thanks","recipients":[{"type":"mobile","value":"+254700000003"}]}}`}},
		"custom form": {preset: "custom", text: "a&b", path: "/x", settings: []string{"fields", "from=f text=t", "send_body", "n={to}&m={text}&i={id}&k={key}&r={receipt}", "api_key", "k=1"},
			status: 200, answer: `whatever`, id: "o%1",
			want: asked{Method: "POST", Path: "/x", Type: form, Values: url.Values{"n": {atSender}, "m": {"a&b"}, "i": {"o%1"}, "k": {"k=1"}, "r": {hook}}}},
		"custom JSON": {preset: "custom", text: "line\n\"two\" {to}", path: "/x", settings: []string{"fields", "from=f text=t", "send_body", `{"n":["{to}"],"m":"{text}"}`, "send_id", "result.id"},
			status: 201, answer: `{"result":{"id":77}}`, id: "77",
			want: asked{Method: "POST", Path: "/x", Type: "application/json", Values: url.Values{}, Body: `{"n":["+254700000003"],"m":"line\n\"two\" {to}"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			server, got := gatewayPlayer(t, tc.status, tc.answer)
			id, err := sendThrough(t, gateConfig(tc.preset, "", append(tc.settings, "api_url", server.URL+tc.path)...), tc.text)
			if err != nil || id != tc.id {
				t.Fatalf("%q, %v", id, err)
			}
			if diff := cmp.Diff(tc.want, *got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// The URL that Kannel is told to report to is accepted when it does, with the
// product's own secret too.
func TestGatewayReceiptComesBack(t *testing.T) {
	for _, own := range []string{"", "s3cret+&%"} {
		server, got := gatewayPlayer(t, 202, "0: Accepted for delivery")
		c := gateConfig("kannel", own, "username", "onyo", "password", "pw", "api_url", server.URL)
		if _, err := sendThrough(t, c, "x"); err != nil {
			t.Fatal(err)
		}
		filled := strings.NewReplacer("%%", "%", "%d", "1").Replace(got.Values.Get("dlr-url"))
		at, err := url.Parse(filled)
		if err != nil {
			t.Fatal(err)
		}
		x := getting(at.RawQuery)
		x.PathSecret = strings.TrimPrefix(strings.TrimPrefix(at.Path, "/hooks/phone"), "/")
		m := received(t, sms.Gateway(), gate(t, c), x)
		if len(m) != 1 || m[0].Status == nil || m[0].Status.Of != "o%1" || m[0].Status.State != channels.Delivered {
			t.Errorf("%q: read as %v", own, m)
		}
	}
}

func TestGatewaySendErrors(t *testing.T) {
	kannel := []string{"username", "onyo", "password", "pw-" + gateKey}
	jasmin := kannel
	for name, tc := range map[string]struct {
		preset   string
		settings []string
		status   int
		body     string
		header   []string
		reason   error
		code     string
		after    time.Duration
	}{
		"kannel's password": {"kannel", kannel, 403, "Authorization failed for sendsms", nil, channels.ErrTemporary, "http_403", 0},
		"kannel's no":       {"kannel", kannel, 400, "Wrong sender", nil, channels.ErrPermanent, "http_400", 0},
		"kannel is busy":    {"kannel", kannel, 503, "Temporal failure, try again later.", nil, channels.ErrTemporary, "http_503", 0},
		"jasmin has no way": {"jasmin", jasmin, 412, `Error "No route found"`, nil, channels.ErrPermanent, "http_412", 0},
		"jasmin fails":      {"jasmin", jasmin, 500, `Error "Cannot send submit_sm"`, nil, channels.ErrTemporary, "http_500", 0},
		"jasmin says else":  {"jasmin", jasmin, 200, `<html>`, nil, channels.ErrTemporary, "unreadable", 0},
		"httpsms' quota":    {"httpsms", []string{"api_key", "k", "from", "+254700000001"}, 402, `{}`, nil, channels.ErrTemporary, "http_402", 0},
		"httpsms' rate":     {"httpsms", []string{"api_key", "k", "from", "+254700000001"}, 429, `{}`, []string{"Retry-After", "30"}, channels.ErrThrottled, "http_429", 30 * time.Second},
		"httpsms' no":       {"httpsms", []string{"api_key", "k", "from", "+254700000001"}, 422, `{}`, nil, channels.ErrPermanent, "http_422", 0},
		"httpsms says else": {"httpsms", []string{"api_key", "k", "from", "+254700000001"}, 200, `<html>`, nil, channels.ErrTemporary, "unreadable", 0},
		"httpsms fails":     {"httpsms", []string{"api_key", "k", "from", "+254700000001"}, 200, `{"status":"error"}`, nil, channels.ErrTemporary, "unreadable", 0},
		"no key":            {"httpsms", nil, 200, ``, nil, channels.ErrPermanent, "no_api_key", 0},
		"no number":         {"httpsms", []string{"api_key", "k"}, 200, ``, nil, channels.ErrPermanent, "no_from", 0},
		"no password":       {"kannel", []string{"username", "onyo"}, 200, ``, nil, channels.ErrPermanent, "no_password", 0},
		"no template":       {"custom", []string{"fields", "from=f text=t"}, 200, ``, nil, channels.ErrPermanent, "no_send_body", 0},
		"it comes and asks": {"smssync", nil, 200, ``, nil, channels.ErrCollected, "collected", 0},
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := gatewayPlayer(t, tc.status, tc.body+atSender, tc.header...)
			_, err := sendThrough(t, gateConfig(tc.preset, "", append(tc.settings, "api_url", server.URL)...), "x")
			var got *channels.SendError
			if !errors.As(err, &got) || !errors.Is(err, tc.reason) || got.Code != tc.code || got.RetryAfter != tc.after {
				t.Fatalf("got %v, want %v (%s)", err, tc.reason, tc.code)
			}
			if strings.Contains(err.Error(), atSender) || strings.Contains(err.Error(), gateKey) {
				t.Fatal("the error names the recipient or a secret")
			}
		})
	}
	if _, err := sendThrough(t, gateConfig("kannel", "", kannel...), "x"); !errors.Is(err, channels.ErrPermanent) {
		t.Errorf("without api_url: %v", err)
	}
	server, _ := gatewayPlayer(t, 200, "")
	server.Close()
	if _, err := sendThrough(t, gateConfig("kannel", "", append(kannel, "api_url", server.URL)...), "x"); !errors.Is(err, channels.ErrTemporary) || strings.Contains(err.Error(), gateKey) {
		t.Errorf("without a network: %v", err)
	}
}

func TestGatewayTests(t *testing.T) {
	for name, tc := range map[string]struct {
		preset     string
		settings   []string
		path       string
		status     int
		good       bool
		askedPath  string
		askedQuery url.Values
	}{
		"httpsms":           {"httpsms", []string{"api_key", "k", "from", "+1"}, "/v1/messages/send", 200, true, "/v1/phones", url.Values{"limit": {"1"}}},
		"httpsms, no":       {"httpsms", []string{"api_key", "k", "from", "+1"}, "/v1/messages/send", 401, false, "/v1/phones", url.Values{"limit": {"1"}}},
		"jasmin":            {"jasmin", []string{"username", "u", "password", "p"}, "/send", 200, true, "/balance", url.Values{"username": {"u"}, "password": {"p"}}},
		"kannel":            {"kannel", []string{"username", "u", "password", "p"}, "/cgi-bin/sendsms", 400, true, "/cgi-bin/sendsms", url.Values{"username": {"u"}, "password": {"p"}}},
		"kannel, no":        {"kannel", []string{"username", "u", "password", "p"}, "/cgi-bin/sendsms", 403, false, "/cgi-bin/sendsms", url.Values{"username": {"u"}, "password": {"p"}}},
		"kannel is down":    {"kannel", []string{"username", "u", "password", "p"}, "/cgi-bin/sendsms", 502, false, "/cgi-bin/sendsms", url.Values{"username": {"u"}, "password": {"p"}}},
		"only listens":      {"kannel", nil, "/", 200, false, "", nil},
		"smssync":           {"smssync", nil, "/", 200, false, "", nil},
		"custom":            {"custom", []string{"fields", "from=f text=t"}, "/", 200, false, "", nil},
		"frontline's cloud": {"frontlinesms", []string{"api_key", "k"}, "/", 200, false, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			server, got := gatewayPlayer(t, tc.status, "{}")
			c := gateConfig(tc.preset, "", append(tc.settings, "api_url", server.URL+tc.path)...)
			c.HTTP = http.DefaultClient
			err := gate(t, c).(channels.Tester).Test(t.Context())
			if (err == nil) != tc.good || got.Path != tc.askedPath {
				t.Fatalf("%v, asked %s", err, got.Path)
			}
			if diff := cmp.Diff(tc.askedQuery, got.Values); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// SMSSync's own conversation: it asks, says that it has them, asks which to report
// on, and reports.
func TestSMSSyncCollects(t *testing.T) {
	w := gate(t, gateConfig("smssync", gateKey))
	ask := func(x channels.Exchange) channels.Reception {
		t.Helper()
		got, err := sms.Gateway().Receive(t.Context(), w, x)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	waiting := []channels.Outbound{{ID: "o1", To: channels.Address{Scheme: "tel", Value: atSender}, Text: "Asante"},
		{ID: "o2", To: channels.Address{Scheme: "tel", Value: "+254700000004"}, Text: "Merci \"bien\""}}

	send := ask(asks("send"))
	if send.Collect == nil || send.Collect.Awaited || len(send.Messages) != 0 {
		t.Fatal("nothing is collected")
	}
	var handed struct {
		Payload struct {
			Task, Secret string
			Messages     []map[string]string
		}
	}
	if err := json.Unmarshal(send.Collect.Answer(waiting).Body, &handed); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"to": atSender, "message": "Asante", "uuid": "o1"}, {"to": "+254700000004", "message": "Merci \"bien\"", "uuid": "o2"}}
	if diff := cmp.Diff(want, handed.Payload.Messages); diff != "" || handed.Payload.Task != "send" || handed.Payload.Secret != gateKey {
		t.Fatalf("handed over %+v\n%s", handed, diff)
	}
	if got := string(send.Collect.Answer(nil).Body); !strings.Contains(got, `"messages":[]`) {
		t.Errorf("with nothing waiting: %s", got)
	}

	posted := func(task, query, body string) channels.Exchange {
		x := posting("application/json; charset=utf-8", body)
		x.Query = "task=" + task + query
		return x
	}
	sent := posted("sent", "", `{"queued_messages":["o1","o2"]}`)
	if _, err := sms.Gateway().Receive(t.Context(), w, sent); err == nil {
		t.Fatal("a receipt without any proof is taken")
	}
	taken := ask(gated(atPath)(sent)) // the app sends no secret with this one: the path is its proof
	if got := string(taken.Answer.Body); got != `{"message_uuids":["o1","o2"]}` {
		t.Errorf("answered %s", got)
	}
	result := ask(asks("result"))
	if result.Collect == nil || !result.Collect.Awaited || string(result.Collect.Answer(waiting).Body) != `{"message_uuids":["o1","o2"]}` {
		t.Error("it is not told on what to report")
	}
	reports := `[{"uuid":"o1","sent_result_code":0,"sent_result_message":"SMSSync Message Sent","delivered_result_code":0,"delivered_result_message":"SMS Delivered"},
		{"uuid":"o2","sent_result_code":1,"sent_result_message":"Failed","delivered_result_code":-1,"delivered_result_message":""},
		{"uuid":"o3","delivered_result_code":0},{"uuid":"o4","sent_result_code":0,"delivered_result_code":3,"delivered_result_message":"no"}]`
	inString, _ := json.Marshal(reports)
	for _, body := range []string{`{"message_result":` + reports + `}`, `{"message_result":` + string(inString) + `}`} {
		x := posted("result", "&secret="+gateKey, body)
		states := map[string]channels.DeliveryState{}
		for _, m := range received(t, sms.Gateway(), w, x) {
			states[m.Status.Of] = m.Status.State
		}
		want := map[string]channels.DeliveryState{"o1": channels.Delivered, "o2": channels.Undelivered, "o3": channels.SentOn, "o4": channels.Undelivered}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Error(diff)
		}
	}
}

// The URL came in a message: only the gateway's own API gets the key.
func TestGatewayMediaRequest(t *testing.T) {
	x := posting("application/json", `{"type":"message.phone.received","data":{"message_id":"m1","contact":"`+atSender+`","content":"STOP","attachments":["https://api.httpsms.com/v1/attachments/u/m1/0/a.jpg","https://evil.example/a"]}}`)
	m := received(t, sms.Gateway(), gate(t, gateConfig("httpsms", "")), gated(atPath)(x))[0]
	if len(m.Media) != 2 || m.Media[0].Ref != "m1/0" || m.Nature != channels.Report {
		t.Fatalf("read as %v with %d media", m, len(m.Media))
	}
	fetch := func(c channels.Config, at string) error {
		request, err := gate(t, c).(channels.Fetcher).MediaRequest(context.Background(), channels.Media{URL: at})
		if err == nil && request.Header.Get("x-api-key") != "k" {
			t.Errorf("%s: without the key", at)
		}
		return err
	}
	own := gateConfig("httpsms", "", "api_key", "k", "api_url", "http://10.0.0.5:8000/v1/messages/send")
	cloud := gateConfig("httpsms", "", "api_key", "k")
	for at, good := range map[string]bool{m.Media[0].URL: true, m.Media[1].URL: false, "http://api.httpsms.com/a": false,
		"https://api.httpsms.com:444/a": false, "https://u@api.httpsms.com/a": false, "https://api.httpsms.com.evil.example/a": false, "": false, "/a": false} {
		if err := fetch(cloud, at); (err == nil) != good {
			t.Errorf("%q: %v", at, err)
		}
	}
	if fetch(own, "http://10.0.0.5:8000/v1/attachments/a") != nil || fetch(own, m.Media[0].URL) == nil {
		t.Error("an own server's media")
	}
	if fetch(gateConfig("kannel", "", "api_url", "http://10.0.0.5/"), "http://10.0.0.5/a") == nil {
		t.Error("Kannel has no media")
	}
}

func TestGatewaySettings(t *testing.T) {
	kind := sms.Gateway()
	for name, tc := range map[string]struct {
		key, value string
		good       bool
	}{
		"preset":            {"preset", "smssync", true},
		"unknown preset":    {"preset", "pigeon", false},
		"fields":            {"fields", "from=a, text=b", true},
		"a thing twice":     {"fields", "from=a from=b", false},
		"unknown thing":     {"fields", "form=a", false},
		"no pair":           {"fields", "from", false},
		"of which":          {"fields", "status=s", false},
		"template":          {"send_body", "to={to}&text={text}", true},
		"JSON template":     {"send_body", `{"to":"{to}","text":"{text}"}`, true},
		"broken template":   {"send_body", `{"to":{to},"text":"{text}"}`, false},
		"template, no text": {"send_body", "to={to}", false},
		"url":               {"api_url", "http://192.168.1.5:13013/cgi-bin/sendsms", true},
		"half url":          {"api_url", "192.168.1.5:13013", false},
	} {
		values := map[string]string{"preset": "custom"}
		values[tc.key] = tc.value
		if err := kind.Check(values); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]channels.Config{
		"no preset":          gateConfig("", ""),
		"custom, no fields":  gateConfig("custom", ""),
		"custom, no text":    gateConfig("custom", "", "fields", "from=a"),
		"secret without key": gateConfig("custom", gateKey, "fields", "from=a text=b"),
	} {
		if _, err := kind.New(c); err == nil || strings.Contains(err.Error(), gateKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
