package tui

import (
	"strings"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// clientWizard takes a client registration: where it belongs, what kind, how one is registered there, what
// the provider gave, and what fettle makes of it before anything is kept. With a former client it replaces
// that one's secret or ID and asks for nothing else.
// Opened from the clients, and over an authorization whose provider has none. found is set from the look on, and erased once
// handed over: it holds the secret.
type clientWizard struct {
	base
	at        clientStation
	returning bool                 // an authorization waits below for the client
	former    *accounts.ClientInfo // to be replaced

	providers choice
	kinds     choice
	top       int // of the page of steps
	form      form
	reading   string // the file that is being read
	found     *accounts.NewClient
	review    choice
	plan      *accounts.ClientPlan // what a replacement means, once it is known
	after     choice
	problem   string
}

// clientStation is a step of the wizard.
type clientStation int

const (
	clientAtProvider clientStation = iota
	clientAtKind
	clientAtSteps
	clientAtForm
	clientAtReview
	clientAtEnd // the job decides from here on
)

var clientStations = []string{"Provider", "Kind", "Register", "Client", "Look", "Done"}

// Further choices of this wizard.
const (
	nextAuthorize = "authorize"
	nextKeepIt    = "keep-client"
	nextOther     = "other-client"
	nextTest      = "test-client"
)

// newClientWizard begins at the provider given, or asks for it. returning says that an authorization waits
// below for the client.
func newClientWizard(f frame, providerID string, returning bool) clientWizard {
	w := clientWizard{returning: returning, providers: choice{at: providerID}}
	for _, p := range f.providers {
		w.providers.options = append(w.providers.options, option{id: p.ID, label: p.Name, note: strings.Join(serviceNames(p), ", ")})
	}
	// The authorization has asked for the provider already.
	if returning && providerID != "" {
		return w.chooseKind(f)
	}
	return w
}

// newClientReplacement asks for another secret of a client.
func newClientReplacement(c accounts.ClientInfo, f frame) clientWizard {
	w := newClientWizard(f, c.Provider, false)
	w.former = &c
	w.kinds.at = c.Kind
	return w.ask(f)
}

func (s clientWizard) title(frame) string {
	if s.former != nil {
		return "Replace " + s.former.Label
	}
	return "Add a client"
}

// provider is the provider chosen.
func (s clientWizard) provider(f frame) provider.Provider {
	o, _ := s.providers.chosen()
	return f.provider(o.id)
}

// kind is the kind chosen; a provider may know none.
func (s clientWizard) kind(f frame) (provider.ClientKind, bool) {
	o, ok := s.kinds.chosen()
	k, known := s.provider(f).ClientKinds[o.id]
	return k, ok && known
}

// job is the keeping of the client.
// One at a time for a provider, so that a page shows the client it asked to keep.
func (s clientWizard) job() jobID {
	o, _ := s.providers.chosen()
	return jobID{jobClient, o.id}
}

func (s clientWizard) typing() bool { return s.at == clientAtForm }

func (s clientWizard) scopes() []scope {
	if s.typing() {
		return s.form.scopes()
	}
	if s.at == clientAtSteps {
		return []scope{inSteps, inWizard, inScroll}
	}
	return []scope{inWizard, inScroll}
}

// situation holds enter back while something is looked up: what it would confirm is not on the screen yet.
func (s clientWizard) situation(f frame) situation {
	st := situation{firm: true, url: s.at == clientAtSteps && s.provider(f).Registration.Console != ""}
	switch s.at {
	case clientAtForm:
		if s.reading != "" {
			st.next = "the file is being read"
		}
	case clientAtReview:
		if s.former != nil && s.plan == nil {
			st.next = "what it means is being looked up"
		}
	case clientAtEnd:
		j, _ := f.jobs.get(s.job())
		st.job = &j
		switch {
		case j.running:
			st.next = "it is being kept"
		case j.settling:
			st.next = settlingWords
		}
	}
	return st
}

func (s clientWizard) act(id actionID, f frame) (screen, []intent) {
	switch id {
	case actBack:
		return s.backward(f)
	case actField, actFieldUp:
		s.form = s.form.stepped(id)
		return s, nil
	case actPath:
		var wants []intent
		s.form, wants = s.form.completed()
		return s, wants
	case actCopyURL:
		return s, []intent{copyText{"The address", s.provider(f).Registration.Console}}
	case actBareURL:
		return s, []intent{printURL{s.provider(f).Registration.Console}}
	case actNext:
		return s.forward(f)
	}
	switch s.at {
	case clientAtProvider:
		s.providers, _ = s.providers.act(id, f.height)
	case clientAtKind:
		s.kinds, _ = s.kinds.act(id, f.height)
	case clientAtSteps:
		s.top = moved(s.top, max(len(s.stepLines(f))-(f.height-4), 0)+1, f.height, id)
	case clientAtReview:
		s.review, _ = s.review.act(id, f.height)
	case clientAtEnd:
		s.after, _ = s.nexts(f).act(id, f.height)
	}
	return s, nil
}

// backward is esc: one step back, nothing typed is lost. What is being kept goes on without the screen.
func (s clientWizard) backward(f frame) (screen, []intent) {
	s.problem, s.reading = "", ""
	// Steps that were not asked are not gone back to.
	first := clientAtProvider
	switch {
	case s.former != nil:
		first = clientAtForm
	case s.returning && len(s.kinds.options) > 1:
		first = clientAtKind
	case s.returning:
		first = clientAtSteps
	}
	if s.at == first || s.at == clientAtEnd {
		return s, []intent{back{}}
	}
	s.at--
	if s.at == clientAtKind && len(s.kinds.options) < 2 {
		s.at--
	}
	return s, nil
}

// forward takes the answer of this step and shows the next.
func (s clientWizard) forward(f frame) (screen, []intent) {
	s.problem = ""
	switch s.at {
	case clientAtProvider:
		return s.chooseKind(f), nil
	case clientAtKind:
		s.at, s.top = clientAtSteps, 0
	case clientAtSteps:
		return s.ask(f), nil
	case clientAtForm:
		return s.take(f)
	case clientAtReview:
		return s.keep()
	case clientAtEnd:
		return s.ended(f)
	}
	return s, nil
}

// chooseKind asks for the kind of registration, where the provider has several.
func (s clientWizard) chooseKind(f frame) clientWizard {
	p := s.provider(f)
	former := s.kinds.at
	s.kinds = choice{at: former}
	for _, k := range p.ClientKindList() {
		label := k.Name
		if k.Preferred {
			label += ", the usual one"
		}
		note := k.Words
		if words := flowWords(k.Flows); words != "" {
			note = strings.TrimSpace(note + " Signs in by " + words + ".")
		}
		s.kinds.options = append(s.kinds.options, option{id: k.ID, label: label, note: note})
	}
	s.at = clientAtKind
	if len(s.kinds.options) < 2 {
		s.at, s.top = clientAtSteps, 0
	}
	return s
}
