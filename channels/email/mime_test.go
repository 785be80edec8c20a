package email

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/onyo-project/onyo/channels"
)

// head is the header of every mail here.
const head = "From: Amina <Amina@Mail.Example>\nTo: Reports <reports@example.org>\nMessage-ID: <m1@mail.example>\nDate: Mon, 2 Mar 2026 10:00:00 +0300\n"

func standard() rules { return rulesOf(nil) }

// reading is what a mail of these fields and this body says.
func reading(fields, body string) channels.Message {
	message, _ := parseMail([]byte(head+fields+"\n"+body), nil, standard())
	return message
}

func TestMailIsAMessage(t *testing.T) {
	got, why := parseMail([]byte(head+"Subject: =?utf-8?q?Flood_in_Sector_4?=\nReply-To: mother@mail.example\nIn-Reply-To: <o2@onyo.example>\nReferences: <o1@onyo.example>\n <o2@onyo.example>\n"+
		"Content-Type: text/plain; charset=utf-8\n\nThe bridge is gone.\n"), map[string]string{"dkim": "pass"}, standard())
	want := channels.Message{ProviderID: got.ProviderID, Alias: "m1@mail.example", Nature: channels.Report,
		From: channels.Address{Scheme: "mailto", Value: "amina@mail.example"}, To: channels.Address{Scheme: "mailto", Value: "reports@example.org"},
		At: time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC), Text: "The bridge is gone.", Contact: "mother@mail.example",
		ReplyTo: "o2@onyo.example", Thread: "o1@onyo.example", Checks: map[string]string{"dkim": "pass"}}
	if diff := cmp.Diff(want, got); diff != "" || why != "" {
		t.Fatal(diff, why)
	}
	if messageIDOf(got.ProviderID) != "m1@mail.example" {
		t.Errorf("the Message-ID of %s is %q", got.ProviderID, messageIDOf(got.ProviderID))
	}
}

// A mail is the same however it travelled, and another when it says something
// else, also under the same Message-ID: senders use them again.
func TestMailIdentity(t *testing.T) {
	body := "Water rises."
	first := reading("", body)
	for name, again := range map[string]channels.Message{
		"another way":      reading("Received: from a by b\nX-Spam-Score: 5\nDKIM-Signature: v=1\n", body),
		"encoded":          reading("Content-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte(body))),
		"in parts":         reading("Content-Type: multipart/mixed; boundary=x\n", "--x\n\n"+body+"\n--x--\n"),
		"another boundary": reading("Content-Type: multipart/mixed; boundary=yy\n", "--yy\n\n"+body+"\n--yy--\n"),
		"line ends":        reading("", "\n"+body+"\r\n\r\n"),
	} {
		if again.ProviderID != first.ProviderID || again.Digest() != first.Digest() {
			t.Errorf("%s: another message", name)
		}
	}
	if other := reading("", "Water falls."); other.ProviderID == first.ProviderID || other.Alias != first.Alias {
		t.Error("another text under the same Message-ID is not another message of the same name")
	}
	without := func(date, text string) string {
		message, _ := parseMail([]byte("From: a@b.example\nDate: "+date+"\n\n"+text), nil, standard())
		if messageIDOf(message.ProviderID) != "" {
			t.Errorf("%s: a Message-ID out of nothing", message.ProviderID)
		}
		return message.ProviderID
	}
	const monday, tuesday = "Mon, 2 Mar 2026 10:00:00 +0300", "Tue, 3 Mar 2026 10:00:00 +0300"
	if without(monday, "HELP") != without(monday, "HELP") || without(monday, "HELP") == without(tuesday, "HELP") || without(monday, "HELP") == without(monday, "Fire") {
		t.Error("mails without a Message-ID are told apart by their date and text")
	}
}

func TestSubjects(t *testing.T) {
	for name, tc := range map[string]struct{ fields, body, want string }{
		"says more":       {"Subject: Flooding in Sector 4\n", "Water rising fast.", "Flooding in Sector 4\n\nWater rising fast."},
		"says the same":   {"Subject: water  Rising\n", "Water rising fast.", "Water rising fast."},
		"alone":           {"Subject: Fire at the school\n", "", "Fire at the school"},
		"says nothing":    {"Subject: (no subject)\n", "Help", "Help"},
		"of a thread":     {"Subject: Re: Your message\n", "Still here", "Still here"},
		"of a thread, de": {"Subject: AW: AW: Your message\n", "Noch hier", "Noch hier"},
		"passed on":       {"Subject: Fwd: Fire at the school\n", "Look at this", "Fire at the school\n\nLook at this"},
		"words cut":       {"Subject: =?utf-8?b?5rSq?= =?utf-8?b?5rC0?=\n", "x", "洪水\n\nx"},
		"character cut":   {"Subject: =?utf-8?q?caf=C3?=\n =?utf-8?q?=A9?=\n", "x", "café\n\nx"},
		"not encoded":     {"Subject: caf\xe9 br\xfbl\xe9\n", "x", "café brûlé\n\nx"},
		"no such charset": {"Subject: =?nonsense?q?Feu?=\n", "x", "Feu\n\nx"},
		"no word":         {"Subject: 2 =? 3 =?x?y?\n", "x", "2 =? 3 =?x?y?\n\nx"},
	} {
		got := reading(tc.fields, tc.body)
		subject, text, both := strings.Cut(tc.want, "\n\n")
		if !both {
			subject, text = "", tc.want
		}
		if got.Subject != subject || got.Text != text {
			t.Errorf("%s: %q under %q, want %q", name, got.Text, got.Subject, tc.want)
		}
	}
}

// What people wrote can be read, whatever charset their program used, declared
// or declared wrongly.
func TestCharsets(t *testing.T) {
	const (
		german   = "Die Brücke über die Mühle ist zerstört, große Gefahr für Häuser."
		french   = "L'école a été inondée, les élèves sont réfugiés à l'église près du marché."
		russian  = "Наводнение в центре города, мост разрушен, люди на крышах домов."
		greek    = "Πλημμύρα στο κέντρο της πόλης, η γέφυρα έπεσε."
		arabic   = "الماء وصل إلى السوق القديم والجسر انهار"
		chinese  = "河水已经漫过大桥，我们在学校的屋顶上，请快来救我们。"
		taiwan   = "河水已經漫過大橋，我們在學校的屋頂上，請快來救我們。"
		japanes  = "橋が流されました。学校の屋上にいます。助けてください。"
		koreanT  = "강물이 다리를 넘었습니다. 우리는 학교 지붕 위에 있습니다."
		ukrainia = "Будинок зруйновано, під завалами люди."
	)
	in := func(e encoding.Encoding, text string) string {
		out, err := e.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, tc := range map[string]struct{ charset, body, want string }{
		"utf-8":                     {"utf-8", russian, russian},
		"utf-8 with mark":           {"utf-8", "\ufeff" + russian, russian},
		"utf-8 said to be ascii":    {"us-ascii", russian, russian},
		"utf-8 said to be latin":    {"iso-8859-1", "Café de l'été à Évreux", "Café de l'été à Évreux"},
		"utf-8 said to be koi8-r":   {"koi8-r", russian, russian},
		"utf-8 said to be gbk":      {"gbk", chinese, chinese},
		"utf-8 undeclared":          {"", "🚨 " + arabic, "🚨 " + arabic},
		"utf-8 with a broken byte":  {"utf-8", "Пожар\xff здесь", "Пожар\uFFFD здесь"},
		"latin-1":                   {"iso-8859-1", in(charmap.ISO8859_1, german), german},
		"latin-1 undeclared":        {"", in(charmap.ISO8859_1, german), german},
		"latin-1 said to be utf-8":  {"utf-8", in(charmap.ISO8859_1, french), french},
		"latin-1 said to be ascii":  {"us-ascii", in(charmap.ISO8859_1, french), french},
		"latin-2":                   {"iso-8859-2", in(charmap.ISO8859_2, "Povodeň ničí střed města"), "Povodeň ničí střed města"},
		"latin-9 euro":              {"iso-8859-15", "50\xa4", "50€"},
		"windows quotes as latin-1": {"iso-8859-1", "\x93now\x94", "“now”"},
		"koi8-r":                    {"koi8-r", in(charmap.KOI8R, russian), russian},
		"koi8-r undeclared":         {"", in(charmap.KOI8R, russian), russian},
		"koi8-u":                    {"koi8-u", in(charmap.KOI8U, ukrainia), ukrainia},
		"cp1251":                    {"cp1251", in(charmap.Windows1251, russian), russian},
		"windows-1251 undeclared":   {"x-unknown", in(charmap.Windows1251, russian), russian},
		"cp866":                     {"cp866", in(charmap.CodePage866, russian), russian},
		"greek":                     {"windows-1253", in(charmap.Windows1253, greek), greek},
		"arabic":                    {"windows-1256", in(charmap.Windows1256, arabic), arabic},
		"arabic undeclared":         {"", in(charmap.Windows1256, arabic), arabic},
		"gb2312":                    {"gb2312", in(simplifiedchinese.GBK, chinese), chinese},
		"gbk undeclared":            {"", in(simplifiedchinese.GBK, chinese), chinese},
		"gb18030":                   {"gb18030", in(simplifiedchinese.GB18030, chinese), chinese},
		"hz":                        {"hz-gb-2312", in(simplifiedchinese.HZGB2312, chinese), chinese},
		"big5":                      {"big5", in(traditionalchinese.Big5, taiwan), taiwan},
		"big5 undeclared":           {"", in(traditionalchinese.Big5, taiwan), taiwan},
		"iso-2022-jp":               {"iso-2022-jp", in(japanese.ISO2022JP, japanes), japanes},
		"iso-2022-jp undeclared":    {"", in(japanese.ISO2022JP, japanes), japanes},
		"shift_jis":                 {"shift_jis", in(japanese.ShiftJIS, japanes), japanes},
		"shift_jis undeclared":      {"", in(japanese.ShiftJIS, japanes), japanes},
		"euc-jp undeclared":         {"", in(japanese.EUCJP, japanes), japanes},
		"euc-kr":                    {"ks_c_5601-1987", in(korean.EUCKR, koreanT), koreanT},
		"euc-kr undeclared":         {"", in(korean.EUCKR, koreanT), koreanT},
		"utf-16":                    {"utf-16", in(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), greek), greek},
		"utf-7":                     {"utf-7", "Hi Mom -+Jjo--! 1 +- 1 = 2, +ZeVnLIqe-", "Hi Mom -☺-! 1 + 1 = 2, 日本語"},
		"charset in its own value":  {"charset=utf-8", greek, greek},
		"no such charset":           {"fakescii-7", "plain", "plain"},
		"nul":                       {"utf-8", "a\x00b", "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			encoded := base64.StdEncoding.EncodeToString([]byte(tc.body))
			fields := "Content-Transfer-Encoding: base64\nContent-Type: text/plain"
			if tc.charset != "" {
				fields += `; charset="` + tc.charset + `"`
			}
			if got := reading(fields+"\n", encoded).Text; got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// parts makes a multipart of bodies that have headers of their own.
func parts(kind string, bodies ...string) (fields, body string) {
	for _, one := range bodies {
		body += "--edge-" + kind + "\n" + one + "\n"
	}
	return "Content-Type: multipart/" + kind + "; boundary=edge-" + kind + "\n", "This is a mail in many parts.\n" + body + "--edge-" + kind + "--\nfoot\n"
}

func TestParts(t *testing.T) {
	const plain, page = "Content-Type: text/plain\n\nPlain words", "Content-Type: text/html\n\n<p>Page <b>words</b></p>"
	picture := "Content-Type: image/jpeg; name=a.jpg\nContent-Transfer-Encoding: base64\n\n/9j/4AAQ"
	inner := func(kind string, bodies ...string) string {
		fields, body := parts(kind, bodies...)
		return fields + "\n" + body
	}
	for name, tc := range map[string]struct {
		kind   string
		bodies []string
		text   string
		files  []string
	}{
		"alternative":          {"alternative", []string{plain, page}, "Plain words", nil},
		"only a page":          {"alternative", []string{page}, "Page words", nil},
		"empty beside a page":  {"alternative", []string{"Content-Type: text/plain\n\n \n", page}, "Page words", nil},
		"words between images": {"mixed", []string{plain, picture, "Content-Type: text/plain\n\nMore words", picture}, "Plain words\n\nMore words", []string{"a.jpg", "a.jpg"}},
		"inline picture":       {"alternative", []string{plain, inner("related", page, "Content-ID: <1>\n"+picture)}, "Plain words", []string{"a.jpg"}},
		"signed":               {"signed", []string{plain, "Content-Type: application/pgp-signature; name=s.asc\n\nxx"}, "Plain words", nil},
		"passed on whole":      {"mixed", []string{"Content-Type: text/plain\n\nSee below", "Content-Type: message/rfc822\n\nSubject: Fire\nFrom: b@b.example\n\nAt the mill"}, "See below\n\nFire\n\nAt the mill", nil},
		"passed on in base64": {"mixed", []string{"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("Subject: Fire\n\nAt the mill"))}, "Fire\n\nAt the mill", nil},
		"calendar": {"mixed", []string{plain, "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR"}, "Plain words\n\n[Left out: a calendar invitation]", nil},
		"tnef": {"mixed", []string{plain, "Content-Type: application/octet-stream; name=winmail.dat\n\nx"},
			"Plain words\n\n[Left out: winmail.dat, a file that only Outlook reads]", nil},
		"encrypted": {"encrypted", []string{"Content-Type: application/pgp-encrypted\n\nVersion: 1", "Content-Type: application/octet-stream; name=m.asc\n\nxx"},
			"[This mail is encrypted; Onyo cannot read it]", []string{"m.asc"}},
		"text as a file": {"mixed", []string{"Content-Type: text/plain; name=text_0.txt\nContent-Disposition: attachment; filename=text_0.txt\n\nWords of a picture message", picture},
			"Words of a picture message", []string{"text_0.txt", "a.jpg"}},
		"file beside words": {"mixed", []string{plain, "Content-Type: text/plain\nContent-Disposition: attachment; filename=l.txt\n\nlog"}, "Plain words", []string{"l.txt"}},
		"names":             {"mixed", []string{"Content-Type: image/png; name*=utf-8''caf%C3%A9.png\n\nx", "Content-Type: image/png\nContent-Disposition: attachment; filename*0=ab; filename*1=cd.png\n\nx", "Content-Type: image/png; name=\"=?utf-8?b?5rSq5rC0LnBuZw==?=\"\n\nx"}, "", []string{"café.png", "abcd.png", "洪水.png"}},
		"same boundary":     {"mixed", []string{"Content-Type: multipart/alternative; boundary=edge-mixed\n", plain, picture}, "Plain words", []string{"a.jpg"}},
		"binary as text":    {"mixed", []string{"Content-Type: text/plain; name=x.bin\nContent-Transfer-Encoding: base64\n\nAAECAwQFBgcICQ=="}, "", []string{"x.bin"}},
	} {
		t.Run(name, func(t *testing.T) {
			fields, body := parts(tc.kind, tc.bodies...)
			got := reading(fields, body)
			var files []string
			for i, media := range got.Media {
				files = append(files, media.Name)
				if media.Ref != fmt.Sprintf("%s/%d", got.ProviderID, i) || len(media.Bytes) == 0 || media.Digest == [32]byte{} {
					t.Errorf("media %d lacks reference, bytes or digest", i)
				}
			}
			if got.Text != tc.text || !cmp.Equal(files, tc.files) {
				t.Errorf("says %q with %q, want %q with %q", got.Text, files, tc.text, tc.files)
			}
		})
	}
}

func TestHTML(t *testing.T) {
	for name, tc := range map[string]struct{ page, want string }{
		"paragraphs": {"<html><head><title>no</title><style>p{}</style></head><body><p>One</p><p>Two<br>Three</p><script>x()</script></body></html>", "One\n\nTwo\nThree"},
		"spaces":     {"<div>a  b\n c&nbsp;d</div><div>e</div>", "a b c d\ne"},
		"list":       {"<ul><li>food</li><li>water</li></ul>", "- food\n- water"},
		"table":      {"<table><tr><td>Name</td><td>Amina</td></tr><tr><td>Place</td><td>Mill</td></tr></table>", "Name Amina\nPlace Mill"},
		"quotation":  {"Yes<blockquote>Are you <blockquote>safe</blockquote></blockquote>", "Yes\n> Are you\n>> safe"},
		"link":       {`See <a href="https://maps.example/?q=-1.3,36.8">this place</a>!`, "See this place (https://maps.example/?q=-1.3,36.8)!"},
		"bare link":  {`<a href="https://maps.example/">maps.example</a>`, "maps.example"},
		"no link":    {`<a href="javascript:alert(1)">press</a> <a href="mailto:a@b.example">a</a>`, "press a"},
		"entities":   {"5 &lt; 6 &amp; &eacute;&#128680;", "5 < 6 & é🚨"},
		"pre":        {"<pre>a\n  b</pre>", "a\n  b"},
		"broken":     {"<p>open <b>bold <i>both</p> <div", "open bold both"},
		"comment":    {"a<!-- no -->b<![CDATA[c]]>", "ab"},
	} {
		if got := htmlText(tc.page); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestEncodings(t *testing.T) {
	for name, tc := range map[string]struct{ encoding, body, want string }{
		"soft break":        {"quoted-printable", "one =\ntwo=20\nthree", "one two \nthree"},
		"bad escapes":       {"quoted-printable", "100=% a=zz =", "100=% a=zz "},
		"base64 in pieces":  {"BASE64", "SGVs\nbG8=\nIQ==", "Hello!"},
		"base64 cut":        {"base64", "SGVsbG8gd29ybG", "Hello worl"},
		"not base64":        {"base64", "We are on the roof of the school, please help us now.", "We are on the roof of the school, please help us now."},
		"unknown":           {"base9000", "as it is", "as it is"},
		"flowed":            {"7bit\nContent-Type: text/plain; format=flowed", "Water at the \nbridge.\n From here", "Water at the bridge.\nFrom here"},
		"flowed, deleted":   {"7bit\nContent-Type: text/plain; format=flowed; delsp=yes", "日本 \n語", "日本語"},
		"flowed, signature": {"7bit\nContent-Type: text/plain; format=flowed", "Water. \n-- \nAmina", "Water."},
	} {
		if got := reading("Content-Transfer-Encoding: "+tc.encoding+"\n", tc.body).Text; got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// What machines write is kept and is no report.
func TestNatures(t *testing.T) {
	bounce, bounced := parts("report", "Content-Type: text/plain\n\nSorry", "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1 (no such user)\n",
		"Content-Type: text/rfc822-headers\n\nMessage-ID: <o7@onyo.example>\nX-Onyo: 1")
	read, seen := parts("report", "Content-Type: text/plain\n\nRead", "Content-Type: message/disposition-notification\n\nOriginal-Message-ID: <o7@onyo.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n")
	nameless, lost := parts("report", "Content-Type: text/plain\n\nSorry", "Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.0.0\n")
	for name, tc := range map[string]struct {
		fields, body string
		nature       channels.Nature
		why          string
		status       *channels.Status
	}{
		"a person":        {"Auto-Submitted: no\n", "Help", channels.Report, "", nil},
		"away":            {"Auto-Submitted: auto-replied\n", "I am away", channels.Other, "auto_reply", nil},
		"away, old style": {"Precedence: auto_reply\n", "I am away", channels.Other, "auto_reply", nil},
		"away, Outlook":   {"X-Auto-Response-Suppress: All\nIn-Reply-To: <o7@onyo.example>\n", "I am away", channels.Other, "auto_reply", nil},
		"suppressing":     {"X-Auto-Response-Suppress: All\n", "Help", channels.Report, "", nil},
		"list":            {"List-Id: <a.example>\n", "Help", channels.Other, "list", nil},
		"bulk":            {"Precedence: bulk\n", "Buy", channels.Other, "list", nil},
		"our own":         {"X-Onyo: 1\n", "Thank you", channels.Other, "loop", nil},
		"no return":       {"Return-Path: <>\n", "Your mail", channels.Other, "bounce", nil},
		"bounce":          {bounce, bounced, channels.Delivery, "", &channels.Status{Of: "o7@onyo.example", State: channels.Undelivered, Code: "5.1.1"}},
		"read receipt":    {read, seen, channels.Delivery, "", &channels.Status{Of: "o7@onyo.example", State: channels.Read}},
		"bounce of what":  {nameless, lost, channels.Other, "bounce", nil},
		"stop":            {"", "STOP", channels.Stop, "", nil},
		"stop in subject": {"Subject: Unsubscribe\n", "", channels.Stop, "", nil},
		"stop, answered":  {"Subject: Re: Your message\nIn-Reply-To: <o7@onyo.example>\n", "Stop.\n\nOn Mon, 2 Mar 2026, Onyo <r@example.org> wrote:\n> Thank you\n", channels.Stop, "", nil},
		"start":           {"", "start", channels.Start, "", nil},
		"stop and more":   {"Subject: Flood\n", "stop", channels.Report, "", nil},
		"stop the water":  {"", "stop the water at the bridge", channels.Report, "", nil},
	} {
		message, why := parseMail([]byte(head+tc.fields+"\n"+tc.body), nil, standard())
		if message.Nature != tc.nature || why != tc.why || !cmp.Equal(message.Status, tc.status) {
			t.Errorf("%s: %s (%s) %v, want %s (%s) %v", name, message.Nature, why, message.Status, tc.nature, tc.why, tc.status)
		}
	}
	message, why := parseMail([]byte(head+"List-Id: <reports.example.org>\nPrecedence: list\n\nHelp"), nil, rulesOf(map[string]string{"lists": "take"}))
	if message.Nature != channels.Report || why != "" {
		t.Errorf("a list that is to be taken is %s (%s)", message.Nature, why)
	}
}

func TestAddresses(t *testing.T) {
	for field, want := range map[string]string{
		"Amina <A@B.example>": "a@b.example", "a@b.example (Amina)": "a@b.example", `"x, y" <a@b.example>, c@d.example`: "a@b.example",
		"Bob D <bob@extern> Bobby D <bobby@extern>": "bob@extern", "=?utf-8?q?=C3=A9?= <a@b.example>": "a@b.example",
		"=?nonsense?q?x?= <a@b.example>": "a@b.example", "<a@b.example": "a@b.example", "mail a@b.example now": "a@b.example",
		"undisclosed-recipients:;": "", "": "", "nobody": "", strings.Repeat("a", 300) + "@b.example": "", "иван@почта.рф": "иван@почта.рф",
	} {
		if got := addressOf(field); got.Value != want || (got.Scheme == "mailto") != (want != "") {
			t.Errorf("%q: %q, want %q", field, got.Value, want)
		}
	}
}

// At each limit all is there; one over it, the rest is left out and said so.
func TestLimits(t *testing.T) {
	pictures := func(n, size int) channels.Message {
		bodies := make([]string, n)
		for i := range bodies {
			bodies[i] = "Content-Type: image/png; name=" + fmt.Sprint(i) + "\n\n" + strings.Repeat("x", size)
		}
		return reading(parts("mixed", bodies...))
	}
	nested := func(depth int) channels.Message {
		body := "Content-Type: text/plain\n\nAt the bottom"
		for i := range depth {
			body = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s\n--b%d--", i, i, body, i)
		}
		fields, rest, _ := strings.Cut(body, "\n\n")
		return reading(fields+"\n", rest)
	}
	many := func(n int) channels.Message {
		bodies := make([]string, n)
		for i := range bodies {
			bodies[i] = "\nword"
		}
		return reading(parts("mixed", bodies...))
	}
	for name, tc := range map[string]struct {
		message channels.Message
		left    bool
		files   int
	}{
		"files":        {pictures(maxFiles, 9), false, maxFiles},
		"files + 1":    {pictures(maxFiles+1, 9), true, maxFiles},
		"a file":       {pictures(1, fileBytes), false, 1},
		"a file + 1":   {pictures(1, fileBytes+1), true, 0},
		"depth":        {nested(maxDepth), false, 0},
		"depth + 1":    {nested(maxDepth + 1), true, 0},
		"parts":        {many(maxParts - 1), false, 0}, // the mail itself is one
		"parts + 1":    {many(maxParts), true, 0},
		"a text":       {reading("", strings.Repeat("wort ", maxText/5)), false, 0},
		"a text + 1":   {reading("", strings.Repeat("é", maxText/2+1)), true, 0},
		"never closed": {reading("Content-Type: multipart/mixed; boundary=x\n", strings.Repeat("--x\n", 100_000)), true, 0},
	} {
		if left := strings.Contains(tc.message.Text, "[Left out"); left != tc.left || len(tc.message.Media) != tc.files {
			t.Errorf("%s: left out %t, %d files", name, left, len(tc.message.Media))
		}
		if len(tc.message.Text) > maxText+200 {
			t.Errorf("%s: %d bytes of text", name, len(tc.message.Text))
		}
	}
}

// Reading takes memory in proportion to the mail, whatever its shape.
func TestHostileMails(t *testing.T) {
	const size = 1 << 20
	for name, mail := range map[string]string{
		"nothing":        "",
		"colons":         strings.Repeat(":", size),
		"fields":         strings.Repeat("A:\n", size/3),
		"folds":          "A:" + strings.Repeat("\n x", size/3),
		"no fields":      "From: a@b.c\n" + strings.Repeat("x\n", size/2),
		"words":          "Subject: " + strings.Repeat("=?u?q?", size/6) + "\n\nx",
		"parameters":     "Content-Type: a/b; " + strings.Repeat("x*0*=y;", size/7) + "\n\nx",
		"boundaries":     "Content-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\n\n", size/5),
		"deep":           strings.Repeat("Content-Type: message/rfc822\n\n", size/30),
		"deep parts":     strings.Repeat("Content-Type: multipart/mixed; boundary=x\n\n--x\n", size/48),
		"quoted":         head + "In-Reply-To: <a@b>\n\n" + strings.Repeat("> x\n1 wrote:\n", size/13),
		"colon lines":    head + "\n" + strings.Repeat("From: 1 <a@b.c> wrote:\n", size/23),
		"html":           head + "Content-Type: text/html\n\n" + strings.Repeat("<blockquote>", size/12),
		"html text":      head + "Content-Type: text/html\n\n" + strings.Repeat("<a href='https://x'>", size/20),
		"escapes":        head + "Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=", size),
		"utf-7":          head + "Content-Type: text/plain; charset=utf-7\n\n" + strings.Repeat("+", size),
		"8 bit":          head + "\n" + strings.Repeat("\xff", size),
		"delivery":       "Content-Type: message/delivery-status\n\n" + strings.Repeat("a:b\n\n", size/5),
		"message-ids":    "References: " + strings.Repeat("<a@b>", size/5) + "\n\nx",
		"one long line":  head + "\n" + strings.Repeat("long ", size/5),
		"carriage":       strings.Repeat("\r", size),
		"flowed":         head + "Content-Type: text/plain; format=flowed\n\n" + strings.Repeat("> \n", size/3),
		"pre":            head + "Content-Type: text/html\n\n<pre>" + strings.Repeat("\n", size),
		"addresses":      "From: " + strings.Repeat("(", size) + "\n\nx",
		"charset labels": "Content-Type: text/plain; charset=\"" + strings.Repeat("x", size) + "\"\n\n\xff\xfe\xfd",
	} {
		var message channels.Message
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		message, _ = parseMail([]byte(mail), nil, standard())
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
			t.Errorf("%s: %d MiB allocated", name, allocated>>20)
		}
		if message.ProviderID == "" || bytes.ContainsRune([]byte(message.Text), 0) {
			t.Errorf("%s: not read", name)
		}
	}
}
