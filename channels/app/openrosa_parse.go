package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/onyo-project/onyo/channels"
)

// submissionParts is what one POST holds. Its bytes lie in one room.
type submissionParts struct {
	answers []byte
	files   []submissionFile
}

type submissionFile struct {
	name, contentType string
	content           []byte
}

// answersPart is the part that holds the answers. Collect marks all POSTs of a
// divided submission but the last with a field of its own, which says nothing to
// us: a later POST just brings more.
const (
	answersPart    = "xml_submission_file"
	incompletePart = "*isIncomplete*"
)

// takeParts tells the parts of a submission apart, or says why it cannot. Clients
// name files by part name, by file name or both.
func takeParts(body []byte, boundary string) (parts submissionParts, why string) {
	if boundary == "" || !closed(body, boundary) {
		return parts, "bad_multipart"
	}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	var room bytes.Buffer
	room.Grow(len(body)) // more than all contents together: it never moves
	for count := 0; ; count++ {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return parts, "bad_multipart"
		}
		if count == SubmissionParts {
			return parts, "too_many_parts"
		}
		start := room.Len()
		if _, err := io.Copy(&room, part); err != nil {
			return parts, "bad_multipart"
		}
		content := room.Bytes()[start:]
		switch name := part.FormName(); {
		case name == answersPart && parts.answers != nil:
			return parts, "two_forms"
		case name == answersPart:
			parts.answers = content
		case name == incompletePart, len(content) == 0:
		default:
			if own := part.FileName(); own != "" {
				name = own
			}
			parts.files = append(parts.files, submissionFile{name: short(name), contentType: fileType(part), content: content})
		}
	}
	if parts.answers == nil {
		return parts, "no_form"
	}
	return parts, ""
}

// fileMessage brings one file to the submission that it belongs to.
func fileMessage(facts map[string]string, content []byte) channels.Message {
	instance := facts["instance"]
	id := instance + "/media/" + facts["name"]
	return channels.Message{ProviderID: id, Nature: channels.Report, From: deviceAddress(facts["device"]), Continues: instance,
		Media: []channels.Media{{Ref: id, Bytes: content, Digest: sha256.Sum256(content), ContentType: facts["type"], Name: facts["name"]}}}
}

func deviceAddress(device string) channels.Address {
	if device == "" {
		return channels.Address{}
	}
	return channels.Address{Scheme: "openrosa", Value: short(device)}
}

// message is what the answers say. Questions with the names of the built-in form
// are understood in every form; what else there is, is kept as answers.
//
// The device that filled the form in is the sender: as the form says, else as the
// query of the request does. Both are claims, of somebody who knows the secret.
func (n *xmlNode) message(facts map[string]string, raw []byte) channels.Message {
	m := channels.Message{Nature: channels.Report, ProviderID: strings.TrimSpace(n.attribute("instanceID")), Form: n.formID()}
	if version := n.attribute("version"); version != "" {
		m.Form += "@" + version
	}
	m.Form = short(m.Form)
	rest := xmlNode{children: n.children}
	if meta := n.child("meta"); meta != nil {
		if id := strings.TrimSpace(meta.child("instanceID").value()); id != "" {
			m.ProviderID = id
		}
		m.Supersedes = strings.TrimSpace(meta.child("deprecatedID").value())
		rest.children = rest.without(meta, "instanceID", "deprecatedID")
	}
	if m.ProviderID == "" { // forms of before 2011; the same bytes are the same submission
		sum := sha256.Sum256(raw)
		m.ProviderID = "sha256:" + hex.EncodeToString(sum[:])
	}
	m.Answers, _ = json.Marshal(rest.answers()) // of maps, lists and valid strings: cannot fail
	leaves := rest.leaves("", nil)
	device := find(leaves, "deviceid")
	if device == "" {
		device = facts["device"]
	}
	m.From = deviceAddress(device)
	for _, name := range []string{"end", "timeend", "start", "timestart", "today"} {
		if m.At = formTime(find(leaves, name)); !m.At.IsZero() {
			break
		}
	}
	if when := find(leaves, "when"); strings.Contains(when, "T") { // a date alone is no moment
		m.OccurredAt = formTime(when)
	}
	for _, key := range strings.Fields(find(leaves, "category")) {
		if _, err := categories([]string{key}); err == nil && len(m.Categories) < Categories {
			m.Categories = append(m.Categories, key)
		}
	}
	m.Location = formPlace(facts, leaves)
	m.Text = formText(facts, leaves)
	return m
}

// leaf is one answer and the way to it below the form's root.
type leaf struct{ path, value string }

func (l leaf) name() string { return strings.ToLower(l.path[strings.LastIndexByte(l.path, '/')+1:]) }

// find is the first answer to a question of this name (lower case), trimmed.
func find(leaves []leaf, name string) string {
	for _, l := range leaves {
		if l.name() == name {
			return strings.TrimSpace(l.value)
		}
	}
	return ""
}

// formText is the answer to "text", else all that was written freely. Which
// questions those are the form says; of a form that we do not know, whatever has
// several words.
func formText(facts map[string]string, leaves []leaf) string {
	for _, l := range leaves {
		if l.name() == "text" {
			return l.value
		}
	}
	paths, known := facts["texts"]
	free := strings.Fields(paths)
	var texts []string
	for _, l := range leaves {
		value := strings.TrimSpace(l.value)
		written := slices.Contains(free, l.path)
		if !known {
			written = strings.ContainsFunc(value, unicode.IsLetter) && strings.ContainsFunc(value, unicode.IsSpace)
		}
		if written && value != "" {
			texts = append(texts, value)
		}
	}
	return strings.Join(texts, "\n")
}

// formPlace is the first geopoint and the answer to "where".
func formPlace(facts map[string]string, leaves []leaf) *channels.Location {
	place := channels.Location{Words: find(leaves, "where")}
	paths, known := facts["points"]
	points := strings.Fields(paths)
	for _, l := range leaves {
		sure := l.name() == "location" || slices.Contains(points, l.path)
		if !sure && known {
			continue
		}
		if place.Point = geopoint(l.value, sure); place.Point != nil {
			break
		}
	}
	if place.Point == nil && place.Words == "" {
		return nil
	}
	return &place
}

// geopoint reads "lat lon altitude accuracy", of which the last two may be missing.
// Where the question's type is not known only the whole of it counts, or the
// choices "1 2" of a list would be a place in the Gulf of Guinea.
func geopoint(value string, sure bool) *channels.Point {
	fields := strings.Fields(value)
	if len(fields) < 2 || len(fields) > 4 || !sure && (len(fields) < 4 || !strings.Contains(fields[0], ".") || !strings.Contains(fields[1], ".")) {
		return nil
	}
	numbers := make([]float64, len(fields))
	for i, field := range fields {
		number, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil
		}
		numbers[i] = number
	}
	if !(math.Abs(numbers[0]) <= 90 && math.Abs(numbers[1]) <= 180) { // so that NaN fails too
		return nil
	}
	point := channels.Point{Lat: numbers[0], Lon: numbers[1]}
	if len(numbers) == 4 && numbers[3] >= 0 && numbers[3] <= MaxAccuracyM {
		point.AccuracyM = numbers[3]
	}
	return &point
}

// formTime reads xsd:dateTime and xsd:date; zero for anything else, and for years
// before 1900.
func formTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z07", time.DateOnly} { // any may have fractions
		at, err := time.Parse(layout, text)
		if err != nil || at.Year() < 1900 {
			continue
		}
		if _, offset := at.Zone(); offset != 0 {
			return at.In(time.FixedZone("", offset)) // never this machine's own zone
		}
		return at.UTC()
	}
	return time.Time{}
}
