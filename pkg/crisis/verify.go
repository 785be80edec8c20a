package crisis

// Decision is the status that follows from what people judged, with the two
// approvals that carry it.
type Decision struct {
	Status Status
	First  Approval
	Second Approval
	// Wants says what is missing: "first", "second", "verifier", "third" or "".
	Wants string
}

// Decide turns assessments into a status (DESIGN §4, law 5). Only each
// person's latest assessment counts, whatever version it was made on; a
// submitter's never does. Assessments come oldest first.
//
//   - one approval: probable; two: verified; life-safety wants a verifier among
//     the two and stays probable without one.
//   - approval and refutal side by side: in review, until a third person or a
//     verifier settles it. What is verified falls only to a verifier's refutal
//     or to two people's.
//   - one refutal alone: refuted; spam and harmful likewise. Two who cannot
//     determine: unverifiable. A doubt or a question keeps it in review.
func Decide(severity Severity, assessments []*Assessment, submitters map[ID]bool) Decision {
	approve, refute, others := tally(assessments, submitters)
	switch {
	case len(approve) > 0 && len(refute) > 0:
		return contested(severity, approve, refute)
	case len(refute) > 0:
		return Decision{Status: StatusRefuted}
	case len(approve) > 0:
		return approved(severity, approve)
	}
	return undecided(others)
}

func tally(assessments []*Assessment, submitters map[ID]bool) (approve, refute []*Assessment, others map[Verdict]int) {
	latest := map[ID]int{}
	for i, a := range assessments {
		if !submitters[a.Person] {
			latest[a.Person] = i
		}
	}
	others = map[Verdict]int{}
	for i, a := range assessments {
		if at, counts := latest[a.Person]; !counts || at != i {
			continue
		}
		switch a.Verdict {
		case VerdictApprove:
			approve = append(approve, a)
		case VerdictRefute:
			refute = append(refute, a)
		default:
			others[a.Verdict]++
		}
	}
	return approve, refute, others
}

// approved picks the two approvals: the first, and for life-safety a verifier
// among them.
func approved(severity Severity, approve []*Assessment) Decision {
	first := approve[0]
	if len(approve) == 1 {
		return Decision{Status: StatusProbable, First: approval(first), Wants: secondWanted(severity, first)}
	}
	second := approve[1]
	if severity == SeverityLifeSafety && !first.AsVerifier && !second.AsVerifier {
		for _, a := range approve[2:] {
			if a.AsVerifier {
				second = a
				break
			}
		}
		if !second.AsVerifier {
			return Decision{Status: StatusProbable, First: approval(first), Wants: "verifier"}
		}
	}
	return Decision{Status: StatusVerified, First: approval(first), Second: approval(second)}
}

func secondWanted(severity Severity, first *Assessment) string {
	if severity == SeverityLifeSafety && !first.AsVerifier {
		return "verifier"
	}
	return "second"
}

func contested(severity Severity, approve, refute []*Assessment) Decision {
	carried := approved(severity, approve)
	if carried.Status == StatusVerified {
		if len(refute) >= 2 || refute[0].AsVerifier {
			return Decision{Status: StatusRefuted}
		}
		carried.Wants = "third"
		return carried
	}
	if len(refute) >= 2 {
		return Decision{Status: StatusRefuted}
	}
	return Decision{Status: StatusInReview, Wants: "third"}
}

func undecided(others map[Verdict]int) Decision {
	switch {
	case others[VerdictHarmful] > 0:
		return Decision{Status: StatusHarmful}
	case others[VerdictSpam] > 0:
		return Decision{Status: StatusSpam}
	case others[VerdictNeedsInfo] > 0:
		return Decision{Status: StatusNeedsInfo, Wants: "first"}
	case others[VerdictCannotDetermine] > 1:
		return Decision{Status: StatusUnverifiable}
	case len(others) > 0:
		return Decision{Status: StatusInReview, Wants: "first"}
	}
	return Decision{Status: StatusTriaged, Wants: "first"}
}

func approval(a *Assessment) Approval {
	return Approval{Assessment: a.ID, Person: a.Person, AsVerifier: a.AsVerifier}
}
