package email

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
	// formParts bounds the parts of a form: the headers of a mail may be among
	// them, one a part.
	formParts = 1000
)

// form is a provider's form, its values as they came.
type form struct {
	values map[string][]string
	files  []file
}

// first is a field's first value as UTF-8.
func (f form) first(key string) string {
	if values := f.values[key]; len(values) > 0 {
		return channels.Clean(values[0])
	}
	return ""
}

// once is a field that stands there exactly once.
func (f form) once(key string) (string, bool) {
	if values := f.values[key]; len(values) == 1 {
		return values[0], true
	}
	return "", false
}

// readForm reads either kind of form, as far as it can be read: the error comes
// with what stood before the fault.
func readForm(contentType string, body []byte) (form, error) {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return form{}, unreadable("bad_content_type")
	case mediaType == formType:
		values, err := url.ParseQuery(string(body))
		if err != nil {
			err = unreadable("bad_form")
		}
		return form{values: values}, err
	case parameters["boundary"] == "":
		return form{}, unreadable("no_boundary")
	}
	read := form{values: map[string][]string{}}
	reader := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for range formParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return read, unreadable("bad_multipart")
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return read, unreadable("cut_short")
		}
		if name := part.FileName(); name != "" || attachment(part.FormName()) {
			read.files = append(read.files, file{name: channels.Clean(name),
				contentType: mediaTypeOf(part.Header.Get("Content-Type")), bytes: content})
			continue
		}
		read.values[part.FormName()] = append(read.values[part.FormName()], string(content))
	}
	return read, unreadable("too_many_parts")
}

// attachment says whether a field is a file by its name, as "attachment-1" or
// "attachment1".
func attachment(field string) bool {
	number, counted := strings.CutPrefix(field, "attachment")
	number = strings.TrimPrefix(number, "-")
	return counted && number != "" && strings.Trim(number, "0123456789") == ""
}

// mediaTypeOf is a Content-Type without its parameters.
func mediaTypeOf(contentType string) string {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(channels.Clean(mediaType)))
}

// letterOf makes of a provider's fields what readMail makes of a mail: files go
// the same way as parts that were attached, so that invitations, Outlook's
// wrappings and delivery reports are known again.
func letterOf(header textproto.MIMEHeader, plain, html string, files []file) letter {
	w := walker{letter: letter{header: header}}
	if kind, _ := parameters(header.Get("Content-Type")); kind == "multipart/report" {
		w.reporting, w.letter.report = true, &deliveryReport{}
	}
	said := []words{{text: plain}}
	if blank(plain) && html != "" {
		said[0] = part{header: textproto.MIMEHeader{}, body: []byte(html), kind: "text/html", params: map[string]string{"charset": "utf-8"}}.words()
	}
	for _, f := range files {
		attached := part{header: textproto.MIMEHeader{"Content-Disposition": {"attachment"}}, body: f.bytes,
			kind: f.contentType, params: map[string]string{"name": f.name}, depth: 1}
		if one := w.walk(attached); !blank(one.text) {
			said = append(said, one)
		}
	}
	if blank(joinWords(said).text) && len(w.attached) > 0 {
		said = w.attached
	}
	w.letter.text = joinWords(said).text
	return w.letter
}
