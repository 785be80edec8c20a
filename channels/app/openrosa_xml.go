package app

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// errXML says nothing of what was sent.
var errXML = errors.New("the XML is broken, too large, too deep or has too many elements")

// xmlNode is an element without its namespace: clients disagree on prefixes.
type xmlNode struct {
	space, name string
	attributes  []xml.Attr
	text        []byte
	children    []*xmlNode
}

// readXML reads one XML document of at most so many elements and attributes. Entities that a document defines
// itself are not known to it, so that none can grow. What is no UTF-8 becomes
// U+FFFD instead of costing a witness the whole form.
func readXML(data []byte, most int) (*xmlNode, error) {
	if len(data) > XMLBytes {
		return nil, errXML
	}
	decoder := xml.NewDecoder(strings.NewReader(channels.Clean(string(data))))
	outside := &xmlNode{}
	open := []*xmlNode{outside}
	for nodes := 0; ; {
		token, err := decoder.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errXML
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if nodes += 1 + len(token.Attr); nodes > most || len(open) > XMLDepth {
				return nil, errXML
			}
			node := newNode(token)
			top.children = append(top.children, node)
			open = append(open, node)
		case xml.EndElement:
			if len(open) == 1 || token.Name.Local != top.name {
				return nil, errXML
			}
			open = open[:len(open)-1]
		case xml.CharData:
			top.text = append(top.text, token...)
		}
	}
	if len(open) != 1 || len(outside.children) != 1 || strings.Trim(string(outside.text), " \t\r\n\uFEFF") != "" {
		return nil, errXML
	}
	return outside.children[0], nil
}

func newNode(token xml.StartElement) *xmlNode {
	node := &xmlNode{name: token.Name.Local}
	for _, attribute := range token.Attr {
		switch {
		case attribute.Name.Space == "xmlns":
		case attribute.Name.Space == "" && attribute.Name.Local == "xmlns":
			node.space = attribute.Value
		default:
			node.attributes = append(node.attributes, attribute)
		}
	}
	return node
}

// formID is a form's identity: its id, else its namespace.
func (n *xmlNode) formID() string {
	if id := n.attribute("id"); id != "" {
		return id
	}
	return n.space
}

// attribute of this local name; "" where there is none, and of nil.
func (n *xmlNode) attribute(name string) string {
	if n == nil {
		return ""
	}
	for _, attribute := range n.attributes {
		if attribute.Name.Local == name {
			return attribute.Value
		}
	}
	return ""
}

// child is the first of this name; nil where there is none, and of nil.
func (n *xmlNode) child(name string) *xmlNode {
	if n == nil {
		return nil
	}
	for _, child := range n.children {
		if child.name == name {
			return child
		}
	}
	return nil
}

// value is the text of a node, "" of nil.
func (n *xmlNode) value() string {
	if n == nil {
		return ""
	}
	return string(n.text)
}

// without are n's children, with some children of one of them left out, and that
// one too where nothing else is in it.
func (n *xmlNode) without(parent *xmlNode, names ...string) (rest []*xmlNode) {
	kept := *parent
	kept.children = nil
	for _, child := range parent.children {
		if !slices.Contains(names, child.name) {
			kept.children = append(kept.children, child)
		}
	}
	for _, child := range n.children {
		switch {
		case child != parent:
			rest = append(rest, child)
		case len(kept.children) > 0:
			rest = append(rest, &kept)
		}
	}
	return rest
}

// answers is a node as a JSON object: strings and objects by name, a list where a
// name repeats, "@name" for attributes and "#" for text beside others. Attributes
// with a prefix are notes of the client's to itself.
func (n *xmlNode) answers() map[string]any {
	object := map[string]any{}
	for _, attribute := range n.attributes {
		if attribute.Name.Space == "" {
			object["@"+attribute.Name.Local] = attribute.Value
		}
	}
	for _, child := range n.children {
		var value any = child.answers()
		if len(child.children) == 0 && len(value.(map[string]any)) == 0 {
			value = child.value()
		} else if text := child.value(); strings.TrimSpace(text) != "" {
			value.(map[string]any)["#"] = text
		}
		switch before := object[child.name].(type) {
		case nil:
			object[child.name] = value
		case []any:
			object[child.name] = append(before, value)
		default:
			object[child.name] = []any{before, value}
		}
	}
	return object
}

// leaves are all answers below a node, in order.
func (n *xmlNode) leaves(path string, found []leaf) []leaf {
	for _, child := range n.children {
		below := path + child.name
		if len(child.children) == 0 {
			found = append(found, leaf{below, child.value()})
			continue
		}
		found = child.leaves(below+"/", found)
	}
	return found
}
