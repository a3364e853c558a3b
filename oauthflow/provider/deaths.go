package provider

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// DeathFrom says from when the days of a Death are counted.
type DeathFrom string

// What a term is counted from. An event has no date: it can be named as a risk, and looked for when a grant is dead.
const (
	FromConsent   DeathFrom = "consent"    // fixed: nothing prolongs it but signing in again
	FromUse       DeathFrom = "use"        // rolling: each refresh starts it anew
	FromClientUse DeathFrom = "client-use" // rolling, for the client registration and every grant of it
	FromAnswer    DeathFrom = "answer"     // the token answer states the end (refresh_token_expires_in)
	FromEvent     DeathFrom = "event"      // somebody does something; no date is known beforehand
)

// DeathIf is a fact that has to hold for a cause to apply; what is unknown does not hold.
type DeathIf string

// The facts a cause can hang on.
const (
	IfAlways       DeathIf = ""
	IfTesting      DeathIf = "testing"       // the client's consent screen is in testing
	IfRefreshToken DeathIf = "refresh-token" // the grant has a refresh token
	IfAccessOnly   DeathIf = "access-only"   // it has none
)

// Death is one cause by which a provider ends grants: a term that can be dated, or an event that can only be named.
type Death struct {
	ID          string    `toml:"-"`
	Cause       string    `toml:"cause"`        // the diagnosis this is shown as: expired, idle, revoked, session_policy, client_invalid …
	From        DeathFrom `toml:"from"`         // what the term is counted from
	Days        int       `toml:"days"`         // the term, for consent, use and client-use
	If          DeathIf   `toml:"if"`           // what has to be true of the grant or its client
	Scopes      []string  `toml:"scopes"`       // only grants with one of these; a * at the end stands for anything
	UnlessOnly  []string  `toml:"unless_only"`  // not grants that have nothing but these
	Services    []string  `toml:"services"`     // only accounts of one of these services
	ClientKinds []string  `toml:"client_kinds"` // only clients of one of these kinds
	Words       string    `toml:"words"`        // what happens and why, one sentence
	Fix         string    `toml:"fix"`          // what prevents it or what to do then, one sentence
}

// Term returns how long after From the grant dies; 0 where there is no date.
func (d Death) Term() time.Duration { return time.Duration(d.Days) * day }

// GrantFacts is what is known of a grant when its causes of death are asked for. The zero value knows nothing.
type GrantFacts struct {
	Scopes     []string // the granted ones
	Services   []string // ids
	ClientKind string   // id of the client's kind, "" = unknown: causes of single kinds do not apply
	Testing    bool
	HasRefresh bool
}

// DeathList returns every cause, those with the shortest term first, then those without a date.
func (p Provider) DeathList() []Death {
	return slices.SortedFunc(maps.Values(p.Deaths), func(a, b Death) int {
		if (a.Days == 0) != (b.Days == 0) {
			return cmp.Compare(b.Days, a.Days)
		}
		return cmp.Or(cmp.Compare(a.Days, b.Days), strings.Compare(a.ID, b.ID))
	})
}

// DeathsOf returns the causes that apply to a grant, in the order of DeathList.
func (p Provider) DeathsOf(g GrantFacts) []Death {
	return slices.DeleteFunc(p.DeathList(), func(d Death) bool { return !p.applies(d, g) })
}

func (p Provider) applies(d Death, g GrantFacts) bool {
	switch {
	case d.If == IfTesting && !g.Testing, d.If == IfRefreshToken && !g.HasRefresh, d.If == IfAccessOnly && g.HasRefresh:
		return false
	case len(d.ClientKinds) > 0 && !slices.Contains(d.ClientKinds, g.ClientKind):
		return false
	case len(d.Services) > 0 && !slices.ContainsFunc(d.Services, func(id string) bool { return slices.Contains(g.Services, id) }):
		return false
	}
	granted := p.Normalise(g.Scopes)
	if len(d.UnlessOnly) > 0 {
		harmless := p.Normalise(d.UnlessOnly)
		if len(granted) > 0 && !slices.ContainsFunc(granted, func(s string) bool { return !slices.Contains(harmless, s) }) {
			return false
		}
	}
	return len(d.Scopes) == 0 || slices.ContainsFunc(granted, func(s string) bool {
		return slices.ContainsFunc(d.Scopes, func(pattern string) bool { return p.scopeMatches(pattern, s) })
	})
}

func (p Provider) scopeMatches(pattern, scope string) bool {
	if start, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(scope, start)
	}
	return p.canonical()(pattern) == scope
}
