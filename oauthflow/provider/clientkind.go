package provider

import (
	"maps"
	"slices"
	"strings"
)

// ClientKind is one kind of client registration a provider offers: what it can do and how to get one.
type ClientKind struct {
	ID        string     `toml:"-"`
	Name      string     `toml:"name"`      // as the provider's console calls it
	Preferred bool       `toml:"preferred"` // the one to register unless something speaks for another
	Auth      AuthMethod `toml:"auth"`      // none: a public client, a secret must not be sent
	Flows     []FlowKind `toml:"flows"`     // those it can do
	// Secretless are those of its flows that work without its secret, although it has one.
	Secretless []FlowKind `toml:"secretless"`
	Services   []string   `toml:"services"`  // those it can serve; empty = all
	FileKey    string     `toml:"file_key"`  // top-level member of the file that the console offers (Google: installed, web)
	Redirects  string     `toml:"redirects"` // its rules for redirects, one sentence
	Words      string     `toml:"words"`     // when to choose it, and what to look out for
	Steps      []string   `toml:"steps"`     // how to register one, after the steps of registration
}

// NeedsSecret reports whether clients of this kind have a secret that has to be given.
func (k ClientKind) NeedsSecret() bool { return k.Auth == AuthPost || k.Auth == AuthBasic }

// NeedsSecretFor reports whether a flow comes to nothing without the client's secret.
func (k ClientKind) NeedsSecretFor(flow FlowKind) bool {
	return k.NeedsSecret() && !slices.Contains(k.Secretless, flow)
}

// Registration says how a client is registered at a provider.
type Registration struct {
	Console string   `toml:"console"` // address of the page where it is done
	Docs    string   `toml:"docs"`    // address of the provider's own description
	Steps   []string `toml:"steps"`   // what comes before the steps of the kind, whatever the kind
	After   []string `toml:"after"`   // what comes after them
}

// ClientKindList returns the kinds, the preferred first, then by name.
func (p Provider) ClientKindList() []ClientKind {
	return slices.SortedFunc(maps.Values(p.ClientKinds), func(a, b ClientKind) int {
		if a.Preferred != b.Preferred {
			if a.Preferred {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
}

// RegistrationSteps returns how to register a client of a kind that serves these services, in order.
// An unknown kind counts as the preferred one; no service named means that nothing is said about any.
func (p Provider) RegistrationSteps(kind string, services ...string) []string {
	k, ok := p.ClientKinds[kind]
	if list := p.ClientKindList(); !ok && len(list) > 0 {
		k = list[0]
	}
	steps := slices.Clone(p.Registration.Steps)
	for _, id := range services {
		for _, step := range p.Services[id].Setup {
			if !slices.Contains(steps, step) {
				steps = append(steps, step)
			}
		}
	}
	return slices.Concat(steps, k.Steps, p.Registration.After)
}
