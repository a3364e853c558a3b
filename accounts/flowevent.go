package accounts

import (
	"fmt"
	"time"

	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// FlowIO is how a person takes part in a flow.
type FlowIO struct {
	Pasted <-chan string   // redirected addresses or codes; its end does not end the wait
	Report func(FlowEvent) // called from one goroutine, in order; nil reports to nobody
}

// FlowEventKind names a moment of an authorization; the same words stand in `authorize --json`.
type FlowEventKind string

// What happens during an authorization; exactly one of the last four ends it.
const (
	FlowPrompt     FlowEventKind = "prompt"   // show this to the person
	FlowWaiting    FlowEventKind = "waiting"  // nothing yet
	FlowRejected   FlowEventKind = "rejected" // a wrong callback or paste; the wait goes on
	FlowChecking   FlowEventKind = "checking" // a check began or ended
	FlowAuthorized FlowEventKind = "authorized"
	FlowPartial    FlowEventKind = "partial" // stored, but something needs attention
	FlowFailed     FlowEventKind = "failed"
	FlowExpired    FlowEventKind = "expired"
)

// FlowEvent is one moment of an authorization. Fields that do not belong to its kind are zero.
type FlowEvent struct {
	Kind       FlowEventKind
	Prompt     *Prompt             // prompt
	Check      *Check              // checking
	Reason     string              // partial, failed, expired: one sentence; waiting: why it is slow; rejected: a stable word
	Hint       string              // what to do about it, one sentence
	NextPollAt time.Time           // waiting on a device flow
	PasteOnly  bool                // prompt, waiting: no listener is open here
	Diagnosis  *diagnose.Diagnosis // failed
	Result     *FlowResult         // authorized, partial
}

// Prompt is what the person needs to authorize.
type Prompt struct {
	Flow                    PendingFlow
	VerificationURI         string
	VerificationURIComplete string
	UserCode                string
	ForeignHost             string // host of those two, in ASCII, where it is no site of the provider: to be warned of; else empty
	AuthorizationURL        string
	RedirectURI             string
	ListenPort              int // 0: paste only
	ExpiresAt               time.Time
}

// CheckID names a check; identifiers, once released, stay.
type CheckID string

// The checks of a new grant, and those that only Verify makes.
const (
	CheckRefreshToken CheckID = "refresh_token"
	CheckPermissions  CheckID = "permissions"
	CheckIdentity     CheckID = "identity"
	CheckProbe        CheckID = "probe"
	CheckResources    CheckID = "resources"
	CheckReadBack     CheckID = "read_back"

	CheckStore   CheckID = "store"
	CheckDNS     CheckID = "dns"
	CheckProxy   CheckID = "proxy"
	CheckConnect CheckID = "connection"
	CheckTLS     CheckID = "tls"
	CheckClock   CheckID = "clock"
	CheckRefresh CheckID = "refresh"
)

// CheckState is how a check stands.
type CheckState string

// States of a check.
const (
	CheckRunning CheckState = "running"
	CheckOK      CheckState = "ok"
	CheckWarning CheckState = "warning" // a finding that does not stop the account from working, or a passing failure
	CheckFailed  CheckState = "failed"
	CheckSkipped CheckState = "skipped"
)

// Check is one thing that was looked at, in words for the screen.
type Check struct {
	ID        CheckID
	Service   string // ID of the service, for probe and resources
	Title     string
	State     CheckState
	Detail    string
	Missing   []provider.Permission // permissions only
	Diagnosis *diagnose.Diagnosis   // where something was refused
}

// FlowEnd is how an authorization ended.
type FlowEnd string

// Ends of an authorization.
const (
	EndAuthorized      FlowEnd = "authorized"
	EndPartial         FlowEnd = "partial"          // current, but permissions are missing
	EndWaitingDecision FlowEnd = "waiting_decision" // stored beside the live grant; the operator chooses
	EndFailed          FlowEnd = "failed"
)

// FlowResult is what an authorization, or its repeated checks, led to.
type FlowResult struct {
	AccountID    string
	Name         string
	End          FlowEnd
	Checks       []Check
	Missing      []provider.Permission
	Reauthorized bool   // the account existed before
	Why          string // one sentence, unless the end is authorized
}

// event is the one that ends an authorization with this result.
func (r FlowResult) event() FlowEvent {
	kind := FlowPartial // also where the operator has to choose: it is stored, and needs attention
	switch r.End {
	case EndAuthorized:
		kind = FlowAuthorized
	case EndFailed:
		kind = FlowFailed
	case EndPartial, EndWaitingDecision:
	}
	return FlowEvent{Kind: kind, Reason: r.Why, Result: &r}
}

// flowEventOf translates what the protocol reports; what only the protocol cares about is left out.
func flowEventOf(e oauthflow.Event, providerID string) (FlowEvent, bool) {
	switch e.Kind {
	case oauthflow.Waiting:
		return FlowEvent{Kind: FlowWaiting, NextPollAt: e.NextPollAt}, true
	case oauthflow.SlowedDown:
		return FlowEvent{Kind: FlowWaiting, Reason: fmt.Sprintf("the provider asks for more patience: every %s from now on", e.Interval), NextPollAt: e.NextPollAt}, true
	case oauthflow.ConnectionLost:
		d := diagnose.Of(e.Err, diagnose.Hints{Provider: providerID})
		return FlowEvent{Kind: FlowWaiting, Reason: "no connection to the provider, trying on: " + d.Title, NextPollAt: e.NextPollAt}, true
	case oauthflow.Rejected:
		return FlowEvent{Kind: FlowRejected, Reason: e.Reason, Hint: e.Hint}, true
	case oauthflow.Received:
	}
	return FlowEvent{}, false
}
