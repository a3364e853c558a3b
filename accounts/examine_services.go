package accounts

import (
	"context"
	"fmt"
	"slices"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// probes asks each service for a sign of life.
func (e *examination) probes(ctx context.Context) {
	var all []outcome
	for _, svc := range e.services() {
		switch {
		case svc.Probe.URL != "":
			all = append(all, e.probe(ctx, svc))
		case svc.Probe.Blocked != "":
			e.leaveOut(Check{ID: CheckProbe, Service: svc.ID, Title: "Access to " + svc.Name}, svc.Probe.Blocked)
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
		switch {
		case svc.Resources.URL != "":
			all = append(all, e.resources(ctx, svc))
		case svc.Resources.Blocked != "":
			e.leaveOut(Check{ID: CheckResources, Service: svc.ID, Title: "Resources of " + svc.Name}, svc.Resources.Blocked)
		}
	}
	if o, ok := worst(all); ok {
		e.note(o)
	}
}

// leaveOut says of a call that cannot be made yet what it waits for.
func (e *examination) leaveOut(c Check, why string) {
	c = e.begin(c)
	c.State, c.Detail = CheckSkipped, why
	e.say(c)
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
	// Asking would earn a 403 that says less than the missing permission does.
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
		// One good answer proves the token, whatever the other services say.
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
	// An empty list is kept too: it says that what was there before is gone.
	case len(found) == 0:
		e.listed[svc.ID] = found
		d := nothingFound(svc, e.account.Identity)
		o = e.book.finding(e.account, store.ObservedResources, e.action, d)
		c.State, c.Detail, c.Diagnosis = CheckWarning, d.Title, &d
	default:
		e.listed[svc.ID] = found
		c.State, c.Detail = CheckOK, fmt.Sprintf("%d found", len(found))
	}
	e.say(c)
	return o
}

// nothingFound is the finding of a sign-in that works and shows nothing: the wrong person, or nothing that was shared.
func nothingFound(svc provider.Service, who oauthflow.Identity) diagnose.Diagnosis {
	return diagnose.Diagnosis{
		Cause: causeNoResources, Remedy: diagnose.FixUserAccount, Confidence: diagnose.Certain,
		Title: fmt.Sprintf("no %s accounts found as %s", svc.Name, whoIs(who)),
		Explanation: fmt.Sprintf("Every permission is granted, so this is the wrong user, or nothing there is shared with %s: "+
			"sign in as the user who has it, or ask its owner to share it.", whoIs(who)),
	}
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
		// The zero outcome stands for a service that was not asked.
		if o.kind != "" {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return outcome{}, false
	}
	// One observation a kind is kept for each account, so the one that asks for most has to be it.
	return slices.MaxFunc(found, func(x, y outcome) int { return weight(x) - weight(y) }), true
}

// lacks reports whether a service's own permissions are missing, so that asking it could only fail.
func (e *examination) lacks(svc provider.Service) bool {
	return len(e.provider.Missing(e.provider.Normalise(svc.Scopes), e.account.Granted)) > 0
}
