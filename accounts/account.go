package accounts

import (
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// Account is what is known about one account now: its record, its health, and what hangs on it. It holds no secret.
type Account struct {
	store.Account

	ProviderName string
	ServiceNames []ServiceName
	ClientLabel  string // label of the client registration, "from config" for one in config.toml

	Health  Health
	Missing []provider.Permission // required and not granted, in the words of the consent page

	Pending   *PendingFlow   // a flow that would re-authorize this account
	Candidate *CandidateFact // a stored grant that waits for the operator's choice

	// OpenSince is when a refresh began that has not ended: it is under way, or it was cut off and the
	// next refresh settles it. Zero: none.
	OpenSince time.Time

	Observations []store.Observation
	Canvases     []string // names of the canvases that use it
}

// ServiceName pairs a service's ID with its name in the catalogue.
type ServiceName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// PendingFlow is a flow somebody started and nobody finished.
type PendingFlow struct {
	FlowID    string
	Name      string // the reserved account name
	Provider  string
	Services  []string
	Kind      provider.FlowKind
	StartedAt time.Time
	ExpiresAt time.Time
	Driven    bool // some process holds the flow's lock right now
}

// CandidateFact is what a candidate grant would change.
type CandidateFact struct {
	Identity   string // e-mail or subject it belongs to
	SameOwner  bool
	Granted    []string
	Missing    []provider.Permission
	WrittenAt  time.Time
	WhyWaiting string // one sentence
}

// Snapshot is one consistent look at the book.
type Snapshot struct {
	Revision int64
	TakenAt  time.Time
	Accounts []Account     // worst health first, then by name
	Pending  []PendingFlow // flows that would make a new account
	Locked   bool          // the vault is locked; listing works all the same
}

// ByID finds an account of the snapshot.
func (s Snapshot) ByID(id string) (Account, bool) {
	for i := range s.Accounts {
		if s.Accounts[i].ID == id {
			return s.Accounts[i], true
		}
	}
	return Account{}, false
}

// ByName finds an account of the snapshot by its reference name.
func (s Snapshot) ByName(name string) (Account, bool) {
	for i := range s.Accounts {
		if s.Accounts[i].Name == name {
			return s.Accounts[i], true
		}
	}
	return Account{}, false
}
