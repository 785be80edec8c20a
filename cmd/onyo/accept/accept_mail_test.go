package accept_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// letters are the mails of the test data, as a mail server would be given them: a
// bare part of a mail gets a head. Each gets an id of its own, because many say
// the same under the same one, and would rightly count as one.
func letters(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	root := testdata(t, "emails")
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{".raw", ".txt", ".eml"}, filepath.Ext(path)) {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		raw = regexp.MustCompile(`(?i)(\A|\n)message-id:`).ReplaceAll(raw, []byte("${1}X-Had-Id:"))
		own := "Message-ID: <" + strings.ReplaceAll(name, "/", ".") + "@corpus.example>\r\n"
		if head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n")); !bytes.Contains(bytes.ToLower(head), []byte("from:")) {
			own += "From: corpus@example.org\r\n"
		}
		found[name] = append([]byte(own), raw...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 141 {
		t.Fatalf("%d mails instead of 141", len(found))
	}
	return found
}

// Every mail of the test data, sent to the running server's own mail door, which
// is killed in the middle: each that was taken is kept once, whoever sends it
// again.
func TestAcceptMail(t *testing.T) {
	mails := letters(t)
	in := install(t, nil)
	in.start()
	in.setUp("open")
	admin := in.bearer(in.token("admin", "Adele"))
	listen := freeAddress(t)
	call[struct{}](admin, http.MethodPost, "/api/v1/admin/channels", map[string]any{"kind": "email.smtp", "name": "mail", "settings": map[string]string{
		"listen": listen, "domain": "example.org", "recipients": "reports@example.org", "sender_rate": "0"}}, http.StatusCreated)
	send := func(raw []byte) error {
		return smtp.SendMail(listen, nil, "corpus@example.org", []string{"reports@example.org"}, raw)
	}
	deliver := func(raw []byte) {
		t.Helper()
		await(t, "the mail is taken", func() bool { return send(raw) == nil })
	}
	received := func() int {
		t.Helper()
		type list struct {
			Channels []struct {
				Name   string
				Health *struct{ Received int }
			}
		}
		for _, one := range get[list](admin, "/api/v1/admin/channels").Channels {
			if one.Name == "mail" && one.Health != nil {
				return one.Health.Received
			}
		}
		t.Fatal("the channel has no health")
		return 0
	}
	names := make([]string, 0, len(mails))
	for name := range mails {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i == len(names)/2 {
			in.kill()
			in.start()
			admin.client = in.client
		}
		deliver(mails[name])
	}
	first := received()
	if first != len(mails) {
		t.Errorf("%d of %d mails were kept", first, len(mails))
	}
	for _, name := range names {
		deliver(mails[name])
	}
	if again := received(); again != first {
		t.Errorf("sent again, %d mails are %d", first, again)
	}
	if said := in.said("stderr"); strings.Contains(said, "panic") || strings.Contains(said, "corpus@") {
		t.Error("the log tells of a panic, or of a sender")
	}
	t.Logf("%d mails, %d kept", len(mails), first)
}
