package email_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"

	"github.com/onyo-project/onyo/channels/channeltest"
)

// witness is who writes the sayings.
const witness = "amina.witness@mail.example"

// written is the mail by which a saying comes. Its dresses are what happens to a
// mail under way and in different programs: other Received lines, another order
// of fields, another encoding of the same words, line ends with and without CR.
func written(s channeltest.Saying) []byte {
	var mail bytes.Buffer
	for hop := range s.Dress {
		fmt.Fprintf(&mail, "Received: from relay%d.example by mx.example; Mon, 2 Mar 2026 10:0%d:00 +0000\r\n", hop, hop)
	}
	fields := []string{"From: Amina <" + witness + ">", "To: reports@example.org", "Message-ID: <" + s.ID + "@mail.example>",
		"Date: Mon, 2 Mar 2026 10:00:00 +0300", "MIME-Version: 1.0"}
	for i := range fields {
		mail.WriteString(fields[(i+s.Dress)%len(fields)] + "\r\n")
	}
	switch s.Dress % 4 {
	case 0:
		fmt.Fprintf(&mail, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n", s.Text)
	case 1:
		fmt.Fprintf(&mail, "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
			base64.StdEncoding.EncodeToString([]byte(s.Text+"\r\n")))
	case 2:
		mail.WriteString("Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		encoder := quotedprintable.NewWriter(&mail)
		_, _ = encoder.Write([]byte(s.Text + "\r\n"))
		_ = encoder.Close()
	case 3:
		boundary := fmt.Sprint("part-", s.Dress)
		fmt.Fprintf(&mail, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n--%s--\r\n",
			boundary, boundary, s.Text, boundary)
	}
	if s.Dress >= 4 {
		return bytes.ReplaceAll(mail.Bytes(), []byte("\r\n"), []byte("\n"))
	}
	return mail.Bytes()
}
