package accept_test

import (
	"net/http"
	"net/url"
)

// incident is a row of the desk.
type incident struct {
	ID          string
	Status      string
	Version     int
	Severity    string
	Needs       string
	ReportCount int `json:"report_count"`
	Location    *struct {
		Lon, Lat     float64
		UncertaintyM float64 `json:"uncertainty_m"`
		Method       string
	}
	PublicID *string `json:"public_id"`
}

type incidentPage struct {
	Incidents []incident
	Next      *string
}

// card is one incident with its reports.
type card struct {
	incident
	Reports []struct {
		ID, Text, Channel string
		Source            *struct{ Pseudonym string }
	}
}

// find lists the incidents whose reports mention words.
func (c *caller) find(words string) []incident {
	c.t.Helper()
	return get[incidentPage](c, "/api/v1/desk/incidents?limit=200&q="+url.QueryEscape(words)).Incidents
}

// awaitIncident waits until exactly one incident mentions the words.
func (c *caller) awaitIncident(words string) incident {
	c.t.Helper()
	var found []incident
	await(c.t, "an incident mentions "+words, func() bool {
		found = c.find(words)
		return len(found) > 0
	})
	if len(found) != 1 {
		c.t.Fatalf("%d incidents mention %q", len(found), words)
	}
	return found[0]
}

// all lists every incident.
func (c *caller) all() []incident {
	c.t.Helper()
	var found []incident
	for path := "/api/v1/desk/incidents?limit=200"; ; {
		page := get[incidentPage](c, path)
		found = append(found, page.Incidents...)
		if page.Next == nil {
			return found
		}
		path = "/api/v1/desk/incidents?limit=200&cursor=" + url.QueryEscape(*page.Next)
	}
}

func (c *caller) card(id string) card {
	c.t.Helper()
	return get[card](c, "/api/v1/desk/incidents/"+id)
}

// ticket goes with every write on an incident.
type ticket struct {
	ClaimToken string `json:"claim_token"`
	Version    int    `json:"version"`
}

// claim holds an incident as it is now.
func (c *caller) claim(id string) ticket {
	c.t.Helper()
	path := "/api/v1/desk/incidents/" + id
	held := call[struct{ Token string }](c, http.MethodPost, path+"/claim", nil, http.StatusCreated)
	return ticket{ClaimToken: held.Token, Version: c.card(id).Version}
}

type judgement struct {
	ticket
	Verdict     string `json:"verdict"`
	Credibility int    `json:"credibility"`
	Reason      string `json:"reason"`
}

// approve claims and approves, and gives the incident as it is then.
func (c *caller) approve(id string) incident {
	c.t.Helper()
	return call[incident](c, http.MethodPost, "/api/v1/desk/incidents/"+id+"/assessments",
		judgement{ticket: c.claim(id), Verdict: "approve", Credibility: 2, Reason: "Called back, and a photo agrees."}, http.StatusOK)
}

type whereabouts struct {
	ticket
	Lon          float64 `json:"lon"`
	Lat          float64 `json:"lat"`
	UncertaintyM float64 `json:"uncertainty_m"`
	Reason       string  `json:"reason"`
}

// locate claims, says where it is, and gives the claim back.
func (c *caller) locate(id string, lon, lat, uncertainty float64) incident {
	c.t.Helper()
	path := "/api/v1/desk/incidents/" + id
	held := c.claim(id)
	placed := call[incident](c, http.MethodPut, path+"/location",
		whereabouts{ticket: held, Lon: lon, Lat: lat, UncertaintyM: uncertainty, Reason: "The caller described the corner."}, http.StatusOK)
	call[struct{}](c, http.MethodDelete, path+"/claim", map[string]string{"token": held.ClaimToken}, http.StatusNoContent)
	return placed
}
