package tui

import (
	"cmp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// clientsScreen lists the client registrations: those kept here and those of config.toml. Two entries of
// config.toml have the same ID, so the cursor is provider and ID.
type clientsScreen struct {
	base
	focus listCursor
}

func (s clientsScreen) title(frame) string { return "Clients" }
func (s clientsScreen) scopes() []scope    { return []scope{inClients, inScroll} }

func clientKey(c accounts.ClientInfo) string { return c.Provider + clientMark + c.ID }

// current is the client under the cursor; one that is gone leaves the cursor on its line.
func (s clientsScreen) current(f frame) (accounts.ClientInfo, int, bool) {
	list := f.data.clients
	if len(list) == 0 {
		return accounts.ClientInfo{}, 0, false
	}
	i := s.focus.row(len(list), func(i int) string { return clientKey(list[i]) })
	return list[i], i, true
}

func (s clientsScreen) situation(f frame) situation {
	st := situation{}
	if c, _, ok := s.current(f); ok {
		st.client = &c
		if j, ok := f.jobs.get(clientTestJob(c)); ok {
			st.job = &j
		}
	}
	return st
}

func (s clientsScreen) act(id actionID, f frame) (screen, []intent) {
	c, _, ok := s.current(f)
	switch id {
	case actBack:
		return s, []intent{back{}}
	case actAdd:
		return s, []intent{open{newClientWizard(f, c.Provider, false)}}
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		list := f.data.clients
		s.focus = s.focus.moved(id, len(list), listRows(f, 0), func(i int) string { return clientKey(list[i]) })
		return s, nil
	}
	if !ok {
		return s, nil
	}
	switch id {
	case actOpen:
		return s, []intent{open{newAuthorizeWith(c, f)}}
	case actReplace:
		return s, []intent{open{newClientReplacement(c, f)}}
	case actTest:
		return s, []intent{testClient{c}}
	// Marks are written as a whole, so those that stay are given again.
	case actTesting:
		return s, []intent{markClient{c.ID, c.Label, accounts.ClientMarks{Kind: c.Kind, Testing: !c.Testing, SecretExpiresAt: c.SecretExpiresAt}}}
	case actEnd:
		return s, []intent{ask{newSecretEnd(c)}}
	case actStop:
		return s, []intent{stop{clientTestJob(c)}}
	case actRemove:
		return s, []intent{ask{removalOf(c)}}
	}
	return s, nil
}

// removalOf asks before a client is forgotten: its secret cannot be read back at most providers.
func removalOf(c accounts.ClientInfo) question {
	body := []string{"No account uses it. Its registration at " + c.ProviderName + " stays as it is."}
	if c.HasSecret {
		body = append(body, "Its secret is erased here; where the provider shows a secret only once, using this client again takes a new one.")
	}
	return question{heading: "Remove " + c.Label, asks: "Forget the client " + c.Label + " of " + c.ProviderName + "?", body: body,
		yes: []intent{removeClient{c.ID, c.Label}}}
}

func (s clientsScreen) typed(tea.Msg, frame) (screen, []intent)  { return s, nil }
func (s clientsScreen) receive(answer, frame) (screen, []intent) { return s, nil }

// kindOf is the kind of registration a client is, as its provider's console calls it. Google's JSON file
// tells only the member it has, which several kinds share: the preferred one then speaks for them.
func kindOf(kind string, p provider.Provider) (provider.ClientKind, bool) {
	if k, ok := p.ClientKinds[kind]; ok {
		return k, true
	}
	for _, k := range p.ClientKindList() {
		if kind != "" && k.FileKey == kind {
			return k, true
		}
	}
	return provider.ClientKind{}, false
}

// flowWords name the ways of signing in.
func flowWords(flows []provider.FlowKind) string {
	words := make([]string, len(flows))
	for i, k := range flows {
		words[i] = map[provider.FlowKind]string{provider.Device: "device code", provider.Browser: "browser"}[k]
	}
	return strings.Join(words, ", ")
}

// flowsOf are the ways of signing in that a client can be used for, as far as its kind is known.
// What of an unknown kind is not known, the provider's own list stands for.
func flowsOf(c accounts.ClientInfo, p provider.Provider) []provider.FlowKind {
	if k, ok := kindOf(cmp.Or(c.KindID, c.Kind), p); ok {
		return k.Flows
	}
	return p.Flows
}
