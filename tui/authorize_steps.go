package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// act sends an action to what is shown now, which is not always what the wizard last showed: the sign-in goes on in the
// background, and a key may have been pressed a frame too late.
func (s authorizeWizard) act(id actionID, f frame) (screen, []intent) {
	at, j := s.where(f)
	switch {
	case id == actBack:
		return s.backward()
	case s.pasting && id == actNext:
		return s.deliver(s.paste.Value(), j)
	case at == atEnd: // before the keys of the sign-in: the job may have ended since the last frame
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
		if s.dividing {
			s.division, _ = s.division.act(id, f.height)
			break
		}
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
		// No client there yet: its wizard lies on top of this one, which finds the client by renewed.
		if o, _ := s.providers.chosen(); !strings.Contains(o.id, clientMark) {
			return s, []intent{open{newClientWizard(f, o.id, true)}}
		}
		return s.chooseServices(f), nil
	case atServices:
		if len(s.services.ticked) > 1 && !s.dividing {
			s.dividing, s.division = true, divisionOf(f.provider(s.request.Provider), s.services.ticked)
			return s, nil
		}
		s = s.divided()
		s.station = atName
		if !s.named { // what was typed stays
			s.name.SetValue(s.suggestName(f))
			s.name.CursorEnd()
		}
	case atName:
		name := s.name.Value()
		if err := accounts.CheckName(name); err != nil {
			s.problem = err.Error()
			return s, nil
		}
		if why := s.taken(name, f); why != "" {
			s.problem = why
			return s, nil
		}
		s.request.Name = name
		s.station, s.how = atHow, choice{}
		return s, s.start()
	case atHow:
		o, _ := s.how.chosen()
		s.request.Kind = provider.FlowKind(o.id)
		s.station = atSignIn
		return s, []intent{beginFlow{request: s.request}}
	}
	return s, nil
}

// chooseServices shows what the provider offers through the client chosen.
func (s authorizeWizard) chooseServices(f frame) authorizeWizard {
	o, _ := s.providers.chosen()
	providerID, clientID, _ := strings.Cut(o.id, clientMark)
	if providerID == s.request.Provider && clientID == s.request.ClientID { // came back: the ticks stay
		s.station = atServices
		return s
	}
	// Another client may serve other services: ticks and name begin anew.
	s.request = accounts.AuthorizeRequest{Provider: providerID, ClientID: clientID, OverSSH: f.host.SSH}
	s.services, s.named, s.dividing = choice{several: true}, false, false
	for _, svc := range f.provider(providerID).ServiceList() {
		s.services.options = append(s.services.options, option{id: svc.ID, label: svc.Name, off: f.cannotServe(providerID, clientID, svc)})
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
	case s.station == atServices && s.dividing:
		s.dividing = false
		return s, nil
	case s.station == atProvider, s.station >= atSignIn, s.again && s.station == atHow:
		return s, []intent{back{}}
	}
	s.station--
	return s, nil
}

// signIn does what can be done while fettle waits for the person.
// The credential in use is touched by none of it.
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
	// Asked first: a sign-in that waits must not be dropped for a way that cannot be used.
	case actOther:
		s.request.Kind = other(j)
		return s, []intent{askFlowChoices{s.otherKey(), s.request}}
	case actAbandon:
		return s, []intent{abandonFlow{j.flowID, s.request.Name}, back{}}
	case actStop:
		return s, []intent{stop{s.job()}}
	}
	return s, nil
}

// otherKey names the question whether the other way of signing in can be used.
func (s authorizeWizard) otherKey() string { return "other way " + s.request.Name }

// otherWay begins anew in the other way if that can be used; else the sign-in goes on as it is.
func (s authorizeWizard) otherWay(a answer, f frame) (screen, []intent) {
	at, j := s.where(f)
	// The person was faster: there is a credential, and nothing to begin anew.
	if at != atSignIn || !j.running {
		return s, nil
	}
	if a.err != nil {
		s.problem = oneLine(a.err)
		return s, nil
	}
	choices, _ := a.value.([]accounts.FlowChoice)
	for _, c := range choices {
		if c.Kind == s.request.Kind && c.Unavailable == "" {
			s.problem = ""
			return s, []intent{beginFlow{request: s.request, restart: true}}
		}
		if c.Kind == s.request.Kind {
			s.problem = upperFirst(c.Unavailable) + "."
		}
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

// other is the way of signing in that is not the present one; only a device prompt has a code to type.
func other(j job) provider.FlowKind {
	if j.prompt != nil && j.prompt.UserCode != "" {
		return provider.Browser
	}
	return provider.Device
}

// typed takes the name. A paste while the sign-in waits needs no key first: it is the address of the last page.
func (s authorizeWizard) typed(msg tea.Msg, f frame) (screen, []intent) {
	// A device code leaves nothing to paste: what is pasted then was meant for something else, and may be a secret.
	if pasted, ok := msg.(tea.PasteMsg); ok && s.station >= atSignIn {
		_, j := s.where(f)
		if j.prompt == nil || j.prompt.UserCode != "" || !j.running {
			return s, []intent{notify{"Nothing here takes pasted text.", accounts.SeverityWarning}}
		}
		return s.deliver(pasted.Content, j)
	}
	if s.pasting {
		s.paste = typedInto(s.paste, msg)
		return s, nil
	}
	s.problem, s.named = "", true
	s.name = typedInto(s.name, msg)
	return s, nil
}

// deliver hands pasted text to the flow; the text is not echoed.
// A wrong one ends nothing: the flow says what was wrong with it and waits on.
func (s authorizeWizard) deliver(text string, j job) (screen, []intent) {
	s.pasting, s.problem = false, ""
	s.paste.Reset()
	s.pasted = handedOver{j.run, len(text)}
	return s, []intent{pasteInto{s.job(), text}}
}
