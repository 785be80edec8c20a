package store_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

// blanks are one empty record of every table.
func blanks() []crisis.Record {
	return []crisis.Record{
		new(crisis.Policy), new(crisis.Category), new(crisis.Channel), new(crisis.Person), new(crisis.Role),
		new(crisis.Grant), new(crisis.Credential), new(crisis.Message), new(crisis.Source), new(crisis.Report),
		new(crisis.MessageReport), new(crisis.Location), new(crisis.Assessment), new(crisis.Incident),
		new(crisis.Summary), new(crisis.Membership), new(crisis.Relation), new(crisis.Evidence), new(crisis.Blob),
		new(crisis.Hotspot),
	}
}

// text draws UTF-8 of any script; plain columns hold no NUL.
func text(t *rapid.T, name string) string {
	return strings.ReplaceAll(rapid.StringN(0, 12, 40).Draw(t, name), "\x00", "")
}

func drawID(t *rapid.T, name string) (id crisis.ID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
	return id
}

// fill draws every field of a record: edge cases of floats and times, lists that
// are nil and empty, zero values.
func fill(t *rapid.T, v reflect.Value, name string) {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		if rapid.Bool().Draw(t, name+" set") {
			micros := rapid.Int64Range(-3e15, 7e15).Draw(t, name)
			zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, name+" zone")*3600)
			*at = time.UnixMicro(micros).Add(time.Duration(rapid.IntRange(0, 999).Draw(t, name+" ns"))).In(zone)
		}
		return
	case *crisis.ID:
		if rapid.Bool().Draw(t, name+" set") {
			*at = drawID(t, name)
		}
		return
	case *vault.Secret:
		*at = vault.Secret(rapid.StringN(0, 12, 40).Draw(t, name))
		return
	case *vault.SecretBytes:
		*at = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, name)
		return
	case *geo.Bounds:
		*at = geo.Bounds{West: rapid.Float64Range(-180, 180).Draw(t, name), North: rapid.Float64Range(-90, 90).Draw(t, name)}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.Name != "Meta" {
				fill(t, v.Field(i), name+"."+field.Name)
			}
		}
	case reflect.String:
		v.SetString(text(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, name))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, name)))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64Max(1<<63-1).Draw(t, name))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(t, name))
	case reflect.Array:
		reflect.Copy(v, reflect.ValueOf(rapid.SliceOfN(rapid.Byte(), v.Len(), v.Len()).Draw(t, name)))
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, name+" length"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i), name)
			}
		}
	case reflect.Map:
		for range rapid.IntRange(0, 3).Draw(t, name+" size") {
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			value := reflect.New(v.Type().Elem()).Elem()
			fill(t, value, name)
			v.SetMapIndex(reflect.ValueOf(text(t, name+" key")), value)
		}
	default:
		t.Fatalf("%s: nobody drew a %s", name, v.Type())
	}
}

// drawRecord draws a record that the database's laws allow.
func drawRecord(t *rapid.T, record crisis.Record, id crisis.ID) {
	fill(t, reflect.ValueOf(record).Elem(), string(record.Table()))
	*record.Head() = crisis.First(id, time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")), crisis.Actor("system:"+text(t, "by")))
	switch r := record.(type) {
	case *crisis.Policy:
		r.Key = id.String()
	case *crisis.Category:
		r.Key, r.Enabled = id.String(), false
	case *crisis.Channel:
		r.Name = id.String()
	case *crisis.Person:
		r.Name = id.String()
	case *crisis.Credential:
		copy(r.Hash[:], id[:])
	case *crisis.Message:
		r.Channel = id
	case *crisis.Location:
		r.Lon, r.Lat = rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-90, 90).Draw(t, "lat")
	case *crisis.Incident:
		r.First, r.Second, r.Status = crisis.Approval{}, crisis.Approval{}, crisis.StatusTriaged
	case *crisis.Assessment:
		r.Incident, r.Person, r.Credibility = id, id, rapid.IntRange(0, 6).Draw(t, "credibility")
		r.By = crisis.PersonActor(r.Person)
	}
}

// TestRoundTrip: whatever is written comes back the same, on both databases,
// with points sealed and not; times as crisis.Moment keeps them, empty lists as
// nil. Verify, which reads through the same columns, agrees.
func TestRoundTrip(t *testing.T) {
	same := cmp.Options{
		cmpopts.EquateEmpty(), cmpopts.IgnoreFields(crisis.Meta{}, "Entry", "ValidTo"),
		cmp.Transformer("moment", func(at time.Time) time.Time { return crisis.Moment(at) }),
		cmp.Transformer("zero", func(f float64) float64 { return f + 0 }), // -0 is 0
	}
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		for _, hidden := range []bool{false, true} {
			if hidden {
				write(t, s, put(&crisis.Category{Meta: first(t), Key: "detention", Profile: crisis.ProfileHidden, Enabled: true}))
			}
			rapid.Check(t, func(rt *rapid.T) {
				records := blanks()
				for _, record := range records {
					drawRecord(rt, record, newID(t))
				}
				if _, err := s.Write(t.Context(), put(records...)); err != nil {
					rt.Fatal(err)
				}
				for _, record := range records {
					got, err := s.Current(t.Context(), record.Table(), record.RecordID())
					if err != nil {
						rt.Fatal(err)
					}
					if !cmp.Equal(record, got, same) {
						rt.Fatalf("%s came back otherwise:\n%s", record.Table(), cmp.Diff(record, got, same))
					}
				}
			})
		}
		verdict, err := s.Verify(t.Context(), nil, nil)
		if err != nil || len(verdict.Faults) > 0 {
			t.Fatalf("verify: %v %q", err, verdict.Faults)
		}
		for _, record := range blanks() {
			if verdict.Records[record.Table()] == 0 {
				t.Errorf("nothing was read of %s", record.Table())
			}
		}
	})
}

// TestRefusesWhatHasNoForm: what one database would keep otherwise than the other
// is kept by neither.
func TestRefusesWhatHasNoForm(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		for name, record := range map[string]crisis.Record{
			"NUL in a plain column": &crisis.Policy{Meta: first(t), Key: "a\x00b"},
			"no UTF-8":              &crisis.Policy{Meta: first(t), Key: "a\xff"},
			"no UTF-8, sealed":      &crisis.Report{Meta: first(t), Text: "a\xff"},
			"not a number":          &crisis.Membership{Meta: first(t), Score: nan()},
			"off the Earth":         &crisis.Location{Meta: first(t), Lon: 181},
			"no id":                 &crisis.Policy{Meta: crisis.First(crisis.ID{}, time.Now(), actor)},
			"no revision":           &crisis.Policy{Meta: crisis.Meta{ID: newID(t)}},
		} {
			if _, err := s.Write(t.Context(), put(record)); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		if size, err := s.Size(t.Context()); err != nil || size != 0 {
			t.Errorf("%d entries of nothing: %v", size, err)
		}
	})
}

func nan() float64 { zero := 0.0; return zero / zero }
