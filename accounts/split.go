package accounts

import (
	"fmt"
	"slices"

	"fettle/oauthflow/provider"
)

// Split is one way of spreading services over accounts: each part is a sign-in and an account of its own.
type Split struct {
	Parts       [][]string // IDs of services
	Preferred   bool
	Why         string // one sentence
	Unavailable string // non-empty: why the provider does not allow it
}

// Splits lists the ways of authorizing these services, the preferred one first. One sign-in for all saves sign-ins; a
// page with a single permission has no box that can be left unticked (Google since 2024, with two or more).
func Splits(p provider.Provider, services []string) []Split {
	if len(services) < 2 {
		return []Split{{Parts: [][]string{slices.Clone(services)}, Preferred: true, Why: consentWords(p, services)}}
	}
	together := Split{Parts: [][]string{slices.Clone(services)}, Why: consentWords(p, services)}
	single := Split{Why: fmt.Sprintf("%d sign-ins, and each lives and dies by itself", len(services))}
	boxes := false
	for _, id := range services {
		single.Parts = append(single.Parts, []string{id})
		boxes = boxes || len(p.Normalise(p.Services[id].Scopes)) > 1
	}
	if !boxes {
		single.Why += "; a page with one permission has no box to leave unticked"
	}
	byResource := partsByResource(p, services)
	if len(byResource) < 2 {
		together.Preferred = true
		return []Split{together, single}
	}
	// One access token serves one resource (Microsoft), and one account has one grant.
	together.Why, together.Unavailable = "", fmt.Sprintf("a token of %s serves one resource, and these services belong to %d", p.Name, len(byResource))
	if len(byResource) == len(services) {
		single.Preferred = true
		return []Split{single, together}
	}
	least := Split{Parts: byResource, Preferred: true, Why: fmt.Sprintf("%d sign-ins, one for each resource: a token of %s serves one", len(byResource), p.Name)}
	return []Split{least, single, together}
}

// partsByResource groups services by the resource that their tokens are for, in the order in which they are named.
func partsByResource(p provider.Provider, services []string) [][]string {
	var order []string
	parts := map[string][]string{}
	for _, id := range services {
		resource := p.Services[id].Resource
		if !slices.Contains(order, resource) {
			order = append(order, resource)
		}
		parts[resource] = append(parts[resource], id)
	}
	out := make([][]string, 0, len(order))
	for _, resource := range order {
		out = append(out, parts[resource])
	}
	return out
}

// consentWords says what the consent page will ask, so that nobody leaves a box unticked for not having known.
func consentWords(p provider.Provider, services []string) string {
	var scopes []string
	for _, id := range services {
		scopes = append(scopes, p.Services[id].Scopes...)
	}
	n := len(p.Normalise(scopes))
	if n <= 1 {
		return "the page asks for one permission, so there is no box to leave unticked"
	}
	return fmt.Sprintf("one sign-in for %d permissions: tick every box that the page shows", n)
}
