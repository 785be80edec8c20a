package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// Limits of one OpenRosa submission.
const (
	// AcceptBytes is what clients are asked to put into one POST: they divide a
	// larger submission by its files, so that less is lost when a line breaks.
	AcceptBytes = 10 << 20
	// XMLBytes bounds the answers, XMLDepth and XMLNodes what they may make of it.
	XMLBytes = 1 << 20
	XMLDepth = 64
	XMLNodes = 10_000
	// SubmissionParts are the answers and the files of one POST.
	SubmissionParts = 200
	// submissionBytes: a client that does not divide gets through with a file of
	// the full size and the answers.
	submissionBytes = 32 << 20
)

const xmlType = "text/xml; charset=utf-8"

// OpenRosa is the kind "app.openrosa": forms filled in with ODK Collect,
// KoboCollect or Enketo, which speak OpenRosa 1.0. The server's address in the
// app is the channel's public URL and its path secret; whoever knows it belongs
// to the field staff.
// Source: https://docs.getodk.org/openrosa
func OpenRosa() channels.Kind {
	return channels.Kind{
		Name:    "app.openrosa",
		Title:   "ODK Collect and KoboCollect",
		Summary: "Forms that field staff fill in without a network and send when there is one. The server address holds a secret.",
		Settings: []channels.Setting{{Key: "form", Check: checkForm,
			Help: "An XForm (XML) to offer instead of Onyo's own report form: @file. ODK and Kobo make one from an XLSForm; in Kobo it is Download XML on the form's page."}},
		Can:       channels.Capabilities{Webhook: true, Media: true},
		Limits:    channels.Limits{BodyBytes: submissionBytes, Files: SubmissionParts - 1, FileBytes: submissionBytes},
		Methods:   []string{http.MethodPost, http.MethodGet, http.MethodHead},
		BodyTypes: []string{multipartType},
		New:       newOpenRosa,
	}
}

type openRosa struct {
	config channels.Config
	secret channels.Secret
	base   string // the address that devices call, without the secret
	// own is the form that the channel was given; nil for the built-in one.
	own *xform
}

func newOpenRosa(config channels.Config) (channels.Adapter, error) {
	at, err := url.Parse(config.PublicURL)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" {
		return nil, errors.New("public_url must be the whole address that devices call, with https://")
	}
	o := &openRosa{config: config, secret: config.Secrets[channels.PathSecret], base: strings.TrimRight(config.PublicURL, "/")}
	// Each device is answered with the secret that it knows.
	if end := strings.LastIndexByte(o.base, '/'); o.secret.Matches(o.base[end+1:]) {
		o.base = o.base[:end]
	}
	if text := config.Settings["form"]; text != "" {
		if o.own, err = readXForm(text); err != nil {
			return nil, fmt.Errorf("form: %w", err)
		}
	}
	return o, nil
}

// form is what the channel offers now.
func (o *openRosa) form() *xform {
	if o.own != nil {
		return o.own
	}
	return builtIn(o.config.Categories, o.config.Emergency)
}

// Receive checks the path secret, then answers by method and path: form list,
// form and manifest are asked for, and whatever is posted is a submission.
func (o *openRosa) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	if !o.secret.Matches(exchange.PathSecret) {
		return channels.Reception{}, channels.Unauthentic()
	}
	if exchange.Method != http.MethodGet && exchange.Method != http.MethodHead {
		return o.submitted(exchange)
	}
	form := o.form()
	switch path := strings.Trim(exchange.Path, "/"); {
	case path == "submission" && exchange.Method == http.MethodHead:
		// Collect takes nothing but a 204 for an OpenRosa server.
		return answered(http.StatusNoContent, ""), nil
	case path == "submission":
		return channels.Reception{}, channels.WrongMethod(http.MethodPost, http.MethodHead)
	case path == "formList":
		return answered(http.StatusOK, o.list(form, exchange)), nil
	case path == "forms/"+form.file():
		return answered(http.StatusOK, form.xml), nil
	case path == "manifest/"+form.file():
		return answered(http.StatusOK, manifest), nil
	}
	return channels.Reception{}, &channels.Refusal{Reason: channels.ErrMalformed, Status: http.StatusNotFound, Code: "not_found",
		Detail: "There is nothing here. The server address in the app ends with the channel's secret and nothing after it."}
}

// submitted splits a submission into its answers and its files. The answers come
// again with every POST of a divided submission, and are the same message each
// time; each file is a message that continues them.
func (o *openRosa) submitted(exchange channels.Exchange) (channels.Reception, error) {
	reception := answered(http.StatusCreated, received)
	query, _ := url.ParseQuery(exchange.Query)
	facts := map[string]string{"device": channels.Clean(query.Get("deviceID"))}
	_, parameters := channels.MediaType(exchange.Header)
	parts, why := takeParts(exchange.Body, parameters["boundary"])
	if why == "" {
		reception.Messages, why = o.split(facts, parts)
	}
	if why != "" {
		facts["type"] = channels.Clean(exchange.Header.Get("Content-Type"))
		reception.Messages = []channels.Split{channels.UnparsedSplit(channels.Pack(facts, exchange.Body), exchange.Body, why)}
	}
	return reception, nil
}

func (o *openRosa) split(facts map[string]string, parts submissionParts) (splits []channels.Split, why string) {
	facts["part"] = partAnswers
	answers, err := readXML(parts.answers, XMLNodes)
	if err != nil {
		return nil, "bad_xml"
	}
	if answers.attribute("encrypted") == "yes" {
		return nil, "encrypted_form" // only whoever has its private key can read it
	}
	switch id := answers.formID(); {
	case o.own != nil && o.own.id == id:
		facts["texts"], facts["points"] = strings.Join(o.own.texts, " "), strings.Join(o.own.points, " ")
	case id == builtInID:
		facts["texts"], facts["points"] = "", "" // its questions are known by name
	}
	message := answers.message(facts, parts.answers)
	splits = append(splits, splitOf(message, channels.Pack(facts, parts.answers)))
	for _, file := range parts.files {
		facts := map[string]string{"part": partFile, "device": message.From.Value, "instance": message.ProviderID, "name": file.name, "type": file.contentType}
		splits = append(splits, splitOf(fileMessage(facts, file.content), channels.Pack(facts, file.content)))
	}
	return splits, ""
}

func splitOf(message channels.Message, raw []byte) channels.Split {
	return channels.Split{ProviderID: message.ProviderID, Digest: message.Digest(), Raw: raw, Nature: message.Nature, From: message.From}
}

const (
	partAnswers = "answers"
	partFile    = "file"
)

// Parse reads the answers of a submission, or one of its files.
func (o *openRosa) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("openrosa: %w", err)
	}
	switch facts["part"] {
	case partFile:
		return []channels.Message{fileMessage(facts, body)}, nil
	case partAnswers:
		answers, err := readXML(body, XMLNodes)
		if err != nil {
			return nil, fmt.Errorf("openrosa: %w", err)
		}
		return []channels.Message{answers.message(facts, body)}, nil
	}
	return nil, errors.New("openrosa: no submission in it")
}

const received = `<?xml version="1.0" encoding="UTF-8"?>
<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message>Received and stored.</message></OpenRosaResponse>`

// answered is an answer in XML, with the headers by which clients know an OpenRosa
// server from the login page of a hotel.
func answered(status int, body string) channels.Reception {
	header := http.Header{}
	header.Set("X-OpenRosa-Version", "1.0")
	header.Set("X-OpenRosa-Accept-Content-Length", strconv.Itoa(AcceptBytes))
	answer := channels.Answer{Status: status, Header: header}
	if body != "" {
		answer.ContentType, answer.Body = xmlType, []byte(body)
	}
	return channels.Reception{Answer: answer}
}
