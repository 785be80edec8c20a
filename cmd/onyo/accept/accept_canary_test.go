package accept_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A witness's phone, address and name go in through both channels and are
// nowhere: not in a file, not in a log, not in an answer to a stranger. The desk
// reads them, also after the key was lost and made anew from its words.
func TestAcceptCanary(t *testing.T) {
	in := install(t, map[string]string{"ONYO_PUBLISH_EVERY": "2s"})
	in.start()
	in.setUp("open")
	of := needles(theCanary().secrets()...)
	amina, brian := in.bearer(in.token("volunteer", "Amina")), in.bearer(in.token("verifier", "Brian"))
	receipts := in.sing(theCanary())
	for _, words := range canaryWords() {
		one := amina.awaitIncident(words)
		amina.reads(one.ID, theCanary())
		if one.Location == nil {
			amina.locate(one.ID, 36.8219, -1.2921, 50)
		}
		amina.approve(one.ID)
		if status := brian.approve(one.ID).Status; status != "verified" {
			t.Fatalf("two people's yes makes it %s", status)
		}
	}
	in.anyone().awaitMatched("/api/v1/map/incidents", len(canaryWords()))
	in.nowhere(of, receipts)
	in.kill()
	in.nowhereOnDisk(of)
	in.loseKeyAndRestore()
	for _, words := range canaryWords() {
		amina.reads(amina.awaitIncident(words).ID, theCanary())
	}
	in.nowhere(of, receipts)
	in.stop()
	in.nowhereOnDisk(of)
	in.run("ledger", "verify")
}

func canaryWords() []string {
	return []string{"the culvert by the school", "market stalls are floating", "photo of the pylon"}
}

// sing sends all of the canary through both channels, and gives the receipts.
func (in *installation) sing(c canary) []string {
	in.t.Helper()
	signature := fmt.Sprintf("My name is %s, call %s or write to %s", c.name, c.phone, c.email)
	in.phone("twilio-main").text("SMcanary", c.phone, "Water rises in the culvert by the school at -1.2921, 36.8219. "+signature)
	anyone := in.anyone()
	report := map[string]any{"text": "The market stalls are floating away. " + signature, "contact": c.email,
		"location": map[string]any{"lon": 36.84, "lat": -1.28, "accuracy_m": 20, "words": "behind the house of " + c.name}}
	type receipt struct{ Receipt string }
	first := call[receipt](anyone, http.MethodPost, "/api/v1/reports", report, http.StatusCreated)
	report = map[string]any{"text": "A photo of the pylon that fell. " + signature, "contact": c.phone, "location": map[string]any{"lon": 36.86, "lat": -1.30}}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	encoded, err := json.Marshal(report)
	if err != nil {
		in.t.Fatal(err)
	}
	part(in.t, form, textproto.MIMEHeader{"Content-Disposition": {`form-data; name="report"`}, "Content-Type": {"application/json"}}, encoded)
	photo := append(picture(in.t), signature...)
	part(in.t, form, textproto.MIMEHeader{"Content-Disposition": {multipart.FileContentDisposition("media", c.name+" "+c.phone+".png")}, "Content-Type": {"image/png"}}, photo)
	if err := form.Close(); err != nil {
		in.t.Fatal(err)
	}
	a := anyone.send(anyone.request(http.MethodPost, "/api/v1/reports", form.FormDataContentType(), body.Bytes()))
	second := decoded[receipt](anyone, a, http.StatusCreated, "a report with a photo")
	return []string{first.Receipt, second.Receipt}
}

func part(t testing.TB, form *multipart.Writer, header textproto.MIMEHeader, content []byte) {
	t.Helper()
	w, err := form.CreatePart(header)
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func picture(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 64, 48))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// reads: whoever works at the desk does see what the witness said.
func (c *caller) reads(id string, of canary) {
	c.t.Helper()
	for _, report := range c.card(id).Reports {
		if !strings.Contains(report.Text, of.name) || !strings.Contains(report.Text, of.phone) {
			c.t.Fatalf("the desk reads another text")
		}
		if report.Source == nil || report.Source.Pseudonym == "" {
			c.t.Error("a report without a source's pseudonym")
		}
	}
}

func (in *installation) nowhereOnDisk(of []needle) {
	in.t.Helper()
	found, files := sightingsIn(in.t, in.folder, of)
	for _, one := range found {
		in.t.Errorf("the witness is in the file %s", one)
	}
	if files < 5 {
		in.t.Errorf("only %d files were searched", files)
	}
}

// nowhere searches the files of the running server and all that it tells
// strangers, its receipts included.
func (in *installation) nowhere(of []needle, receipts []string) {
	in.t.Helper()
	in.nowhereOnDisk(of)
	anyone := in.anyone()
	look := func(what string, a answer) {
		var all bytes.Buffer
		_ = a.header.Write(&all)
		all.Write(a.body)
		for _, one := range sightings(what, all.Bytes(), of) {
			in.t.Errorf("the witness is in the answer to %s", one)
		}
	}
	for _, path := range anonymousPaths(theArea()) {
		look(path, anyone.send(anyone.request(http.MethodGet, path, "", nil)))
	}
	for _, code := range receipts {
		a := anyone.json(http.MethodPost, "/api/v1/receipts", map[string]string{"code": code})
		if a.status != http.StatusOK {
			in.t.Errorf("a receipt: %d %s", a.status, tail(string(a.body)))
		}
		look("a receipt", a)
	}
}

// recoveryWords are what the first start printed.
func (in *installation) recoveryWords() []string {
	in.t.Helper()
	words := regexp.MustCompile(`(?m)^(?:[a-z]{3,8} ){23}[a-z]{3,8}$`).FindString(in.said("stdout"))
	if words == "" {
		in.t.Fatal("the first start printed no 24 recovery words")
	}
	return strings.Fields(words)
}

// loseKeyAndRestore deletes the key of a stopped installation, which then does
// not start, and makes it anew; the server runs when it returns.
func (in *installation) loseKeyAndRestore() {
	in.t.Helper()
	words := in.recoveryWords()
	if err := os.Remove(in.key); err != nil {
		in.t.Fatal(err)
	}
	in.launch()
	awaitEnd(in)
	if _, err := os.Stat(in.key); !os.IsNotExist(err) {
		in.t.Fatalf("a start without the key left a key behind: %v", err)
	}
	mixed := append(append([]string{}, words[1:]...), words[0])
	if _, _, code := in.try(strings.Join(mixed, " "), "key", "restore"); code == 0 {
		in.t.Fatal("words in another order restored a key")
	}
	if out, errOut, code := in.try(strings.Join(words, " ")+"\n", "key", "restore"); code != 0 {
		in.t.Fatalf("key restore: %d %s %s", code, out, errOut)
	}
	in.start()
}

func awaitEnd(in *installation) {
	in.t.Helper()
	await(in.t, "a server without its key ends", func() bool {
		select {
		case <-in.ended:
			return true
		default:
			return false
		}
	})
	code := in.process.ProcessState.ExitCode()
	in.process = nil
	if said := in.said("stderr"); code == 0 || !strings.Contains(said, "key restore") {
		in.t.Errorf("a server without its key ends with %d and says %s", code, tail(said))
	}
}

// Until somebody has confirmed a copy of the key, those on shift and whoever
// runs the server are warned.
func TestAcceptKeyConfirmed(t *testing.T) {
	in := install(t, nil)
	in.start()
	in.setUp("open")
	ops := in.bearer(in.token("responder", "Rose"))
	warned := func() bool {
		status := get[opsStatus](ops, "/api/v1/ops/status")
		if status.KeyConfirmed == status.warns("key_unconfirmed") {
			t.Errorf("confirmed: %t, and the warnings are %v", status.KeyConfirmed, status.Warnings)
		}
		out, _, _ := in.try("", "doctor")
		if doctor := regexp.MustCompile(`(?m)^WARN.*\n.*onyo key confirm`).MatchString(out); doctor == status.KeyConfirmed {
			t.Errorf("confirmed: %t, and doctor says\n%s", status.KeyConfirmed, out)
		}
		return !status.KeyConfirmed
	}
	if !warned() {
		t.Fatal("nobody has confirmed a copy of the key, and nobody is warned")
	}
	if _, _, code := in.try("wrong\nwrong\n", "key", "confirm"); code == 0 || !warned() {
		t.Fatal("wrong words confirmed the copy")
	}
	in.confirmKey(in.recoveryWords())
	await(t, "the warning goes", func() bool { return !warned() })
}

// confirmKey answers what `onyo key confirm` asks.
func (in *installation) confirmKey(words []string) {
	in.t.Helper()
	command := in.command("key", "confirm")
	answers, err := command.StdinPipe()
	if err != nil {
		in.t.Fatal(err)
	}
	asked, err := command.StdoutPipe()
	if err != nil {
		in.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		in.t.Fatal(err)
	}
	questions := bufio.NewReader(asked)
	for range 2 {
		question, err := questions.ReadString(':')
		number := regexp.MustCompile(`\d+`).FindString(question)
		at, _ := strconv.Atoi(number)
		if err != nil || at < 1 || at > len(words) {
			in.t.Fatalf("key confirm asks %q (%v)", question, err)
		}
		fmt.Fprintln(answers, words[at-1])
	}
	rest, _ := io.ReadAll(questions)
	if err := command.Wait(); err != nil {
		in.t.Fatalf("key confirm: %v: %s", err, rest)
	}
}
