package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// causeNoRefreshToken is a sign-in that will not outlive its access token.
const causeNoRefreshToken = "no_refresh_token"

// examination asks a provider what one access token is worth, check by check. It writes nothing: what it
// found is stored by whoever asked, once it is known which grant it is about.
type examination struct {
	book     *Book
	account  store.Account // what the observations are about; its server, services and required scopes count
	provider provider.Provider
	client   oauthflow.Client
	token    *oauthflow.Token
	action   string // for the history: "authorize", "verify"
	report   func(Check)

	checks   []Check
	outcomes []outcome
	missing  []provider.Permission
	found    oauthflow.Identity // who the token belongs to, if the provider said so
	granted  bool               // the provider said what is granted
	accepted bool               // some request with the token succeeded
	refused  bool               // the provider answered 401 to the access token
	// listed holds the resources of every service whose listing answered.
	listed map[string][]oauthflow.Resource
}

// say adds a finished check and tells it.
func (e *examination) say(c Check) {
	e.checks = append(e.checks, c)
	e.report(c)
}

// begin tells that a check is under way.
func (e *examination) begin(c Check) Check {
	c.State = CheckRunning
	e.report(c)
	return c
}

// run makes the checks that ask the provider. Each stands on its own: one that fails does not hide the next.
func (e *examination) run(ctx context.Context) {
	e.permissions(ctx)
	e.identity(ctx)
	e.probes(ctx)
	e.listings(ctx)
}

// permissions compares what was granted with what the services need.
func (e *examination) permissions(ctx context.Context) {
	c := e.begin(Check{ID: CheckPermissions, Title: "Permissions"})
	granted, source, err := oauthflow.GrantedScopes(ctx, e.book.cfg.HTTP, e.provider, e.account.Server, e.client, e.token)
	if err == nil {
		e.account.Granted, e.granted = granted, true
	}
	e.missing = e.provider.Missing(e.account.Required, e.account.Granted)
	o := e.book.outcomeOf(e.account, store.ObservedScopes, e.action, err)
	switch {
	case len(e.missing) > 0:
		d := missingDiagnosis(e.missing)
		o = e.book.finding(e.account, store.ObservedScopes, e.action, d)
		c.State, c.Detail, c.Missing, c.Diagnosis = CheckFailed, d.Title+": "+d.Explanation, e.missing, &d
	case err != nil:
		c = e.trouble(c, o)
	case source == "requested":
		c.State, c.Detail = CheckOK, "granted as asked for: the provider does not list them"
	default:
		c.State, c.Detail = CheckOK, "every one granted"
	}
	e.note(o)
	e.say(c)
}

// missingDiagnosis names the permissions in the words of the consent page.
func missingDiagnosis(missing []provider.Permission) diagnose.Diagnosis {
	return diagnose.Diagnosis{
		Cause: causeMissingPermissions, Remedy: diagnose.GrantPermissions, Confidence: diagnose.Certain,
		Title:       "Not granted: " + permissionWords(missing),
		Explanation: "Sign in again and tick every box on the consent page.",
	}
}

// permissionWords lists permissions as the consent page calls them.
func permissionWords(missing []provider.Permission) string {
	words := make([]string, len(missing))
	for i, m := range missing {
		words[i] = "“" + m.Words + "”"
		if m.Words == "" {
			words[i] = m.Scope
		}
	}
	return strings.Join(words, ", ")
}

// identity finds out who the token belongs to and compares it with whom the account belongs to.
func (e *examination) identity(ctx context.Context) {
	c := e.begin(Check{ID: CheckIdentity, Title: "Identity"})
	found, err := oauthflow.Identify(ctx, e.book.cfg.HTTP, e.provider, e.account.Server, e.client.ID, e.token)
	o := e.book.outcomeOf(e.account, store.ObservedIdentity, e.action, err)
	former := e.account.Identity
	e.found = found
	switch {
	case err != nil:
		c = e.trouble(c, o)
	case !found.Known():
		c.State, c.Detail = CheckWarning, e.provider.Name+" does not say who signed in"
	case former.Known() && !former.Same(found):
		d := wrongIdentity(former, found)
		o = e.book.finding(e.account, store.ObservedIdentity, e.action, d)
		c.State, c.Detail, c.Diagnosis = CheckFailed, d.Title, &d
	default:
		c.State, c.Detail = CheckOK, whoIs(found)
		if former.Known() && former.Email != found.Email {
			c.Detail = fmt.Sprintf("%s, formerly %s", whoIs(found), whoIs(former))
		}
		e.account.Identity = found
	}
	e.note(o)
	e.say(c)
}

func wrongIdentity(want, got oauthflow.Identity) diagnose.Diagnosis {
	title := fmt.Sprintf("signed in as %s, but this account belongs to %s", whoIs(got), whoIs(want))
	if whoIs(got) == whoIs(want) {
		title = fmt.Sprintf("%s is another identity at the provider than before (subject %s instead of %s)", whoIs(got), got.Subject, want.Subject)
	}
	return diagnose.Diagnosis{
		Cause: causeWrongIdentity, Remedy: diagnose.Reauthorize, Confidence: diagnose.Certain, Title: title,
		Explanation: "Sign in again as the right person, or switch the account to this identity on purpose.",
	}
}

// trouble turns a failed request into a check: what may pass is a warning, a refusal a failure.
func (e *examination) trouble(c Check, o outcome) Check {
	d := o.diagnosis
	c.State, c.Detail, c.Diagnosis = CheckFailed, d.Title, &d
	if passing(o) {
		c.State = CheckWarning
	}
	if o.status == 401 {
		e.refused = true
	}
	return c
}

// passing reports whether a failure says nothing about the grant: an outage, the network, this machine,
// or that nobody waited for the answer.
func passing(o outcome) bool {
	return o.transient || errors.Is(o.err, context.Canceled) || errors.Is(o.err, context.DeadlineExceeded) ||
		o.diagnosis.Remedy == diagnose.RetryLater || o.diagnosis.Remedy == diagnose.FixMachine
}

// note keeps an outcome for the store. What was skipped has none.
func (e *examination) note(o outcome) {
	if o.kind == "" {
		return
	}
	o.quiet = true // the act as a whole makes one entry in the history
	// An answer that says the configuration is wrong comes again until that is mended; only a network does not.
	o.transient = o.err != nil && passing(o) && (o.code == "" || o.diagnosis.Remedy != diagnose.FixMachine)
	e.outcomes = append(e.outcomes, o)
}

// anyFailed reports whether a check was refused for good.
func (e *examination) anyFailed() bool {
	return slices.ContainsFunc(e.checks, func(c Check) bool { return c.State == CheckFailed })
}

// summary says in one sentence what was found.
func (e *examination) summary() string {
	for _, state := range []CheckState{CheckFailed, CheckWarning} {
		for _, c := range e.checks {
			if c.State == state {
				return fmt.Sprintf("%s: %s", c.Title, c.Detail)
			}
		}
	}
	return ""
}
