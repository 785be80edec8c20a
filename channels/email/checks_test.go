package email

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"
)

// zone answers as the DNS would, from a list of TXT records; what it has none
// for does not exist.
type zone struct {
	txt    map[string][]string
	fault  error // of the questions about names that hold faulty
	faulty string

	mu    sync.Mutex
	asked []string
}

func (z *zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	z.mu.Lock()
	z.asked = append(z.asked, name)
	z.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if z.fault != nil && strings.Contains(name, z.faulty) {
		return nil, z.fault
	}
	if found, ok := z.txt[strings.ToLower(strings.TrimSuffix(name, "."))]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z *zone) LookupMX(context.Context, string) ([]*net.MX, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

func (z *zone) LookupIPAddr(context.Context, string) ([]net.IPAddr, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

func (z *zone) LookupAddr(context.Context, string) ([]string, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

// keyOf is a domain's DKIM key in the tests.
func keyOf(domain string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, domain)
	return ed25519.NewKeyFromSeed(seed)
}

// world has an observer's domain with SPF, DKIM and DMARC, a stranger's, and
// others that lack something.
func world() *zone {
	z := &zone{txt: map[string][]string{
		"observer.example":        {"v=spf1 ip4:192.0.2.1 -all"},
		"stranger.example":        {"v=spf1 ip4:192.0.2.66 -all"},
		"_dmarc.observer.example": {"v=DMARC1; p=reject"},
		"_dmarc.stranger.example": {"v=DMARC1; p=none"},
		"_dmarc.strict.example":   {"v=DMARC1; p=reject; adkim=s; aspf=s"},
		"_dmarc.broken.example":   {"v=DMARC1; p=maybe"},
		"strict.example":          {"v=spf1 ip4:192.0.2.1 -all"},
		"mail.strict.example":     {"v=spf1 ip4:192.0.2.1 -all"},
		"_dmarc.a.github.io":      {"v=DMARC1; p=reject"},
		"gentle.example":          {"v=spf1 ~all"},
	}}
	for _, domain := range []string{"observer.example", "eu.observer.example", "stranger.example", "nopolicy.example",
		"strict.example", "mail.strict.example", "a.github.io", "b.github.io"} {
		public := keyOf(domain).Public().(ed25519.PublicKey)
		z.txt["s1._domainkey."+domain] = []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}
	}
	return z
}

const plainMail = "From: Amina <amina@%>\r\nTo: reports@example.org\r\nSubject: Bridge\r\n\r\nThe bridge is gone.\r\n"

func mailFrom(domain string) []byte { return []byte(strings.ReplaceAll(plainMail, "%", domain)) }

// signedBy is a mail with a domain's signature on top.
func signedBy(t testing.TB, domain string, raw []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{Domain: domain, Selector: "s1", Signer: keyOf(domain),
		HeaderKeys: []string{"From", "To", "Subject"}, HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestChecks(t *testing.T) {
	observer := mailFrom("observer.example")
	genuine := signedBy(t, "observer.example", observer)
	theirs := origin{Client: net.IPv4(192, 0, 2, 1), Helo: "mx.observer.example", From: "amina@observer.example"}
	strangers := origin{Client: net.IPv4(192, 0, 2, 66), Helo: "mx.stranger.example", From: "eve@stranger.example"}
	forged := slices.Concat([]byte("Authentication-Results: mx.example.org; dkim=pass header.d=observer.example; dmarc=pass\r\nReceived-SPF: pass\r\n"), observer)
	for name, tc := range map[string]struct {
		raw  []byte
		from origin
		want map[string]string
	}{
		"signed by the author's domain":          {genuine, origin{}, map[string]string{"dkim": "pass", "dmarc": "pass"}},
		"and sent from its server":               {genuine, theirs, map[string]string{"spf": "pass", "dkim": "pass", "dmarc": "pass"}},
		"forwarded by another server":            {genuine, strangers, map[string]string{"spf": "pass", "dkim": "pass", "dmarc": "pass"}},
		"sent from its server, not signed":       {observer, theirs, map[string]string{"spf": "pass", "dkim": "none", "dmarc": "pass"}},
		"neither":                                {observer, origin{}, map[string]string{"dkim": "none", "dmarc": "fail"}},
		"from a server it does not name":         {observer, origin{Client: net.IPv4(203, 0, 113, 9), From: "amina@observer.example"}, map[string]string{"spf": "fail", "dkim": "none", "dmarc": "fail"}},
		"forged, with results written in":        {forged, strangers, map[string]string{"spf": "pass", "dkim": "none", "dmarc": "fail"}},
		"forged, signed by the forger":           {signedBy(t, "stranger.example", forged), strangers, map[string]string{"spf": "pass", "dkim": "policy", "dmarc": "fail"}},
		"altered under way":                      {bytes.Replace(genuine, []byte("gone"), []byte("open"), 1), origin{}, map[string]string{"dkim": "fail", "dmarc": "fail"}},
		"a list's text below":                    {append(slices.Clone(genuine), "-- \r\nList\r\n"...), origin{}, map[string]string{"dkim": "fail", "dmarc": "fail"}},
		"another author on top":                  {append([]byte("From: chief@observer.example\r\n"), genuine...), origin{}, map[string]string{"dkim": "policy", "dmarc": "permerror"}},
		"another author at the bottom":           {bytes.Replace(genuine, []byte("Subject:"), []byte("From : chief@observer.example\r\nSubject:"), 1), origin{}, map[string]string{"dkim": "fail", "dmarc": "permerror"}},
		"author behind a bare line end":          {bytes.Replace(observer, []byte("Subject: Bridge"), []byte("Subject: Bridge\rFrom: chief@observer.example"), 1), theirs, map[string]string{"spf": "pass", "dkim": "none", "dmarc": "permerror"}},
		"another author above what is no header": {slices.Concat([]byte("From: chief@observer.example\r\n"), bytes.Repeat([]byte("junk\r\n"), 30), genuine), origin{}, map[string]string{"dkim": "policy", "dmarc": "permerror"}},
		"two authors in one field":               {bytes.Replace(observer, []byte("<amina@observer.example>"), []byte("<amina@observer.example>, eve@stranger.example"), 1), theirs, map[string]string{"spf": "pass", "dkim": "none", "dmarc": "permerror"}},
		"no author":                              {[]byte("Subject: x\r\n\r\ny"), origin{}, map[string]string{"dkim": "none", "dmarc": "permerror"}},
		"same organisation":                      {signedBy(t, "eu.observer.example", observer), origin{}, map[string]string{"dkim": "pass", "dmarc": "pass"}},
		"author of a part of the organisation":   {signedBy(t, "observer.example", mailFrom("field.observer.example")), origin{}, map[string]string{"dkim": "pass", "dmarc": "pass"}},
		"strict policy, same organisation":       {signedBy(t, "mail.strict.example", mailFrom("strict.example")), origin{Client: net.IPv4(192, 0, 2, 1), From: "a@mail.strict.example"}, map[string]string{"spf": "pass", "dkim": "pass", "dmarc": "fail"}},
		"strict policy, same domain":             {signedBy(t, "strict.example", mailFrom("strict.example")), origin{}, map[string]string{"dkim": "pass", "dmarc": "pass"}},
		"neighbours under a public suffix":       {signedBy(t, "b.github.io", mailFrom("a.github.io")), origin{}, map[string]string{"dkim": "policy", "dmarc": "fail"}},
		"no policy":                              {signedBy(t, "nopolicy.example", mailFrom("nopolicy.example")), origin{}, map[string]string{"dkim": "pass", "dmarc": "none"}},
		"unreadable policy":                      {mailFrom("broken.example"), origin{}, map[string]string{"dkim": "none", "dmarc": "permerror"}},
		"a bounce":                               {observer, origin{Client: net.IPv4(192, 0, 2, 1), Helo: "observer.example"}, map[string]string{"spf": "pass", "dkim": "none", "dmarc": "pass"}},
		"no name and no sender":                  {observer, origin{Client: net.IPv4(192, 0, 2, 1), Helo: "[192.0.2.1]"}, map[string]string{"spf": "none", "dkim": "none", "dmarc": "fail"}},
		"softly":                                 {observer, origin{Client: net.IPv4(192, 0, 2, 1), From: "a@gentle.example"}, map[string]string{"spf": "softfail", "dkim": "none", "dmarc": "fail"}},
		"signature of a key that is not there":   {bytes.Replace(genuine, []byte("s=s1"), []byte("s=s2"), 1), origin{}, map[string]string{"dkim": "permerror", "dmarc": "fail"}},
		"part of the body signed":                {bytes.Replace(genuine, []byte("s=s1"), []byte("l=5; s=s1"), 1), origin{}, map[string]string{"dkim": "fail", "dmarc": "fail"}},
		"no mail at all":                         {[]byte("\x00\xff"), origin{}, map[string]string{"dkim": "permerror", "dmarc": "permerror"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, checks(t.Context(), world(), tc.raw, tc.from)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the DNS does not tell now may be told later: no check has failed.
func TestChecksWithoutDNS(t *testing.T) {
	raw := signedBy(t, "observer.example", mailFrom("observer.example"))
	from := origin{Client: net.IPv4(192, 0, 2, 1), From: "amina@observer.example"}
	want := map[string]string{"spf": "temperror", "dkim": "temperror", "dmarc": "temperror"}
	broken := world()
	broken.fault = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	if diff := cmp.Diff(want, checks(t.Context(), broken, raw, from)); diff != "" {
		t.Error(diff)
	}
	// The policy is known, and the signature might have been in line with it.
	broken.faulty = "_domainkey"
	if diff := cmp.Diff(map[string]string{"dkim": "temperror", "dmarc": "temperror"}, checks(t.Context(), broken, raw, origin{})); diff != "" {
		t.Error(diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for check, result := range checks(ended, world(), raw, from) {
		if result == resultPass {
			t.Errorf("%s passes without an answer", check)
		}
	}
	if got := checks(t.Context(), nil, raw, from); got != nil {
		t.Errorf("without a resolver: %v", got)
	}
}

// A mail decides neither how much is asked nor about what that is no name.
func TestChecksAskLittle(t *testing.T) {
	z := world()
	raw := signedBy(t, "observer.example", mailFrom("observer.example"))
	header, _, _ := bytes.Cut(raw, []byte("From: "))
	odd := bytes.ReplaceAll(header, []byte("d=observer.example"), []byte("d=observer.example/../x y\t\"..example"))
	checks(t.Context(), z, slices.Concat(odd, bytes.Repeat(header, 200), raw), origin{})
	if len(z.asked) > maxSignatures+2 {
		t.Errorf("asked %d times", len(z.asked))
	}
	for _, name := range z.asked {
		if !plausible(name) {
			t.Errorf("asked about %q", name)
		}
	}
}

func FuzzChecks(f *testing.F) {
	genuine := signedBy(f, "observer.example", mailFrom("observer.example"))
	f.Add(genuine, "mx.observer.example", "amina@observer.example")
	f.Add(signedBy(f, "stranger.example", genuine), "", "")
	f.Add([]byte("DKIM-Signature: v=1; a=ed25519-sha256; d=; s=; h=from; bh=; b=;;=\r\nFrom: =?x?Q?=00?= <a@xn--0.example>\r\n\r\n"), "[::1]", "@")
	f.Add([]byte("From: a@observer.example\n b@c\r\r\nfrom : x\n\n"), "%{i}", "\"a@b\"@c")
	known := []string{"", "none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"}
	f.Fuzz(func(t *testing.T, raw []byte, helo, from string) {
		got := checks(t.Context(), world(), raw, origin{Client: net.IPv4(203, 0, 113, 9), Helo: helo, From: from})
		for check, result := range got {
			if !slices.Contains(known, result) {
				t.Errorf("%s is %q", check, result)
			}
		}
		// Nobody can sign for these domains here, and the client is nobody's.
		if got["dmarc"] == resultPass && !bytes.Contains(raw, []byte("b=")) {
			t.Error("passes unsigned")
		}
	})
}
