package email

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

// FuzzMail: any bytes are one message with an id, clean text and bounded size,
// the same each time, also by way of storage.
func FuzzMail(f *testing.F) {
	f.Add([]byte("From: a@b.example\nSubject: =?utf-8?q?=C3=A9?=\nContent-Type: text/plain; charset=koi8-r\n\n\xc1\xc2"))
	f.Add([]byte("From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>a\n--x\nContent-Type: image/png; name*=utf-8''%41\nContent-Transfer-Encoding: base64\n\nAAAA\n--x--"))
	f.Add([]byte("Content-Type: multipart/report; boundary=x\n\n--x\n\n--x\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n\n--x\nContent-Type: message/rfc822\n\nMessage-ID: <a@b>\n\n--x--"))
	f.Add([]byte("Content-Type: text/plain; charset=utf-7; format=flowed\nIn-Reply-To: <a@b>\n\n+ZeU- \n> x\n-- \ny"))
	f.Add([]byte("From \n :\n\xff: \x00\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		box := postbox{rules: standard()}
		split := box.split(raw, map[string]string{"dkim": "none"}, map[string]string{envelopeFrom: ""})
		messages, err := box.Parse(split.Raw)
		if err != nil || len(messages) != 1 {
			t.Fatalf("%d messages: %v", len(messages), err)
		}
		m := messages[0]
		if m.ProviderID == "" || m.ProviderID != split.ProviderID || m.Digest() != split.Digest || m.Nature != split.Nature || m.From != split.From || m.Alias != split.Alias {
			t.Fatal("split and parse disagree")
		}
		for _, text := range []string{m.Text, m.Quoted, m.ProviderID, m.ReplyTo, m.Thread, m.From.Value, m.Contact} {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Fatalf("not clean: %q", text)
			}
		}
		if m.Nature == "" || m.Nature == channels.Unparsed || (m.Nature == channels.Other) != (split.Why != "") || len(m.Media) > maxFiles || len(m.Text) > 2*maxText {
			t.Fatalf("nature %s, %d media, %d bytes of text", m.Nature, len(m.Media), len(m.Text))
		}
		if again, _ := box.Parse(split.Raw); !reflect.DeepEqual(messages, again) {
			t.Fatal("a second parse differs")
		}
	})
}

// FuzzQuotes: no line is lost by folding.
func FuzzQuotes(f *testing.F) {
	f.Add("Here.\n\nOn Mon, 2 Mar 2026, Ana <a@b.example> wrote:\n> Where?\n\n-- \nJuma", true, false)
	f.Add("Hier\n________________\nVon: Ana\nGesendet: Montag\nAn: Juma\nBetreff: x\n\nWo?", true, false)
	f.Add("Begin forwarded message:\n> x\nSent from my iPhone", false, true)
	f.Fuzz(func(t *testing.T, text string, answers, forwards bool) {
		text = newlines(channels.Clean(text))
		said, quoted := foldQuotes(text, answers, forwards)
		count := func(text string) (n int) {
			for _, line := range strings.Split(text, "\n") {
				if !blank(line) {
					n++
				}
			}
			return n
		}
		if count(said)+count(quoted) != count(text) {
			t.Fatalf("%q became %q and %q", text, said, quoted)
		}
	})
}

// FuzzHTML: any page is text.
func FuzzHTML(f *testing.F) {
	f.Add("<p>One <b>two</p><blockquote>three<a href='https://x.example'>four</a><pre>\n five")
	f.Add("<script><style></script><td><li><!-- --><![CDATA[x]]>&#x1f6a8;&nbsp;")
	f.Fuzz(func(t *testing.T, page string) {
		if text := channels.Clean(htmlText(page)); len(text) > 40*len(page)+100 {
			t.Fatalf("%d bytes of %d", len(text), len(page))
		}
	})
}
