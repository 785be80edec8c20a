package crisis

import (
	"testing"

	"pgregory.net/rapid"
)

func person(n byte) ID { return ID{15: n} }

func judged(by byte, verdict Verdict, asVerifier bool) *Assessment {
	return &Assessment{Meta: Meta{ID: ID{0: by, 15: 1}}, Person: person(by), Verdict: verdict, AsVerifier: asVerifier}
}

func TestDecide(t *testing.T) {
	yes, no := VerdictApprove, VerdictRefute
	for _, test := range []struct {
		name      string
		severity  Severity
		judged    []*Assessment
		submitter byte
		status    Status
		wants     string
	}{
		{"nobody yet", SeverityNormal, nil, 0, StatusTriaged, "first"},
		{"one yes is probable", SeverityNormal, []*Assessment{judged(1, yes, false)}, 0, StatusProbable, "second"},
		{"two yes are verified", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, yes, false)}, 0, StatusVerified, ""},
		{"one person twice is one", SeverityNormal, []*Assessment{judged(1, yes, false), judged(1, yes, false)}, 0, StatusProbable, "second"},
		{"the submitter does not count", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, yes, false)}, 2, StatusProbable, "second"},
		{"life safety wants a verifier", SeverityLifeSafety, []*Assessment{judged(1, yes, false), judged(2, yes, false)}, 0, StatusProbable, "verifier"},
		{"life safety with a verifier", SeverityLifeSafety, []*Assessment{judged(1, yes, true), judged(2, yes, false)}, 0, StatusVerified, ""},
		{"life safety, verifier third", SeverityLifeSafety, []*Assessment{judged(1, yes, false), judged(2, yes, false), judged(3, yes, true)}, 0, StatusVerified, ""},
		{"yes and no escalate", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, no, false)}, 0, StatusInReview, "third"},
		{"one no", SeverityNormal, []*Assessment{judged(1, no, false)}, 0, StatusRefuted, ""},
		{"two no beat one yes", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, no, false), judged(3, no, false)}, 0, StatusRefuted, ""},
		{"verified stands against one volunteer", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, yes, false), judged(3, no, false)}, 0, StatusVerified, "third"},
		{"verified falls to a verifier", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, yes, false), judged(3, no, true)}, 0, StatusRefuted, ""},
		{"a mind may change", SeverityNormal, []*Assessment{judged(1, no, false), judged(1, yes, false)}, 0, StatusProbable, "second"},
		{"spam", SeverityNormal, []*Assessment{judged(1, VerdictSpam, false)}, 0, StatusSpam, ""},
		{"spam against a yes is not enough", SeverityNormal, []*Assessment{judged(1, yes, false), judged(2, VerdictSpam, false)}, 0, StatusProbable, "second"},
		{"harmful", SeverityNormal, []*Assessment{judged(1, VerdictHarmful, false)}, 0, StatusHarmful, ""},
		{"a question", SeverityNormal, []*Assessment{judged(1, VerdictNeedsInfo, false)}, 0, StatusNeedsInfo, "first"},
		{"one who cannot tell", SeverityNormal, []*Assessment{judged(1, VerdictCannotDetermine, false)}, 0, StatusInReview, "first"},
		{"two who cannot tell", SeverityNormal, []*Assessment{judged(1, VerdictCannotDetermine, false), judged(2, VerdictCannotDetermine, false)}, 0, StatusUnverifiable, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			submitters := map[ID]bool{}
			if test.submitter != 0 {
				submitters[person(test.submitter)] = true
			}
			got := Decide(test.severity, test.judged, submitters)
			if got.Status != test.status || got.Wants != test.wants {
				t.Errorf("got %s wanting %q, want %s wanting %q", got.Status, got.Wants, test.status, test.wants)
			}
		})
	}
}

// TestNobodyVerifiesAlone draws any history of judgements: whatever it is,
// verified rests on two different people's yes, neither of them a submitter, and
// for life-safety on a verifier's.
func TestNobodyVerifiesAlone(t *testing.T) {
	verdicts := []Verdict{VerdictApprove, VerdictDoubt, VerdictRefute, VerdictCannotDetermine, VerdictNeedsInfo, VerdictSpam, VerdictHarmful}
	rapid.Check(t, func(t *rapid.T) {
		var all []*Assessment
		verifier := map[byte]bool{1: true, 2: rapid.Bool().Draw(t, "two verifies")}
		for range rapid.IntRange(0, 12).Draw(t, "judgements") {
			by := rapid.ByteRange(1, 5).Draw(t, "by")
			all = append(all, judged(by, rapid.SampledFrom(verdicts).Draw(t, "verdict"), verifier[by]))
		}
		submitter := person(rapid.ByteRange(1, 5).Draw(t, "submitter"))
		severity := rapid.SampledFrom([]Severity{SeverityNormal, SeverityLifeSafety}).Draw(t, "severity")
		got := Decide(severity, all, map[ID]bool{submitter: true})
		if got.Status == StatusProbable && (got.First.Person.IsZero() || got.First.Person == submitter) {
			t.Fatalf("probable on the word of %v", got.First)
		}
		if got.Status != StatusVerified {
			return
		}
		if got.First.Person == got.Second.Person || got.First.Person.IsZero() || got.Second.Person.IsZero() {
			t.Fatalf("verified by %v and %v", got.First, got.Second)
		}
		if got.First.Person == submitter || got.Second.Person == submitter {
			t.Fatal("verified by its submitter")
		}
		if severity == SeverityLifeSafety && !got.First.AsVerifier && !got.Second.AsVerifier {
			t.Fatal("life-safety verified without a verifier")
		}
	})
}

func TestBucket(t *testing.T) {
	for n, want := range map[uint32]uint32{0: 0, 1: 1, 2: 1, 3: 3, 4: 3, 5: 5, 9: 5, 10: 10, 19: 10, 20: 20, 5000: 20} {
		if got := Bucket(n); got != want {
			t.Errorf("%d falls in the bucket from %d, want %d", n, got, want)
		}
	}
}

func TestProfileOf(t *testing.T) {
	known := map[string]*Category{"flood": {Key: "flood"}, "pothole": {Key: "pothole", Profile: ProfileOpen}, "detention": {Key: "detention", Profile: ProfileHidden}}
	for _, test := range []struct {
		deployment Profile
		categories []string
		want       Profile
	}{
		{ProfileOpen, nil, ProfileGuarded},
		{ProfileHidden, nil, ProfileHidden},
		{ProfileOpen, []string{"flood"}, ProfileOpen},
		{ProfileGuarded, []string{"pothole"}, ProfileOpen},
		{ProfileGuarded, []string{"pothole", "flood"}, ProfileGuarded},
		{ProfileOpen, []string{"flood", "detention"}, ProfileHidden},
		{ProfileOpen, []string{"nobody-knows"}, ProfileGuarded},
	} {
		if got := ProfileOf(test.deployment, test.categories, known); got != test.want {
			t.Errorf("%s with %v: %s, want %s", test.deployment, test.categories, got, test.want)
		}
	}
}

// TestExposedUnder: the stricter word counts, whether it is today's, the shown
// one or one that a single person took away.
func TestExposedUnder(t *testing.T) {
	known := map[string]*Category{"flood": {Key: "flood"}, "pothole": {Key: "pothole", Profile: ProfileOpen}, "detention": {Key: "detention", Profile: ProfileHidden}}
	for _, test := range []struct {
		now, shown, bound []string
		want              Profile
	}{
		{[]string{"pothole"}, []string{"pothole"}, nil, ProfileOpen},
		{[]string{"pothole"}, []string{"flood"}, nil, ProfileGuarded},
		{[]string{"flood"}, []string{"pothole"}, nil, ProfileGuarded},
		{[]string{"flood"}, []string{"detention"}, nil, ProfileHidden},
		{[]string{"detention"}, []string{"flood"}, nil, ProfileHidden},
		{[]string{"flood"}, []string{"flood"}, []string{"flood", "detention"}, ProfileHidden},
		{nil, []string{"pothole"}, nil, ProfileGuarded},
	} {
		in := &Incident{Categories: test.now, Shown: Shown{Categories: test.shown, Bound: test.bound}}
		if got := ExposedUnder(ProfileGuarded, in, known); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// TestShownStatus: a severity that one person lowered does not make something
// life-safety verified without a verifier.
func TestShownStatus(t *testing.T) {
	verifier := Approval{AsVerifier: true}
	for _, test := range []struct {
		severity      Severity
		first, second Approval
		want          Status
	}{
		{SeverityNormal, Approval{}, Approval{}, StatusVerified},
		{SeverityLifeSafety, Approval{}, Approval{}, StatusProbable},
		{SeverityLifeSafety, verifier, Approval{}, StatusVerified},
		{SeverityLifeSafety, Approval{}, verifier, StatusVerified},
	} {
		in := &Incident{Status: StatusVerified, Severity: SeverityNormal, Shown: Shown{Severity: test.severity}, First: test.first, Second: test.second}
		if got := in.ShownStatus(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}
