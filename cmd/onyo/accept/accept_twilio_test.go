package accept_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// vector is one request of Twilio's own helper libraries.
type vector struct {
	ID, URL, Body, Signature string
	Params                   map[string]any
	Valid                    bool
}

func (v vector) fields() url.Values {
	fields := url.Values{}
	for key, value := range v.Params {
		switch value := value.(type) {
		case string:
			fields.Add(key, value)
		case []any:
			for _, one := range value {
				fields.Add(key, one.(string))
			}
		}
	}
	return fields
}

// Every vector of Twilio's helper libraries goes the way of a real request:
// taken where it is valid, else refused and nothing stored.
func TestAcceptTwilioVectors(t *testing.T) {
	var file struct {
		Token   string `json:"auth_token"`
		Vectors []vector
	}
	data, err := os.ReadFile(testdata(t, "webhooks/twilio/signature_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 13 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	in := install(t, nil)
	in.start()
	in.setUp("open")
	admin := in.bearer(in.token("admin", "Adele"))
	for _, v := range file.Vectors {
		addTwilio(admin, "vector-"+v.ID, v.URL, file.Token)
	}
	for _, v := range file.Vectors {
		in.awaitHook("vector-" + v.ID)
	}
	// The invalid come first, while nothing else is going on.
	slices.SortStableFunc(file.Vectors, func(a, b vector) int {
		if a.Valid == b.Valid {
			return 0
		} else if b.Valid {
			return -1
		}
		return 1
	})
	admin.settled()
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			_, query, _ := strings.Cut(v.URL, "?")
			body, kind := v.Body, formType
			if body == "" {
				body = v.fields().Encode()
			}
			if strings.HasPrefix(body, "{") {
				kind = "application/json"
			}
			c := in.anyone()
			c.t = t
			request := c.request(http.MethodPost, "/hooks/vector-"+v.ID+"?"+query, kind, []byte(body))
			request.Header.Set("X-Twilio-Signature", v.Signature)
			before, a := admin.entries(), c.send(request)
			grew := admin.entries() - before
			if v.Valid && (a.status != http.StatusOK || grew == 0) {
				t.Errorf("a valid request: %d, %d entries more", a.status, grew)
			}
			if !v.Valid {
				refused(t, a)
				if grew != 0 {
					t.Errorf("refused, and yet %d entries more", grew)
				}
			}
		})
	}
}

// addTwilio adds a channel whose provider signs an exact URL.
func addTwilio(admin *caller, name, publicURL, token string) {
	admin.t.Helper()
	call[struct{}](admin, http.MethodPost, "/api/v1/admin/channels", map[string]any{"kind": "sms.twilio", "name": name,
		"settings": map[string]string{"account_sid": accountSID, "auth_token": token, "public_url": publicURL, "pull": "off"}}, http.StatusCreated)
}

// forgery is a request that must be refused; want is the signature that would
// have been right for it.
type forgery struct {
	request *http.Request
	want    []string
}

// forgeries are what somebody without the token may try, having seen genuine
// requests. Each differs in one thing from one that is taken.
func (p *phone) forgeries(genuine url.Values) map[string]forgery {
	body, right := genuine.Encode(), twilioSignature(p.token, p.signed, genuine)
	form := func(hook, body, signature string) forgery {
		request := p.request(http.MethodPost, hook, formType, []byte(body))
		if signature != "-" {
			request.Header.Set("X-Twilio-Signature", signature)
		}
		fields, _ := url.ParseQuery(body)
		_, query, asked := strings.Cut(hook, "?")
		signed := p.signed
		if asked {
			signed += "?" + query
		}
		return forgery{request, []string{right, twilioSignature(p.token, signed, fields)}}
	}
	with := func(f forgery, change func(*http.Request)) forgery {
		change(f.request)
		return f
	}
	altered := url.Values{}
	for key, values := range genuine {
		altered[key] = values
	}
	altered.Set("Body", "All is well, go home")
	elsewhere := "https://evil.example/hooks/twilio-main"
	text := []byte(`{"MessageSid":"SMforged","Body":"forged"}`)
	sum := sha256.Sum256(text)
	digest, wrong := "bodySHA256="+hex.EncodeToString(sum[:]), "bodySHA256="+strings.Repeat("0", 64)
	posted := func(query, signature string) forgery {
		f := form(p.hook+"?"+query, "", signature)
		f.request = p.request(http.MethodPost, p.hook+"?"+query, "application/json", text)
		f.request.Header.Set("X-Twilio-Signature", signature)
		f.want = []string{twilioSignature(p.token, p.signed+"?"+digest, nil)}
		return f
	}
	got := form(p.hook+"?"+body, "", twilioSignature(p.token, p.signed+"?"+body, nil))
	got.request.Method, got.want = http.MethodGet, got.want[:1]
	return map[string]forgery{
		"no signature":             form(p.hook, body, "-"),
		"empty signature":          form(p.hook, body, ""),
		"another token":            form(p.hook, body, twilioSignature("0"+p.token[1:], p.signed, genuine)),
		"hex instead of base64":    form(p.hook, body, hex.EncodeToString([]byte(right))),
		"signature given twice":    with(form(p.hook, body, right), func(r *http.Request) { r.Header.Add("X-Twilio-Signature", twilioSignature("x", p.signed, genuine)) }),
		"replay with another body": form(p.hook, altered.Encode(), right),
		"a field added":            form(p.hook, body+"&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fx", right),
		"a field given twice":      form(p.hook, body+"&Body=forged", right),
		"another channel's URL":    form(p.hook, body, twilioSignature(p.token, p.signed+"-2", genuine)),
		"a query added":            form(p.hook+"?a=1", body, right),
		"another scheme":           form(p.hook, body, twilioSignature(p.token, strings.Replace(p.signed, "http://", "https://", 1), genuine)),
		"a host from headers": with(form(p.hook, body, twilioSignature(p.token, elsewhere, genuine)), func(r *http.Request) {
			r.Host = "evil.example"
			r.Header.Set("X-Forwarded-Host", "evil.example")
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("Forwarded", "host=evil.example;proto=https")
		}),
		"JSON without a digest":   posted("a=1", twilioSignature(p.token, p.signed+"?a=1", nil)),
		"JSON of another digest":  posted(wrong, twilioSignature(p.token, p.signed+"?"+wrong, nil)),
		"JSON unsigned":           posted(digest, twilioSignature("x", p.signed+"?"+digest, nil)),
		"GET of a signed address": got,
	}
}

// Forged requests are refused and store nothing, and no answer gives away what
// would have been right. A true replay is told 200 and stores nothing new.
func TestAcceptTwilioForgeries(t *testing.T) {
	in := install(t, nil)
	in.start()
	in.setUp("open")
	admin := in.bearer(in.token("admin", "Adele"))
	addTwilio(admin, "twilio-main-2", in.url+"/hooks/twilio-main-2", authToken)
	in.awaitHook("twilio-main-2")
	p := in.phone("twilio-main")
	genuine := sms("SMgenuine", "+254700000002", "Flood at bridge")

	// Counting sees what is stored: a genuine message counts.
	before := admin.settled()
	p.text("SMgenuine", "+254700000002", "Flood at bridge")
	stored := admin.settled()
	if stored == before {
		t.Fatal("a genuine message left no entry in the ledger")
	}
	for name, f := range p.forgeries(genuine) {
		t.Run(name, func(t *testing.T) {
			a := p.send(f.request)
			refused(t, a)
			if grew := admin.entries() - stored; grew != 0 {
				t.Errorf("refused, and yet %d entries more", grew)
			}
			said := string(a.body)
			for key, values := range a.header {
				said += "\n" + key + ": " + strings.Join(values, ", ")
			}
			for _, right := range f.want {
				if strings.Contains(said, right) {
					t.Errorf("the answer gives away the right signature")
				}
			}
		})
	}
	for range 3 {
		if a := p.send(p.compose(genuine)); a.status != http.StatusOK {
			t.Errorf("a true replay: %d %s", a.status, a.body)
		}
	}
	if grew := admin.entries() - stored; grew != 0 {
		t.Errorf("three true replays: %d entries more", grew)
	}
	in.run("ledger", "verify")
}
