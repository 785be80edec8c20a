package app

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

// readForm reads the plain form as browsers send it without JavaScript.
func readForm(body []byte, zone string) (Report, error) {
	if len(body) > FormBytes {
		return Report{}, channels.TooLarge("", FormBytes)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return Report{}, channels.Malformed("bad_form", "", "The form is not urlencoded as browsers do it.")
	}
	return fromFields(values, zone)
}

// fromFields makes a report of form fields. Browsers send every field, so an
// empty one is absent.
func fromFields(values url.Values, zone string) (Report, error) {
	var report Report
	var place Location
	for _, name := range sortedKeys(values) {
		given := values[name]
		for _, value := range given {
			if !utf8.ValidString(value) {
				return report, channels.Malformed("bad_utf8", plain(name), "It is not valid UTF-8.")
			}
		}
		if name != "category" && len(given) > 1 {
			return report, channels.Malformed("repeated_field", plain(name), "The field is given twice.")
		}
		value := given[0]
		var err error
		switch name {
		case "text":
			report.Text = strings.ReplaceAll(value, "\r\n", "\n") // as forms write line ends
		case "where":
			place.Words = value
		case "lon":
			place.Lon, err = degrees("lon", value)
		case "lat":
			place.Lat, err = degrees("lat", value)
		case "accuracy_m":
			place.AccuracyM, err = degrees("accuracy_m", value)
		case "occurred_at":
			report.OccurredAt = local(value, zone)
		case "category":
			report.Categories = nonEmpty(given)
		case "language":
			report.Language = value
		case "contact":
			report.Contact = value
		case "media":
			if value != "" {
				err = channels.Malformed("bad_value", "media", "Send files as multipart/form-data.")
			}
		default:
			err = channels.Malformed("unknown_field", plain(name), "There is no such field.")
		}
		if err != nil {
			return report, err
		}
	}
	report.Location = &place
	return report, nil
}

func sortedKeys(values url.Values) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func nonEmpty(values []string) []string {
	var kept []string
	for _, value := range values {
		if value != "" {
			kept = append(kept, value)
		}
	}
	return kept
}

func degrees(field, text string) (*float64, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || len(text) > 40 {
		return nil, channels.Malformed("bad_value", field, "Write a decimal number, as -1.2921.")
	}
	return &number, nil
}

// local turns what <input type="datetime-local"> sends into RFC 3339, in the
// channel's zone; anything else stays as it is and is judged later.
func local(text, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return text
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, place); err == nil {
			return at.Format(time.RFC3339)
		}
	}
	return text
}

// readMultipart reads parts in order: "report" or the form's fields, "media", and
// "upload" for media that were uploaded before.
func readMultipart(body []byte, boundary, zone string, keep bool) (Report, []channels.Media, error) {
	if boundary == "" {
		return Report{}, nil, channels.Malformed("bad_multipart", "Content-Type", "It names no boundary.")
	}
	if !closed(body, boundary) {
		return Report{}, nil, cutShort(io.ErrUnexpectedEOF)
	}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	parts := parts{keep: keep, fields: url.Values{}}
	for count := 0; ; count++ {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Report{}, nil, cutShort(err)
		}
		if count == Parts {
			return Report{}, nil, channels.Malformed("too_many", "", "At most %d parts.", Parts)
		}
		if err := parts.take(part); err != nil {
			return Report{}, nil, err
		}
	}
	if parts.report == nil {
		report, err := fromFields(parts.fields, zone)
		if err == nil {
			err = report.carries(parts.uploads)
		}
		return report, parts.media, err
	}
	if len(parts.fields) > 0 {
		return Report{}, nil, channels.Malformed("unknown_field", plain(sortedKeys(parts.fields)[0]), "Beside the part report there are only parts named media.")
	}
	return *parts.report, parts.media, parts.report.carries(parts.uploads)
}

// closed says whether the closing delimiter is there. mime/multipart takes a body
// that ends between two parts for a whole one.
func closed(body []byte, boundary string) bool {
	at := bytes.LastIndex(body, []byte("--"+boundary+"--"))
	return at == 0 || at > 0 && body[at-1] == '\n'
}

func cutShort(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return channels.Malformed("cut_short", "", "The body ended before it was complete; send it again.")
	}
	return channels.Malformed("bad_multipart", "", "The parts cannot be told apart; send multipart/form-data as browsers do.")
}

// parts collects what a multipart body holds.
type parts struct {
	keep   bool
	report *Report
	fields url.Values
	// uploads counts the parts "upload".
	uploads int
	text    int   // bytes of fields so far
	files   int64 // bytes of files so far
	media   []channels.Media
	// content is the file that is being read; its room serves the next one.
	content bytes.Buffer
}

func (p *parts) take(part *multipart.Part) error {
	name := part.FormName()
	switch {
	case name == "media":
		return p.file(part)
	case name == "upload":
		p.uploads++
		return p.file(part)
	case part.FileName() != "" && name != "report":
		return channels.Malformed("unknown_field", plain(name), "Files come in parts named media.")
	}
	data, err := io.ReadAll(io.LimitReader(part, JSONBytes+1))
	if err != nil {
		return cutShort(err)
	}
	if p.text += len(data); p.text > JSONBytes {
		return channels.TooLarge(plain(name), JSONBytes)
	}
	if name != "report" {
		p.fields.Add(name, string(data))
		return nil
	}
	if p.report != nil {
		return channels.Malformed("repeated_field", "report", "The part is given twice.")
	}
	report, err := decode(data)
	p.report = &report
	return err
}

// file hashes one file, and keeps it if asked. A browser sends an empty one for a
// file field that was left alone.
func (p *parts) file(part *multipart.Part) error {
	hash := sha256.New()
	var sink io.Writer = hash
	if p.keep {
		p.content.Reset()
		sink = io.MultiWriter(hash, &p.content)
	}
	size, err := io.Copy(sink, io.LimitReader(part, FileBytes+1))
	switch {
	case err != nil:
		return cutShort(err)
	case size > FileBytes:
		return channels.TooLarge("media", FileBytes)
	case size == 0:
		return nil
	case len(p.media) == Files:
		return channels.Malformed("too_many", "media", "At most %d files.", Files)
	}
	if p.files += size; p.files > MediaBytes {
		return channels.TooLarge("media", MediaBytes)
	}
	media := channels.Media{ContentType: fileType(part), Name: short(part.FileName())}
	hash.Sum(media.Digest[:0])
	if p.keep {
		media.Bytes = bytes.Clone(p.content.Bytes())
	}
	p.media = append(p.media, media)
	return nil
}

func fileType(part *multipart.Part) string {
	mediaType, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil || len(mediaType) > 100 {
		return "application/octet-stream"
	}
	return mediaType
}

// short is a name that a sender chose, at most 255 bytes of it.
func short(name string) string {
	name = channels.Clean(name)
	for len(name) > 255 {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
