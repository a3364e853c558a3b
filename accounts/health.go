package accounts

import (
	"time"

	"fettle/oauthflow/diagnose"
)

// State is an account's health in one word; the constants stand worst first.
type State string

// The states of design order: the first that applies is the account's state.
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

// Severity groups states for counts and monitors.
type Severity string

// Severities, as monitors know them.
const (
	SeverityCritical Severity = "critical"
	SeverityWarning  Severity = "warning"
	SeverityOK       Severity = "ok"
)

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

// Health is everything that can be said about an account now, without asking anybody.
type Health struct {
	Finding            // the worst one
	Findings []Finding // all that apply, worst first; never empty

	ProvenAt    time.Time // when the provider last accepted the grant
	LastGoodAt  time.Time
	DiesAt      time.Time // zero: no date can be known
	DiesBecause string
}

// Policy is the operator's idea of soon and of fresh ([health] in config.toml).
type Policy struct {
	Soon  time.Duration // "expiring" begins that long before the date
	Fresh time.Duration // a proof counts that long
}

// DefaultPolicy is used where config.toml says nothing.
var DefaultPolicy = Policy{Soon: 14 * 24 * time.Hour, Fresh: 7 * 24 * time.Hour}
