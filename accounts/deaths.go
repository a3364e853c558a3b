package accounts

import (
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// ClientFacts is what is known of the client registration that an account was authorized through.
type ClientFacts struct {
	Label           string
	Kind            string    // id among the provider's client kinds, "" = not known
	Testing         bool      // its consent screen is in testing
	SecretExpiresAt time.Time // zero: never, or not known
}

// Risk is a way in which a grant can end that has no date: somebody does something, or does nothing for too long.
type Risk struct {
	Cause string // diagnose identifier
	Words string // what happens and why, one sentence
	Fix   string // what prevents it or what to do then, one sentence
}

// causes are the ways in which grants of one sort end. Many accounts share one, so it is never written to.
type causes struct {
	dated []provider.Death
	risks []Risk
}

// noCauses are those of a provider that the catalogue knows nothing of.
var noCauses = &causes{}

// causesOf looks up what ends a grant of this account, by the catalogue.
func causesOf(p provider.Provider, a store.Account, c ClientFacts) *causes {
	found := &causes{}
	for _, d := range p.DeathsOf(provider.GrantFacts{
		Scopes: a.Granted, Services: a.Services, ClientKind: c.Kind, Testing: inTesting(p, a, c), HasRefresh: a.HasRefresh,
	}) {
		switch d.From {
		case provider.FromEvent:
			found.risks = append(found.risks, Risk{Cause: d.Cause, Words: d.Words, Fix: d.Fix})
		case provider.FromClientUse:
			// An account that is used uses its client, and one that is not is idle before its client is: the end of
			// a client is told with the client (ClientInfo.DiesAt).
		case provider.FromConsent, provider.FromUse, provider.FromAnswer:
			found.dated = append(found.dated, d)
		}
	}
	return found
}

// inTesting reports whether the client's consent screen is in testing: somebody said so, or the provider stated the
// very term that such sign-ins have.
func inTesting(p provider.Provider, a store.Account, c ClientFacts) bool {
	if c.Testing {
		return true
	}
	if a.RefreshExpiresAt.IsZero() || a.AuthorizedAt.IsZero() {
		return false
	}
	stated := a.RefreshExpiresAt.Sub(a.AuthorizedAt)
	for _, d := range p.Deaths {
		if d.If == provider.IfTesting && d.Term() > 0 && (stated-d.Term()).Abs() < time.Hour {
			return true
		}
	}
	return false
}

// causeBook remembers causes for the length of one snapshot: the catalogue is asked once for each sort of grant, not
// once for each of ten thousand accounts.
type causeBook map[string]*causes

func (b causeBook) of(p provider.Provider, a store.Account, c ClientFacts) *causes {
	if len(p.Deaths) == 0 {
		return noCauses
	}
	var key strings.Builder
	for _, part := range []string{p.ID, c.Kind, strings.Join(a.Granted, " "), strings.Join(a.Services, " ")} {
		key.WriteString(part)
		key.WriteByte('\n')
	}
	if a.HasRefresh {
		key.WriteByte('r')
	}
	if inTesting(p, a, c) {
		key.WriteByte('t')
	}
	found, ok := b[key.String()]
	if !ok {
		found = causesOf(p, a, c)
		b[key.String()] = found
	}
	return found
}

// death is when a grant ends and why, as far as that can be known.
type death struct {
	at      time.Time
	because string // "" = the sentence is made when it is shown
	cause   string
	fix     string          // what to do, one sentence; "" = as the remedy says
	remedy  diagnose.Remedy // what puts it off
}

// deathOf dates one of the catalogue's causes for an account; the zero time says that it has no date here.
func (e *evaluation) deathOf(d provider.Death) death {
	a := e.Account
	out := death{because: d.Words, cause: d.Cause, fix: d.Fix, remedy: diagnose.Reauthorize}
	switch d.From {
	case provider.FromConsent:
		out.at = after(a.AuthorizedAt, d.Term())
		// The provider's own word is better than a count of days.
		if d.If == provider.IfTesting && inTesting(e.Provider, a, ClientFacts{}) {
			out.at = a.RefreshExpiresAt
		}
	case provider.FromUse:
		out.at, out.remedy = after(e.lastUse(), d.Term()), diagnose.Refresh
	case provider.FromAnswer:
		out.at = a.RefreshExpiresAt
		if e.rolls() {
			out.remedy = diagnose.Refresh
		}
	case provider.FromClientUse, provider.FromEvent:
	}
	return out
}

// lastUse is when the grant was last used. Where there is no refresh token, an API call with the access token is its use.
func (e *evaluation) lastUse() time.Time {
	last := latest(e.now, e.Account.RefreshedAt, e.Account.AuthorizedAt)
	if !e.Account.HasRefresh {
		last = latest(e.now, last, e.Account.ProvenAt)
	}
	return last
}

// rolls reports whether a refresh brings a refresh token with a term of its own. A token that stays keeps its end.
func (e *evaluation) rolls() bool {
	return e.Account.Rotation != provider.RotationNone && e.Provider.MaxDays == 0
}

// after is the end of a term, or the zero time where either half of it is unknown.
func after(from time.Time, term time.Duration) time.Time {
	if from.IsZero() || term <= 0 {
		return time.Time{}
	}
	return from.Add(term)
}
