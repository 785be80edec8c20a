package app

import (
	"crypto/md5" //nolint:gosec // OpenRosa knows no other hash; it only tells devices that a form changed
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// formNodes bounds a blank form, which an admin chose.
const formNodes = 200_000

// xform is a blank form.
type xform struct {
	id, version, title string
	xml                string
	// texts and points are the ways to the questions that are answered in one's
	// own words, and by a place.
	texts, points []string
}

// file names the form in addresses.
func (f *xform) file() string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, f.id) + ".xml"
}

func checkForm(text string) error {
	_, err := readXForm(text)
	return err
}

// readXForm reads a form far enough to offer it and to know what its answers are.
// Source: https://getodk.github.io/xforms-spec
func readXForm(text string) (*xform, error) {
	root, err := readXML([]byte(text), formNodes)
	if err != nil {
		return nil, errors.New("this is no XForm: an XML file of at most 1 MiB; convert an XLSForm at getodk.org/xlsform")
	}
	head := root.child("head")
	model := head.child("model")
	instance := model.child("instance")
	if instance == nil || len(instance.children) != 1 {
		return nil, errors.New("this is no XForm: it has no head with a model with an instance")
	}
	if submission := model.child("submission"); submission != nil {
		switch {
		case submission.attribute("base64RsaPublicKey") != "":
			return nil, errors.New("the form encrypts its answers, and Onyo could not read them: take the public key out of it")
		case submission.attribute("action") != "":
			return nil, errors.New("the form sends its answers to another server: take its submission address out of it")
		}
	}
	data := instance.children[0]
	form := &xform{id: data.formID(), version: data.attribute("version"), title: strings.TrimSpace(head.child("title").value()), xml: text}
	if form.id == "" || form.title == "" {
		return nil, errors.New("the form has no id or no title")
	}
	form.questions(model, root.child("body"), "/"+data.name+"/")
	return form, nil
}

// questions notes which of a form's questions are texts and which are places.
func (f *xform) questions(model, body *xmlNode, root string) {
	inputs := map[string]bool{}
	body.walk(func(n *xmlNode) {
		if n.name == "input" {
			inputs[n.attribute("ref")] = true
		}
	})
	model.walk(func(n *xmlNode) {
		path, below := strings.CutPrefix(n.attribute("nodeset"), root)
		if n.name != "bind" || !below {
			return
		}
		switch kind := n.attribute("type"); {
		case kind == "geopoint":
			f.points = append(f.points, path)
		case (kind == "string" || kind == "") && inputs[n.attribute("nodeset")] && n.attribute("readonly") == "":
			f.texts = append(f.texts, path)
		}
	})
}

// walk visits all elements below a node; of nil none.
func (n *xmlNode) walk(visit func(*xmlNode)) {
	if n == nil {
		return
	}
	for _, child := range n.children {
		visit(child)
		child.walk(visit)
	}
}

// list is the form list: one form, unless another was asked for by its id. Its
// addresses hold the secret as it came, so that a rotated one works to its end.
func (o *openRosa) list(form *xform, exchange channels.Exchange) string {
	query, _ := url.ParseQuery(exchange.Query)
	var list strings.Builder
	list.WriteString(xml.Header + `<xforms xmlns="http://openrosa.org/xforms/xformsList">`)
	if id := query.Get("formID"); id == "" || id == form.id {
		base := o.base + "/" + url.PathEscape(exchange.PathSecret)
		list.WriteString("<xform>")
		for _, field := range [][2]string{{"formID", form.id}, {"name", form.title}, {"version", form.version},
			{"hash", fmt.Sprintf("md5:%x", md5.Sum([]byte(form.xml)))}, //nolint:gosec // as above
			{"downloadUrl", base + "/forms/" + form.file()}, {"manifestUrl", base + "/manifest/" + form.file()}} {
			list.WriteString("<" + field[0] + ">" + escaped(field[1]) + "</" + field[0] + ">")
		}
		list.WriteString("</xform>")
	}
	list.WriteString("</xforms>")
	return list.String()
}

// manifest: no form of ours has files of its own.
const manifest = xml.Header + `<manifest xmlns="http://openrosa.org/xforms/xformsManifest"/>`

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder takes everything
	return out.String()
}
