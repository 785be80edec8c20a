package vault

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// member is one field of a struct as it is written.
type member struct {
	name  string
	index []int
	write step
	// later members came after the first release: they are left out while they
	// are empty, so that older commitments still hold.
	later bool
}

// compileStruct makes the step of a struct, its fields sorted by name.
func compileStruct(t reflect.Type, within []reflect.Type) (step, error) {
	members, err := membersOf(t, within)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(members, func(a, b member) int { return compareNames(a.name, b.name) })
	heads := make([][]byte, len(members))
	for i, m := range members {
		if i > 0 && members[i-1].name == m.name {
			return nil, fmt.Errorf("type %s has two fields named %s", t, m.name)
		}
		if heads[i], err = appendString([]byte{','}, m.name); err != nil {
			return nil, fmt.Errorf("a field's name: %w", err)
		}
		heads[i] = append(heads[i], ':')
	}
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '{')
		first := true
		for i := range members {
			value := v.FieldByIndex(members[i].index)
			if members[i].later && empty(value) {
				continue
			}
			head := heads[i]
			if first {
				head, first = head[1:], false
			}
			var err error
			if dst, err = members[i].write(append(dst, head...), value); err != nil {
				return nil, fmt.Errorf("%s: %w", members[i].name, err)
			}
		}
		return append(dst, '}'), nil
	}, nil
}

// empty says whether a value is zero, or a list or map without content.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	}
	return v.IsZero()
}

// membersOf lists the fields of a struct, those of embedded structs among them.
func membersOf(t reflect.Type, within []reflect.Type) ([]member, error) {
	var members []member
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("canon")
		switch {
		case tag == "-":
			continue
		case !field.IsExported():
			return nil, fmt.Errorf("field %s of %s is unexported", field.Name, t)
		case field.Anonymous && tag == "" && field.Type.Kind() == reflect.Struct && !hasText(field.Type):
			inner, err := membersOf(field.Type, append(within, field.Type))
			if err != nil {
				return nil, err
			}
			for _, m := range inner {
				m.index = append([]int{i}, m.index...)
				members = append(members, m)
			}
			continue
		}
		tag, later := strings.CutSuffix(tag, ",omitempty")
		if tag == "" {
			tag = field.Name
		}
		write, err := compile(field.Type, within)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		members = append(members, member{name: tag, index: []int{i}, write: write, later: later})
	}
	return members, nil
}

// compileMap makes the step of a map whose keys are text.
func compileMap(t reflect.Type, within []reflect.Type) (step, error) {
	if t.Key().Kind() != reflect.String || hasText(t.Key()) {
		return nil, fmt.Errorf("a map's keys must be plain text, not %s", t.Key())
	}
	write, err := compile(t.Elem(), within)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return compareNames(a.String(), b.String()) })
		dst = append(dst, '{')
		for i, key := range keys {
			var err error
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendString(dst, key.String()); err != nil {
				return nil, fmt.Errorf("a key: %w", err)
			}
			if dst, err = write(append(dst, ':'), v.MapIndex(key)); err != nil {
				return nil, fmt.Errorf("an entry: %w", err)
			}
		}
		return append(dst, '}'), nil
	}, nil
}
