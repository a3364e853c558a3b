package store

import (
	"time"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Account is the public half of an account: one identity at one provider, authorized through one client
// for one or more services. Times are UTC; a zero time means "never" or "not known".
type Account struct {
	ID       string
	Name     string // the reference name that jobs use
	Revision int64

	Provider string
	ClientID string   // a Client record, or "" for the client from config.toml
	Services []string // IDs in the provider's catalogue entry

	// Origins: what the secrets of this account were obtained with. Config cannot redirect them.
	Server        oauthflow.Server
	OAuthClientID string
	AuthMethod    provider.AuthMethod
	ClientHash    string // hash of the client secret, to notice that it changed

	Identity oauthflow.Identity
	Required []string // scopes the services need, normalised
	Granted  []string // scopes the provider granted, normalised
	Kept     map[string]string

	Rotation   provider.Rotation // as observed; starts as the catalogue says
	Generation int64             // of the current grant
	Holder     string            // HolderBook, or "file:<file id>"
	HasRefresh bool

	AuthorizedAt     time.Time // the last consent
	RefreshedAt      time.Time // the last time a new access token came
	ProvenAt         time.Time // the last time the provider accepted the grant
	AccessExpiresAt  time.Time
	RefreshExpiresAt time.Time // as stated by the provider
	ResourcesAt      time.Time // when resources were last listed

	ToRevoke  bool // removed here, still valid at the provider
	CreatedAt time.Time
}

// HolderBook is the holder of every grant that no password file holds.
const HolderBook = "book"

// Role tells the live grant from one that waits for its checks.
type Role string

// A grant is stored as candidate before it is checked, and current once promoted.
const (
	Current   Role = "current"
	Candidate Role = "candidate"
)

// Grant is the sealed half of an account. Blob is sealed with (table "grants", the account's ID, Seq).
type Grant struct {
	AccountID  string
	Role       Role
	Seq        int64 // rises with every write: fence, sealing data, adoption
	Generation int64
	Holder     string
	Blob       []byte
	// Facts is what a candidate would make of its account's public half, as JSON; empty for a current grant.
	Facts     []byte
	WrittenAt time.Time
}

// Intent says that a token request was about to be sent: the durable trace of what is in flight.
type Intent struct {
	AccountID string
	Seq       int64  // of the grant that was about to be used
	TokenHash string // of the refresh token that was about to be sent
	At        time.Time
	PID       int
}

// ObservationKind names what was observed; each account keeps the last observation of each kind.
type ObservationKind string

// What is observed about an account.
const (
	ObservedRefresh   ObservationKind = "refresh"
	ObservedScopes    ObservationKind = "scopes"
	ObservedIdentity  ObservationKind = "identity"
	ObservedProbe     ObservationKind = "probe"
	ObservedResources ObservationKind = "resources"
	ObservedRevoke    ObservationKind = "revoke"
	ObservedStore     ObservationKind = "store"  // whether what is needed of this machine can be opened
	ObservedClock     ObservationKind = "clock"  // of this machine; a failure is Transient where it is told and stops nothing
	ObservedHolder    ObservationKind = "holder" // a password file got the credential
)

// Observation is the outcome of the last attempt of one kind.
type Observation struct {
	AccountID string
	Kind      ObservationKind
	At        time.Time
	OK        bool
	Transient bool      // failed in a way that says nothing about the grant
	FailsFrom time.Time // first failure of the present unbroken row of failures; zero when OK
	LastGood  time.Time
	Cause     string // diagnosis identifiers; empty when OK
	Remedy    string
	Title     string // sanitised sentences for the screen
	Detail    string
	Status    int    // HTTP status, 0 = none
	Code      string // the provider's error code
}

// Resource is one cached entry of an account's resource listing.
type Resource struct {
	AccountID string
	Service   string
	oauthflow.Resource
	FirstSeen time.Time
	LastSeen  time.Time
	GoneAt    time.Time // when a listing first lacked it; zero: it was in the last one
}

// Listing says when a service of an account was listed last, and when the time before that.
type Listing struct {
	AccountID string
	Service   string
	At        time.Time
	FormerAt  time.Time // zero: At is the first listing, so nothing in it is new
}

// Client is a client registration kept in the store. Blob holds the sealed secret (table "clients", ID, Seq); empty = no secret.
type Client struct {
	ID        string
	Revision  int64
	Provider  string
	Label     string
	OAuthID   string
	Auth      provider.AuthMethod
	Kind      string // of the provider's client kinds, or installed | web as Google's files say; "" = not known
	Redirects []string
	Seq       int64
	Blob      []byte
	CreatedAt time.Time

	// What only the provider's console shows; entered by the operator.
	Testing         bool      // the consent screen is in testing, which ends every sign-in early
	SecretExpiresAt time.Time // zero: never, or not known
}

// Flow is a pending authorization. Public is oauthflow.Flow as JSON; Blob what of it is sealed (table "flows", ID, 1).
type Flow struct {
	ID        string
	Revision  int64
	Name      string // the reserved account name
	AccountID string // the account being re-authorized, "" for a new one
	Provider  string
	ClientID  string // a Client record, or ""
	Services  []string
	Kind      provider.FlowKind
	Public    []byte
	Blob      []byte
	StartedAt time.Time
	ExpiresAt time.Time
}

// Event is an entry of the history: who did what to which account or canvas, with what outcome.
type Event struct {
	ID        int64
	At        time.Time
	Actor     string // OS user, with SUDO_USER and the SSH client address where there are any
	Action    string
	AccountID string
	CanvasID  string
	Subject   string // the name at that time
	OK        bool
	Detail    string // one sanitised sentence
}
