package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind is a way for a request to go wrong.
type FaultKind string

// The kinds of faults. Only FaultSlowAnswer and FaultDropAfter process the request.
const (
	FaultServerError FaultKind = "server-error" // HTTP 500 (or Status) with a JSON body
	FaultHTML        FaultKind = "html-error"   // HTTP 500 (or Status) with an HTML body, as a proxy in front sends it
	FaultRateLimit   FaultKind = "rate-limit"   // HTTP 429 with Retry-After
	FaultOAuthError  FaultKind = "oauth-error"  // Code (default invalid_grant) with Description and Subtype; the grant stays alive
	FaultSlowDown    FaultKind = "slow-down"    // slow_down to a device poll
	FaultDelay       FaultKind = "delay"        // waits, then processes and answers
	FaultSlowAnswer  FaultKind = "slow-answer"  // processes, then waits, then answers
	FaultDrop        FaultKind = "drop"         // cuts the connection before processing
	FaultDropAfter   FaultKind = "drop-after"   // processes, then cuts the connection: the answer is lost
)

// Target is a part of the server that a fault can hit.
type Target string

// The targets.
const (
	TargetAll       Target = "all" // all of the following
	TargetToken     Target = "token"
	TargetDevice    Target = "device" // device authorization requests, not polls
	TargetAPI       Target = "api"    // resources, userinfo, tokeninfo
	TargetRevoke    Target = "revoke"
	TargetDiscovery Target = "discovery"
)

// Fault is one order to let requests go wrong.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	On    Target    `json:"on"`              // default TargetAll; TargetToken for the OAuth errors
	Grant string    `json:"grant,omitempty"` // token endpoint only: the grant type, or its end ("refresh_token", "device_code")
	Times int       `json:"times"`           // how many requests; 0 = until cleared

	Status      int           `json:"status,omitempty"`
	Delay       time.Duration `json:"delay,omitempty"`       // FaultDelay, FaultSlowAnswer
	RetryAfter  time.Duration `json:"retry_after,omitempty"` // FaultRateLimit; whole seconds, default 1 s
	Code        string        `json:"code,omitempty"`
	Description string        `json:"description,omitempty"`
	Subtype     string        `json:"subtype,omitempty"`
}

// Faults are the orders in force, carried out in the order they were given.
type Faults struct {
	mu     sync.Mutex
	orders []*Fault
	gates  []*Gate
}

func newFaults() *Faults { return &Faults{} }

// Add lets requests go wrong from now on.
func (f *Faults) Add(fault Fault) error {
	switch fault.Kind {
	case FaultOAuthError, FaultSlowDown:
		if fault.On == "" {
			fault.On = TargetToken
		}
		if fault.Kind == FaultSlowDown {
			fault.Grant, fault.Code = "device_code", "slow_down"
		}
		if fault.Code == "" {
			fault.Code = "invalid_grant"
		}
	case FaultServerError, FaultHTML, FaultRateLimit, FaultDelay, FaultSlowAnswer, FaultDrop, FaultDropAfter:
	default:
		return fmt.Errorf("sandbox: unknown fault %q", fault.Kind)
	}
	if fault.On == "" {
		fault.On = TargetAll
	}
	if !slices.Contains([]Target{TargetAll, TargetToken, TargetDevice, TargetAPI, TargetRevoke, TargetDiscovery}, fault.On) {
		return fmt.Errorf("sandbox: unknown fault target %q", fault.On)
	}
	if fault.Times < 0 || (fault.Status != 0 && (fault.Status < 400 || fault.Status > 599)) {
		return fmt.Errorf("sandbox: a fault needs times ≥ 0 and a status from 400 to 599")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, &fault)
	return nil
}

// Clear takes back every order and opens every gate.
func (f *Faults) Clear() {
	f.mu.Lock()
	gates := f.gates
	f.orders, f.gates = nil, nil
	f.mu.Unlock()
	for _, g := range gates {
		g.Open()
	}
}

// Pending are the orders in force; Times is what is left of them.
func (f *Faults) Pending() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, len(f.orders))
	for i, order := range f.orders {
		out[i] = *order
	}
	return out
}

// take is the fault for a request, if one is in force, and counts it.
func (f *Faults) take(on Target, grantType string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, order := range f.orders {
		if (order.On != TargetAll && order.On != on) || !strings.HasSuffix(grantType, order.Grant) {
			continue
		}
		fault := *order
		if order.Times == 1 {
			f.orders = slices.Delete(f.orders, i, i+1)
		} else if order.Times > 1 {
			order.Times--
		}
		return fault, true
	}
	return Fault{}, false
}

// targetOf is what a path belongs to; pages and controls never go wrong on demand.
func targetOf(path string) Target {
	switch path {
	case tokenPath:
		return TargetToken
	case deviceAuthPath:
		return TargetDevice
	case revokePath:
		return TargetRevoke
	case oidcPath, rfc8414Path, keysPath:
		return TargetDiscovery
	case userinfoPath, tokeninfoPath, introspectPath:
		return TargetAPI
	}
	for _, prefix := range []string{"/v1beta/", "/drive/", "/v1/"} {
		if strings.HasPrefix(path, prefix) {
			return TargetAPI
		}
	}
	return ""
}

// grantTypeOf reads the grant type of a token request; ParseForm keeps the form for the handler.
func grantTypeOf(r *http.Request) string {
	if r.URL.Path != tokenPath || r.ParseForm() != nil {
		return ""
	}
	return r.PostForm.Get("grant_type")
}
