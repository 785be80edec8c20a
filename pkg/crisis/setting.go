package crisis

import (
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Policy is one setting of the deployment that people change while it runs:
// its Value is the JSON of what Key names.
type Policy struct {
	Meta
	Key   string
	Value string
}

// PolicyDeployment is the key whose value is a Deployment.
const PolicyDeployment = "deployment"

// Deployment is what setup asks: one crisis, one database, one ledger origin.
type Deployment struct {
	Name      string      `json:"name"`
	Crisis    string      `json:"crisis"`
	Profile   Profile     `json:"profile"`
	Area      *geo.Bounds `json:"area"`
	TimeZone  string      `json:"timezone"`
	Languages []string    `json:"languages"`
	Emergency Emergency   `json:"emergency"`
	// Cell is the guarded grid in degrees: 0.01, 0.05 or 0.1.
	Cell float64 `json:"cell"`
	// Hotspot holds the deployment's density defaults.
	Hotspot  Density `json:"hotspot"`
	Training bool    `json:"training"`
	// SetUp is when somebody finished setup; zero until then.
	SetUp time.Time `json:"set_up"`
	// KeyConfirmed is when a person said that a copy of the key lies elsewhere.
	KeyConfirmed time.Time `json:"key_confirmed"`
}

// Emergency is what every witness is told: whom to call, and that nobody may be
// reading.
type Emergency struct {
	Number string `json:"number"`
	// Sentence by language; {number} in it stands for Number.
	Sentence map[string]string `json:"sentence"`
}

// Density is what makes a hotspot: Weight within Metres and Hours.
type Density struct {
	Metres float64 `json:"metres"`
	Hours  float64 `json:"hours"`
	Weight float64 `json:"weight"`
}

// DefaultDensity is CONTRACT's: weight 3 within 1,000 m and 24 h.
func DefaultDensity() Density { return Density{Metres: 1000, Hours: 24, Weight: 3} }

// Category is one kind of thing that can happen.
type Category struct {
	Meta
	Key      string
	Parent   string
	Labels   map[string]string // by language
	Icon     string
	Severity Severity
	// Profile is empty where the deployment's own counts.
	Profile Profile
	// LifetimeHours ends an incident that nobody renewed; 0 never does.
	LifetimeHours float64
	Enabled       bool
	// Density overrides the deployment's; zero Weight means it does not.
	Density Density
	Order   int
}

// Label is the category's name in a language, else in English, else its key.
func (c *Category) Label(language string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, tag := range []string{language, base, "en"} {
		if label := c.Labels[tag]; label != "" {
			return label
		}
	}
	return c.Key
}

// Channel is a configured way in and often out.
type Channel struct {
	Meta
	Name      string
	Kind      string
	PublicURL string // exactly what the provider signs; empty for the default
	Settings  map[string]string
	// Secrets holds, sealed, each secret setting's live values, newest first.
	Secrets map[string][]vault.Secret
	Enabled bool
}

// Person is somebody who works here.
type Person struct {
	Meta
	Name         string
	Organisation string
	Email        vault.Secret
	Languages    []string
	// Passphrase is an Argon2id hash in PHC form; empty where none was set.
	Passphrase vault.Secret
	Disabled   bool
	// Scripted marks the demo's actors.
	Scripted bool
}

// Role gives a person a role until it is ended.
type Role struct {
	Meta
	Person ID
	Name   RoleName
	Ended  bool
}

// Grant lets a person see true points: within areas and categories, none named
// meaning all of them, until an end. Hidden categories only when Hidden.
type Grant struct {
	Meta
	Person     ID
	Areas      []geo.Bounds
	Categories []string
	Hidden     bool
	Until      time.Time // zero: no end
	Ended      bool
}

// CredentialKind is what a credential opens.
type CredentialKind string

const (
	// CredentialToken is a bearer token for programs.
	CredentialToken CredentialKind = "token"
	// CredentialInvitation is a link that signs a person in once.
	CredentialInvitation CredentialKind = "invitation"
	// CredentialSetup is the one setup link.
	CredentialSetup CredentialKind = "setup"
	// CredentialCard opens a report card once: a short form that adds to one
	// report.
	CredentialCard CredentialKind = "card"
)

// Credential is a long random secret kept only as its hash.
type Credential struct {
	Meta
	Kind    CredentialKind
	Person  ID // zero for setup
	Role    RoleName
	Hash    [32]byte
	Expires time.Time // zero: never
	Ended   bool      // spent or revoked
	// Report is what a card adds to.
	Report ID `canon:",omitempty"`
}
