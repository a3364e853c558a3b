package tui

import (
	"charm.land/bubbles/v2/textinput"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// authorizeWizard authorizes a new account or updates the credential of one that exists. Once the sign-in
// has begun it shows the job of that name; the job goes on when the wizard is left.
// Opened by a on the list, by whatever repairs an account, by the clients and by itself for the next of several
// services. It stores nothing: left before the sign-in it was never there, left later the flow's record goes on waiting.
type authorizeWizard struct {
	again   bool // an existing account
	station station

	// Asked for a new account only; an update begins with the request filled in.
	providers choice
	services  choice
	dividing  bool // whether several services need one sign-in or one each is being asked
	division  choice
	queue     []string // services still to be authorized, one by one
	name      textinput.Model
	named     bool // the name is the operator's, not a proposal
	how       choice

	// From the sign-in on; request is filled in step by step before, and its name is the job's.
	request accounts.AuthorizeRequest
	pasting bool
	paste   textinput.Model
	pasted  handedOver
	problem string // why the step cannot go on
	after   choice // what to do when it has ended
}

// handedOver is how much was pasted last, and into which run of the sign-in: the next one has had nothing.
type handedOver struct{ run, characters int }

// station is a step of the wizard.
type station int

const (
	atProvider station = iota
	atServices
	atName
	atHow
	atSignIn // from here on the job says where the wizard is
	atChecks
	atEnd
)

var stationNames = []string{"Provider", "Services", "Name", "How", "Sign in", "Checks", "Done"}

// newAuthorize asks everything; newUpdate only how to sign in, for the services the account has.
func newAuthorize(f frame) authorizeWizard {
	// A redirect holds the authorization code, so what is pasted is shown as stars.
	w := authorizeWizard{name: field(63), paste: secretField()}
	w.paste.CharLimit = 16 << 10
	w.providers.options = f.providerOptions()
	return w
}

// newAuthorizeWith begins with the client chosen.
func newAuthorizeWith(c accounts.ClientInfo, f frame) authorizeWizard {
	w := newAuthorize(f)
	w.providers.at = c.Provider + clientMark + c.ID
	return w.chooseServices(f)
}

// newUpdate asks how to sign in, unless a sign-in of the account runs here: that is shown where it is.
func newUpdate(a accounts.Account, f frame) authorizeWizard {
	w := newAuthorize(f)
	w.again = true
	w.request = accounts.AuthorizeRequest{Name: a.Name, Provider: a.Provider, Services: a.Services, ClientID: a.ClientID, OverSSH: f.host.SSH}
	w.station = atHow
	if j, ok := f.jobs.get(w.job()); ok && j.running {
		w.station = atSignIn
	}
	return w
}

// newResume shows an authorization that was begun earlier, by this program or another.
// The request has no kind: whoever goes on with it later does so in the way that was begun.
func newResume(p accounts.PendingFlow, f frame) (authorizeWizard, []intent) {
	w := newAuthorize(f)
	w.request = accounts.AuthorizeRequest{Name: p.Name, Provider: p.Provider, Services: p.Services, OverSSH: f.host.SSH}
	a, known := f.data.snapshot.ByName(p.Name)
	w.again = known && !unfinished(a.ID)
	w.station = atSignIn
	if j, ok := f.jobs.get(w.job()); ok && j.running {
		return w, nil
	}
	return w, []intent{resumeFlow{p}}
}

// job is the background work that the wizard shows.
func (s authorizeWizard) job() jobID { return jobID{jobFlow, s.request.Name} }

// where is the station, which the job decides once it runs.
func (s authorizeWizard) where(f frame) (station, job) {
	if s.station < atSignIn {
		return s.station, job{}
	}
	j, ok := f.jobs.get(s.job())
	switch {
	case !ok:
		return atSignIn, j
	case !j.running:
		return atEnd, j
	// The first check means that the person has signed in.
	case len(j.checks) > 0:
		return atChecks, j
	}
	return atSignIn, j
}

// start asks for the ways of an update; those of a new account are asked for once it has a name (see forward).
func (s authorizeWizard) start() []intent {
	if s.station == atHow {
		return []intent{askFlowChoices{s.key(), s.request}}
	}
	return nil
}

// key names the question about the ways of signing in.
func (s authorizeWizard) key() string { return "how " + s.request.Name }

func (s authorizeWizard) title(frame) string {
	switch {
	case s.again:
		return "Update " + s.request.Name
	case s.station >= atSignIn:
		return "Authorize " + s.request.Name
	}
	return "Authorize"
}

func (s authorizeWizard) typing() bool { return s.station == atName || s.pasting }

// takesPaste without a key before it: over SSH a paste is the natural end of the sign-in.
func (s authorizeWizard) takesPaste() bool { return s.station >= atSignIn }

func (s authorizeWizard) scopes() []scope {
	switch {
	case s.typing():
		return []scope{inWizard}
	case s.station == atServices && !s.dividing:
		return []scope{inChoice, inWizard, inScroll}
	case s.station >= atSignIn:
		return []scope{inSignIn, inWizard, inScroll}
	}
	return []scope{inWizard, inScroll}
}

func (s authorizeWizard) situation(f frame) situation {
	at, j := s.where(f)
	st := situation{next: s.stuck(at, f)}
	if at == atEnd && j.settling {
		st.next = settlingWords
	}
	if s.station >= atSignIn {
		st.job = &j
		st.url = j.prompt != nil && at == atSignIn
		st.code = st.url && j.prompt.UserCode != ""
		st.waiting = st.url
	}
	return st
}

// stuck says why enter cannot go on.
func (s authorizeWizard) stuck(at station, f frame) string {
	switch at {
	case atProvider:
		if _, ok := s.providers.chosen(); !ok {
			return "there is no provider"
		}
	case atServices:
		if o, ok := s.division.chosen(); s.dividing && (!ok || o.off != "") {
			return "this cannot be done in one sign-in"
		}
		if len(s.services.ticked) == 0 {
			return "tick at least one service"
		}
	case atHow:
		if len(s.how.options) == 0 && s.problem == "" {
			return "the ways of signing in are being looked up"
		}
		if o, ok := s.how.chosen(); !ok || o.off != "" {
			return "this way cannot be used here"
		}
	case atSignIn:
		switch {
		case !s.pasting:
			return "this step waits for your sign-in"
		case s.paste.Value() == "":
			return "nothing is pasted yet"
		}
	case atChecks:
		return "the checks are not finished"
	}
	return ""
}

// receive takes the ways of signing in; they depend on provider, scopes, client and on whether this is an SSH login.
func (s authorizeWizard) receive(a answer, f frame) (screen, []intent) {
	if a.key == s.otherKey() {
		return s.otherWay(a, f)
	}
	if a.key != s.key() || s.station != atHow {
		return s, nil
	}
	if a.err != nil {
		s.problem = oneLine(a.err)
		return s, nil
	}
	choices, _ := a.value.([]accounts.FlowChoice)
	s.how = choice{}
	for _, c := range choices {
		s.how.options = append(s.how.options, option{id: string(c.Kind), label: wayNames[c.Kind], note: upperFirst(c.Why), off: c.Unavailable})
		if c.Preferred {
			s.how.at = string(c.Kind)
		}
	}
	return s, nil
}

// wayNames say what the person does; the protocol's names say nothing to them.
var wayNames = map[provider.FlowKind]string{
	provider.Device:  "With a code on any device",
	provider.Browser: "In a browser",
}
