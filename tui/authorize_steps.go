package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

func (s authorizeWizard) act(id actionID, f frame) (screen, []intent) {
	at, j := s.where(f)
	switch {
	case id == actBack:
		return s.backward()
	case s.pasting && id == actNext:
		return s.deliver(s.paste.Value())
	case at == atEnd:
		return s.ended(id, j, f)
	case at == atSignIn:
		return s.signIn(id, j)
	case id == actStop:
		return s, []intent{stop{s.job()}}
	case id == actNext:
		return s.forward(f)
	}
	s.problem = ""
	switch at {
	case atProvider:
		s.providers, _ = s.providers.act(id, f.height)
	case atServices:
		s.services, _ = s.services.act(id, f.height)
	case atHow:
		s.how, _ = s.how.act(id, f.height)
	}
	return s, nil
}

// forward takes the answer of this step and shows the next.
func (s authorizeWizard) forward(f frame) (screen, []intent) {
	s.problem = ""
	switch s.station {
	case atProvider:
		return s.chooseServices(f), nil
	case atServices:
		s.station = atName
		s.request.Services = s.services.ticked
		s.name.SetValue(s.suggestName(f))
		s.name.CursorEnd()
	case atName:
		name := s.name.Value()
		if err := accounts.CheckName(name); err != nil {
			s.problem = err.Error()
			return s, nil
		}
		if s.taken(name, f) {
			s.problem = fmt.Sprintf("%s exists already: u on its row updates it.", name)
			return s, nil
		}
		s.request.Name = name
		s.station = atHow
		return s, s.start()
	case atHow:
		o, _ := s.how.chosen()
		s.request.Kind = provider.FlowKind(o.id)
		s.station = atSignIn
		return s, []intent{beginFlow{request: s.request}}
	}
	return s, nil
}

func (s authorizeWizard) chooseServices(f frame) authorizeWizard {
	o, _ := s.providers.chosen()
	s.request = accounts.AuthorizeRequest{Provider: o.id, OverSSH: f.host.SSH}
	s.services = choice{several: true}
	for _, svc := range f.provider(o.id).ServiceList() {
		s.services.options = append(s.services.options, option{id: svc.ID, label: svc.Name})
	}
	if len(s.services.options) == 1 {
		s.services = s.services.tickAll()
	}
	s.station = atServices
	return s
}

// backward is esc: one step back before the sign-in; afterwards it leaves, and the sign-in goes on waiting.
func (s authorizeWizard) backward() (screen, []intent) {
	s.problem = ""
	switch {
	case s.pasting:
		s.pasting = false
		s.paste.Reset()
		return s, nil
	case s.station == atProvider, s.station >= atSignIn, s.again && s.station == atHow:
		return s, []intent{back{}}
	}
	s.station--
	return s, nil
}

// signIn does what can be done while fettle waits for the person.
func (s authorizeWizard) signIn(id actionID, j job) (screen, []intent) {
	switch id {
	case actCopyURL:
		return s, []intent{copyText{"The address", address(j)}}
	case actCopyCod:
		return s, []intent{copyText{"The code", j.prompt.UserCode}}
	case actBareURL:
		return s, []intent{printURL{address(j)}}
	case actBrowse:
		return s, []intent{openBrowser{address(j)}}
	case actPaste:
		s.pasting = true
		s.paste.Reset()
		return s, nil
	case actOther:
		s.request.Kind = other(j)
		return s, []intent{beginFlow{request: s.request, restart: true}}
	case actAbandon:
		return s, []intent{stop{s.job()}, abandonFlow{j.flowID, s.request.Name}, back{}}
	}
	return s, nil
}

// address is what the person opens: the complete address where there is one.
func address(j job) string {
	switch {
	case j.prompt == nil:
		return ""
	case j.prompt.AuthorizationURL != "":
		return j.prompt.AuthorizationURL
	case j.prompt.VerificationURIComplete != "":
		return j.prompt.VerificationURIComplete
	}
	return j.prompt.VerificationURI
}

func other(j job) provider.FlowKind {
	if j.prompt != nil && j.prompt.UserCode != "" {
		return provider.Browser
	}
	return provider.Device
}

func (s authorizeWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	if pasted, ok := msg.(tea.PasteMsg); ok && s.station >= atSignIn {
		return s.deliver(pasted.Content)
	}
	if s.pasting {
		s.paste, _ = s.paste.Update(msg)
		return s, nil
	}
	s.problem = ""
	s.name, _ = s.name.Update(msg)
	return s, nil
}

// deliver hands pasted text to the flow; the text is not echoed.
func (s authorizeWizard) deliver(text string) (screen, []intent) {
	s.pasting = false
	s.paste.Reset()
	s.pasted = len(text)
	return s, []intent{pasteInto{s.job(), text}}
}

// Ends of the wizard: what can be done next, the natural thing first.
const (
	nextFiles   = "files"
	nextFix     = "fix"
	nextList    = "list"
	nextAgain   = "again"
	nextKeep    = "keep"
	nextUseNew  = "use-new"
	nextRecheck = "recheck"
	nextSwitch  = "switch"
)

// nexts are the options once the sign-in has ended.
func (s authorizeWizard) nexts(j job, f frame) choice {
	c := choice{at: s.after.at}
	add := func(id, label string) { c.options = append(c.options, option{id: id, label: label}) }
	if j.flow == nil || j.flow.End == accounts.EndFailed {
		add(nextAgain, "Sign in again")
		add(nextList, "Back to the accounts")
		return c
	}
	switch j.flow.End {
	case accounts.EndPartial:
		add(nextAgain, "Sign in again and tick every box")
	case accounts.EndWaitingDecision:
		add(nextKeep, "Keep the credential in use, drop the new one")
		add(nextUseNew, "Use the new credential")
		add(nextRecheck, "Repeat the checks")
		add(nextAgain, "Sign in again")
	}
	if n := f.data.stale[j.flow.AccountID]; n > 0 {
		add(nextFiles, regenerateWords(n))
	}
	if a, ok := nextProblem(f, j.flow.AccountID); ok {
		add(nextFix, "Fix the next problem: "+a.Name+", "+stateWords(a, f.now))
	}
	add(nextList, "Back to the accounts")
	return c
}

func regenerateWords(n int) string {
	if n == 1 {
		return "Regenerate the password file that uses this account"
	}
	return fmt.Sprintf("Regenerate the %d password files that use this account", n)
}

func (s authorizeWizard) ended(id actionID, j job, f frame) (screen, []intent) {
	c := s.nexts(j, f)
	if id != actNext {
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	o, _ := c.chosen()
	switch o.id {
	case nextFiles:
		return s, []intent{replace{newRegenerate(pwfile.Selection{AccountID: j.flow.AccountID})}}
	case nextFix:
		return s, append([]intent{home{}}, fixNext(f)...)
	case nextAgain:
		s.station, s.after = atHow, choice{}
		return s, s.start()
	case nextKeep:
		return s, []intent{decide{j.flow.AccountID, accounts.DecideKeep}, home{}}
	case nextUseNew:
		return s, []intent{decide{j.flow.AccountID, accounts.DecideUseNew}, home{}}
	case nextRecheck:
		return s, []intent{repeatChecks{j.flow.AccountID}}
	}
	return s, []intent{home{}}
}
