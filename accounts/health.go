package accounts

import (
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// State is an account's health in one word; the constants stand worst first.
type State string

// The states, worst first: the first that applies is the account's state.
const (
	NeedsSignIn        State = "needs_sign_in"
	WrongIdentity      State = "wrong_identity"
	MissingPermissions State = "missing_permissions"
	Blocked            State = "blocked"
	Expiring           State = "expiring"
	NoResources        State = "no_resources"
	Unreachable        State = "unreachable"
	ToRevoke           State = "to_revoke"
	Unproven           State = "unproven"
	Healthy            State = "healthy"
)

// States lists all states, worst first.
var States = []State{
	NeedsSignIn, WrongIdentity, MissingPermissions, Blocked, Expiring, NoResources, Unreachable, ToRevoke, Unproven, Healthy,
}

// rank is a state's place, 0 for the worst.
func (s State) rank() int { return slices.Index(States, s) }

// Severity groups states for counts and monitors.
type Severity string

// Severities, as monitors know them.
const (
	SeverityCritical Severity = "critical"
	SeverityWarning  Severity = "warning"
	SeverityOK       Severity = "ok"
)

// rank is 0 for the worst.
func (s Severity) rank() int {
	return slices.Index([]Severity{SeverityCritical, SeverityWarning, SeverityOK}, s)
}

// Finding is one thing that is true about an account's health.
type Finding struct {
	State    State
	Severity Severity
	Cause    string // diagnose identifier: revoked, expired, idle, interrupted, …
	Remedy   diagnose.Remedy
	Title    string    // what, in words: "revoked at the provider"
	Detail   string    // why and what to do, one or two sentences
	Since    time.Time // zero: not known
}

// Health is everything that can be said about an account now, without asking anybody. Its State is the
// worst that applies; its Severity is the worst of all findings.
type Health struct {
	Finding            // the worst one
	Findings []Finding // all that apply, worst first; never empty

	ProvenAt    time.Time // when the provider last accepted the grant
	LastGoodAt  time.Time // the last good outcome of any kind
	DiesAt      time.Time // zero: no date can be known, or it is dead already
	DiesBecause string
	Risks       []Risk // ends that have no date; shared between accounts, not to be written to
}

// Policy is the operator's idea of soon and of fresh ([health] in config.toml).
type Policy struct {
	Soon  time.Duration // "expiring" begins that long before the date
	Fresh time.Duration // a proof counts that long
}

// DefaultPolicy is used where config.toml says nothing.
var DefaultPolicy = Policy{Soon: 14 * 24 * time.Hour, Fresh: 7 * 24 * time.Hour}

const (
	day = 24 * time.Hour

	criticalBefore = 3 * day     // expiring is critical from then on
	criticalAfter  = day         // unreachable is critical after that
	inFlight       = time.Minute // a trace younger than that belongs to a refresh under way
)

// Facts is everything Evaluate looks at.
type Facts struct {
	Account      store.Account
	Provider     provider.Provider // the zero value: not in the catalogue any more
	Observations []store.Observation
	Intent       *store.Intent
	Missing      []provider.Permission
	Drift        []Drift
	Client       ClientFacts
	Unchecked    bool // a credential is stored that was not checked, or is not in use yet

	causes *causes // nil: looked up in the catalogue
}

// Evaluate says how an account is. It is pure: the same facts at the same time give the same health.
func Evaluate(f Facts, p Policy, now time.Time) Health {
	if f.causes == nil {
		f.causes = causesOf(f.Provider, f.Account, f.Client)
	}
	e := evaluation{Facts: f, policy: p, now: now}
	if f.Account.ToRevoke {
		e.toRevoke()
	} else {
		e.signIn()
		e.identity()
		e.permissions()
		e.blocked()
		e.unreachable()
		e.clock()
		e.resources()
		e.terms()
		e.open()
		e.proof()
	}
	return e.health()
}

// evaluation gathers findings.
type evaluation struct {
	Facts
	policy Policy
	now    time.Time

	found []Finding
	death death
}

func (e *evaluation) add(f Finding) { e.found = append(e.found, f) }

func (e *evaluation) has(s State) bool {
	return slices.ContainsFunc(e.found, func(f Finding) bool { return f.State == s })
}

// health sorts the findings. One state keeps the order in which it was found: the surest cause first.
func (e *evaluation) health() Health {
	slices.SortStableFunc(e.found, func(a, b Finding) int { return a.State.rank() - b.State.rank() })
	h := Health{Finding: e.found[0], Findings: e.found, ProvenAt: e.Account.ProvenAt, LastGoodAt: e.Account.ProvenAt}
	for _, f := range e.found {
		if f.Severity.rank() < h.Severity.rank() {
			h.Severity = f.Severity
		}
	}
	for _, o := range e.Observations {
		h.LastGoodAt = later(h.LastGoodAt, o.LastGood)
	}
	if !e.Account.ToRevoke && !e.has(NeedsSignIn) {
		h.DiesAt, h.DiesBecause = e.death.at, e.death.because
	}
	h.Risks = e.causes.risks
	return h
}
