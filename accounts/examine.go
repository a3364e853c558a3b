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
	words := make([]string, len(missing))
	for i, m := range missing {
		words[i] = "“" + m.Words + "”"
		if m.Words == "" {
			words[i] = m.Scope
		}
	}
	return diagnose.Diagnosis{
		Cause: causeMissingPermissions, Remedy: diagnose.GrantPermissions, Confidence: diagnose.Certain,
		Title:       "Not granted: " + strings.Join(words, ", "),
		Explanation: "Sign in again and tick every box on the consent page.",
	}
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

// probes asks each service for a sign of life.
func (e *examination) probes(ctx context.Context) {
	var all []outcome
	for _, svc := range e.services() {
		if svc.Probe.URL != "" {
			all = append(all, e.probe(ctx, svc))
		}
	}
	if o, ok := worst(all); ok {
		e.note(o)
	}
}

// listings asks each service that lists anything for what the account can reach there.
func (e *examination) listings(ctx context.Context) {
	var all []outcome
	for _, svc := range e.services() {
		if svc.Resources.URL != "" {
			all = append(all, e.resources(ctx, svc))
		}
	}
	if o, ok := worst(all); ok {
		e.note(o)
	}
}

func (e *examination) services() []provider.Service {
	var all []provider.Service
	for _, id := range e.account.Services {
		if svc, ok := e.provider.Services[id]; ok {
			svc.ID = id
			all = append(all, svc)
		}
	}
	return all
}

// probe makes the cheapest call that proves the token works for a service.
func (e *examination) probe(ctx context.Context, svc provider.Service) outcome {
	c := e.begin(Check{ID: CheckProbe, Service: svc.ID, Title: "Access to " + svc.Name})
	if lacks := e.lacks(svc); lacks {
		c.State, c.Detail = CheckSkipped, "its permissions are missing"
		e.say(c)
		return outcome{}
	}
	err := oauthflow.Probe(ctx, e.book.cfg.HTTP, e.provider, svc, e.token)
	o := e.book.outcomeOf(e.account, store.ObservedProbe, e.action, err)
	if err != nil {
		c = e.trouble(c, o)
	} else {
		e.accepted = true
		c.State, c.Detail = CheckOK, svc.Name+" answers"
	}
	e.say(c)
	return o
}

// resources lists what the account can reach at a service; that there is nothing is a finding of its own.
func (e *examination) resources(ctx context.Context, svc provider.Service) outcome {
	c := e.begin(Check{ID: CheckResources, Service: svc.ID, Title: "Resources of " + svc.Name})
	if e.lacks(svc) {
		c.State, c.Detail = CheckSkipped, "its permissions are missing"
		e.say(c)
		return outcome{}
	}
	found, err := oauthflow.List(ctx, e.book.cfg.HTTP, e.provider, svc, e.token)
	e.accepted = e.accepted || err == nil
	o := e.book.outcomeOf(e.account, store.ObservedResources, e.action, err)
	switch {
	case err != nil:
		c = e.trouble(c, o)
	case len(found) == 0:
		e.listed[svc.ID] = found
		d := nothingFound(svc)
		o = e.book.finding(e.account, store.ObservedResources, e.action, d)
		c.State, c.Detail, c.Diagnosis = CheckWarning, d.Title, &d
	default:
		e.listed[svc.ID] = found
		c.State, c.Detail = CheckOK, fmt.Sprintf("%d found", len(found))
	}
	e.say(c)
	return o
}

func nothingFound(svc provider.Service) diagnose.Diagnosis {
	return diagnose.Diagnosis{
		Cause: causeNoResources, Remedy: diagnose.FixUserAccount, Confidence: diagnose.Certain,
		Title:       fmt.Sprintf("no %s accounts found", svc.Name),
		Explanation: "The sign-in works, but this identity has nothing there: ask its owner to share it with this identity, or sign in as another.",
	}
}

// lacks reports whether a service's own permissions are missing, so that asking it could only fail.
func (e *examination) lacks(svc provider.Service) bool {
	return len(e.provider.Missing(e.provider.Normalise(svc.Scopes), e.account.Granted)) > 0
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
	o.transient = o.err != nil && passing(o)
	e.outcomes = append(e.outcomes, o)
}

// worst picks the outcome that speaks for several services: a refusal before a passing failure before success.
func worst(all []outcome) (outcome, bool) {
	weight := func(o outcome) int {
		switch {
		case o.err == nil:
			return 0
		case passing(o):
			return 1
		}
		return 2
	}
	var found []outcome
	for _, o := range all {
		if o.kind != "" {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return outcome{}, false
	}
	return slices.MaxFunc(found, func(x, y outcome) int { return weight(x) - weight(y) }), true
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
