package tui

import (
	"strings"

	"fettle/accounts"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// key names the question for the content of a client file.
func (s clientWizard) key() string {
	o, _ := s.providers.chosen()
	return "client file " + o.id
}

// planKey names the question what a replacement means.
func (s clientWizard) planKey() string { return "client plan " + s.former.ID }

// receive takes a plan or a file. A plan that cannot be made goes back to the lines: another client may have the ID.
func (s clientWizard) receive(a answer, f frame) (screen, []intent) {
	s.form = s.form.receive(a)
	if s.former != nil && a.key == s.planKey() && s.at == clientAtReview {
		plan, ok := a.value.(accounts.ClientPlan)
		switch {
		case a.err != nil:
			s.at, s.problem = clientAtForm, sentence(oneLine(a.err))
		case ok:
			s.plan = &plan
		}
		return s, nil
	}
	if a.key != s.key() || s.reading == "" {
		return s, nil
	}
	s.reading = ""
	if a.err != nil {
		s.problem = sentence(oneLine(a.err))
		return s, nil
	}
	content, _ := a.value.([]byte)
	return s.read(content, f)
}

// read takes the content of a client file, from a path or pasted; it is never shown.
func (s clientWizard) read(content []byte, f frame) (screen, []intent) {
	c, err := accounts.ReadGoogleClientFile(content)
	p := s.provider(f)
	switch {
	case err != nil:
		s.problem = sentence(oneLine(err))
		return s, nil
	case c.Provider != p.ID && !sharesFiles(p):
		s.problem = "This is the file of a client of Google; " + p.Name + " gives out none like it."
		return s, nil
	}
	s, ends, ok := s.secretEnd()
	if !ok {
		return s, nil
	}
	c.Provider, c.SecretExpiresAt = p.ID, ends
	// The file of a Desktop app and that of a TV client look the same: the kind that was chosen decides.
	if k, ok := s.kind(f); ok && k.FileKey == c.Kind {
		c.Kind = k.ID
	}
	switch label := s.form.value(len(s.form.fields) - 1); {
	case s.former != nil:
		c.Label = s.former.Label
	case label != "":
		c.Label = label
	}
	s.found = &c
	return s.look(f)
}

// sharesFiles reports whether some kind of client of a provider comes with a file.
func sharesFiles(p provider.Provider) bool {
	for _, k := range p.ClientKinds {
		if k.FileKey != "" {
			return true
		}
	}
	return false
}

// look shows what fettle makes of the client. Where it is of another kind than the one chosen, keeping it is
// not what enter does first.
// Nothing is kept before it was looked at: a file of the wrong kind is noticed only at the first sign-in.
func (s clientWizard) look(f frame) (screen, []intent) {
	s.at, s.review, s.plan = clientAtReview, choice{}, nil
	switch {
	case s.former != nil:
		s.review.add(nextKeepIt, "Replace it")
		s.review.add(nextOther, "Leave it as it is")
		return s, []intent{askClientPlan{s.planKey(), s.former.ID, s.change()}}
	case s.wrongKind(f) != "":
		s.review.add(nextOther, "Give another client")
		s.review.add(nextKeepIt, "Keep this one all the same")
	default:
		s.review.add(nextKeepIt, "Keep it")
		s.review.add(nextOther, "Give another one")
	}
	return s, nil
}

// change is what a replacement changes: what stays the same is left out.
// A changed ID makes every account sign in again, a secret alone does not: so an unchanged ID is not sent.
func (s clientWizard) change() accounts.ClientChange {
	c := accounts.ClientChange{Secret: s.found.Secret, SecretExpiresAt: s.found.SecretExpiresAt}
	if s.found.OAuthID != s.former.OAuthID {
		c.OAuthID, c.Kind, c.Redirects = s.found.OAuthID, s.found.Kind, s.found.Redirects
	}
	return c
}

// wrongKind says that the client is of another kind than the one chosen, and what that means.
func (s clientWizard) wrongKind(f frame) string {
	chosen, ok := s.kind(f)
	if !ok || s.former != nil || s.found.Kind == chosen.ID {
		return ""
	}
	is, known := kindOf(s.found.Kind, s.provider(f))
	if !known {
		return ""
	}
	words := "This is a client of the kind " + is.Name + ", not " + chosen.Name + ". It signs in by " + flowWords(is.Flows) + "."
	if is.Redirects != "" {
		words += " Redirects: " + strings.TrimSuffix(is.Redirects, ".") + "."
	}
	return words
}

// keep hands the client to the book, or goes back to the lines.
// found is let go of with the secret in it; what is kept is told by the job's result.
func (s clientWizard) keep() (screen, []intent) {
	o, _ := s.review.chosen()
	if o.id == nextOther && s.former != nil {
		return s, []intent{back{}}
	}
	if o.id == nextOther {
		s.at, s.found = clientAtForm, nil
		s.form = s.form.focused(0)
		return s, nil
	}
	c := *s.found
	if s.former != nil {
		want := replaceClient{*s.former, s.change()}
		s.at, s.found = clientAtEnd, nil
		return s, []intent{want}
	}
	s.at, s.found = clientAtEnd, nil
	return s, []intent{addClient{c}}
}

// kept is the client as the book keeps it now.
func (s clientWizard) kept(f frame) (accounts.ClientInfo, bool) {
	j, ok := f.jobs.get(s.job())
	info, isClient := j.result.(accounts.ClientInfo)
	return info, ok && isClient && j.err == nil
}

// nexts are the options once the client is kept, the natural one first.
// An authorization that waits below is gone on with by going back to it: it has found the client by then.
func (s clientWizard) nexts(f frame) choice {
	c := choice{at: s.after.at}
	j, _ := f.jobs.get(s.job())
	if j.settling {
		return c
	}
	info, ok := s.kept(f)
	switch {
	case !ok:
		c.add(nextOther, "Give it again")
	case s.returning:
		c.add(nextAuthorize, "Go on with the authorization")
	case s.former != nil:
		if files := staleCount(info, f); files > 0 {
			c.add(nextFiles, "Regenerate the password files that carry the old secret")
		}
		if a, found := nextProblem(f, ""); found && s.plan != nil && len(s.plan.SignIn) > 0 {
			c.add(nextFix, "Fix the next problem: "+a.Name+", "+stateWords(a, f.now))
		}
	default:
		c.add(nextAuthorize, "Authorize an account through it")
	}
	if ok {
		c.add(nextTest, "Ask the provider whether it takes this client")
	}
	c.add(nextList, "Back")
	return c
}

// staleCount is how many stale password files the accounts of a client have.
func staleCount(c accounts.ClientInfo, f frame) int {
	var ids []string
	for _, name := range c.UsedBy {
		if a, ok := f.data.snapshot.ByName(name); ok {
			ids = append(ids, a.ID)
		}
	}
	return pwfile.StaleFilesOf(f.data.canvases, ids)
}

// ended does what was chosen at the end.
func (s clientWizard) ended(f frame) (screen, []intent) {
	o, ok := s.nexts(f).chosen()
	if !ok {
		return s, nil
	}
	switch o.id {
	case nextOther:
		s.after = choice{}
		return s.ask(f), nil
	case nextAuthorize:
		if info, kept := s.kept(f); kept && !s.returning {
			return s, []intent{replace{newAuthorizeWith(info, f)}}
		}
	case nextTest:
		info, _ := s.kept(f)
		return s, []intent{testClient{info}}
	case nextFix:
		return s, append([]intent{home{}}, fixNext(f, "")...)
	case nextFiles:
		return s, []intent{replace{newRegenerate(pwfile.Selection{Stale: true})}}
	}
	return s, []intent{back{}}
}
