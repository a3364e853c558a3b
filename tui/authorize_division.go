package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fettle/oauthflow/provider"
)

// Ways of authorizing several services.
const (
	oneForAll = "one"
	oneEach   = "each"
)

// nextService begins the sign-in for the next of several services.
const nextService = "service"

// divisionOf offers one grant for all the services or one each, with what speaks for either. Where the
// provider's tokens serve one resource only, there is no choice.
func divisionOf(p provider.Provider, ids []string) choice {
	boxes := map[string]bool{}
	resources := map[string]bool{}
	for _, id := range ids {
		for _, scope := range p.Services[id].Scopes {
			boxes[scope] = true
		}
		if r := p.Services[id].Resource; r != "" {
			resources[r] = true
		}
	}
	all := option{id: oneForAll, label: fmt.Sprintf("One account for all %d: one sign-in", len(ids)),
		note: fmt.Sprintf("The consent page asks for %s; every one has to be given. Jobs use one name, and one repair mends all of them.", count(len(boxes), "permission"))}
	each := option{id: oneEach, label: fmt.Sprintf("One account each: %d sign-ins", len(ids)),
		note: "A page with one permission often has no box to miss, and a service that is refused leaves the others alone. Each account has its own name."}
	if p.Revoke.Scope == "project" {
		each.note += " At " + p.Name + " revoking one of them ends them all."
	}
	if len(resources) > 1 {
		all.off = "A token of " + p.Name + " serves one of these only, so each needs its own sign-in."
		return choice{at: oneEach, options: []option{each, all}}
	}
	return choice{at: oneForAll, options: []option{all, each}}
}

// divided takes the services chosen, in one request or one after the other.
func (s authorizeWizard) divided() authorizeWizard {
	ticked := s.services.ticked
	s.request.Services, s.queue = ticked, nil
	if o, _ := s.division.chosen(); s.dividing && o.id == oneEach {
		s.request.Services, s.queue = ticked[:1:1], ticked[1:]
	}
	return s
}

// afterThis is the wizard for the next of the services that are authorized one by one: only its name is asked.
// A wizard of its own, in the place of this one: back must not lead into a sign-in that is over.
func (s authorizeWizard) afterThis(f frame) authorizeWizard {
	w := newAuthorize(f)
	w.providers.at = s.request.Provider + clientMark + s.request.ClientID
	w = w.chooseServices(f)
	w.services.ticked, w.queue = s.queue[:1:1], s.queue[1:]
	w.request.Services = w.services.ticked
	w.name.SetValue(w.suggestName(f))
	w.name.CursorEnd()
	w.station = atName
	return w
}

// withQueue adds the next service, first where nothing more urgent is left.
// After a partial grant signing in again is more urgent, so it stands below that.
func (s authorizeWizard) withQueue(c choice, end ending, f frame) choice {
	if len(s.queue) == 0 || end != endAuthorized && end != endPartial {
		return c
	}
	entry := f.provider(s.request.Provider)
	names := make([]string, len(s.queue))
	for i, id := range s.queue {
		names[i] = entry.Services[id].Name
	}
	next := option{id: nextService, label: "Authorize the next service: " + strings.Join(names, ", then ")}
	if end == endPartial {
		c.options = append(c.options, next)
		return c
	}
	c.options = append([]option{next}, c.options...)
	return c
}

// cannotServe says why a client is of no use for a service: some kinds carry few scopes (Google's TV clients).
func (f frame) cannotServe(providerID, clientID string, svc provider.Service) string {
	p := f.provider(providerID)
	for _, c := range f.clientsOf(p) {
		k, known := kindOf(cmp.Or(c.KindID, c.Kind), p)
		if c.ID == clientID && known && len(k.Services) > 0 && !slices.Contains(k.Services, svc.ID) {
			return "A client of the kind " + k.Name + " cannot serve it; add one of another kind."
		}
	}
	return ""
}
