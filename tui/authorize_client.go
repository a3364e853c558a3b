package tui

import (
	"slices"
	"strings"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// providerOptions are the clients to authorize through: those that can be used first, then the providers
// that have none yet.
func (f frame) providerOptions() []option {
	var usable, rest []option
	for _, p := range f.providers {
		note := strings.Join(serviceNames(p), ", ")
		clients := f.clientsOf(p)
		for _, c := range clients {
			o := option{id: p.ID + clientMark + c.ID, label: p.Name, note: note}
			if len(clients) > 1 {
				o.label += ", client " + c.Label
			}
			usable = append(usable, o)
		}
		if len(clients) == 0 {
			rest = append(rest, option{id: p.ID, label: p.Name, note: "No client yet: enter shows how to register one."})
		}
	}
	return append(usable, rest...)
}

// clientMark stands between provider and client in the ID of an option.
// No ID has a line break, and it never reaches the screen.
const clientMark = "\n"

// clientsOf lists the clients that are registered at a provider.
func (f frame) clientsOf(p provider.Provider) []accounts.ClientInfo {
	clients := slices.DeleteFunc(slices.Clone(f.data.clients), func(c accounts.ClientInfo) bool { return c.Provider != p.ID })
	// Until the book was looked at, config's client is known from the catalogue alone.
	if len(clients) == 0 && p.Client.ID != "" {
		return []accounts.ClientInfo{{ID: accounts.ClientFromConfig, Provider: p.ID, Label: "from config"}}
	}
	return clients
}

func serviceNames(p provider.Provider) []string {
	var names []string
	for _, s := range p.ServiceList() {
		names = append(names, s.Name)
	}
	return names
}

// provider is an entry of the catalogue by its ID.
func (f frame) provider(id string) provider.Provider {
	for _, p := range f.providers {
		if p.ID == id {
			return p
		}
	}
	// Taken out of the catalogue meanwhile: its accounts are still shown.
	return provider.Provider{ID: id, Name: id}
}

// renewed follows the clients: one that was added meanwhile can be chosen. A paste box ends with its sign-in, which
// the listener may have ended: on the page of the end the keys would still go into it.
func (s authorizeWizard) renewed(f frame) (screen, []intent) {
	if at, _ := s.where(f); s.pasting && at != atSignIn {
		s.pasting = false
		s.paste.Reset()
	}
	s.providers.options = f.providerOptions()
	if at := s.providers.at; at != "" && !strings.Contains(at, clientMark) { // it had no client: take its first
		for _, o := range s.providers.options {
			if strings.HasPrefix(o.id, at+clientMark) {
				s.providers.at = o.id
				break
			}
		}
	}
	return s, nil
}
