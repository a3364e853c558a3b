package tui

import (
	"context"
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/oauthflow/diagnose"
)

// verifyScreen proves one account before the operator's eyes: a checklist that fills in rung by rung, from
// the store up to the resources. The work is a job: leaving the screen does not end it.
// Whatever is repaired from here leads on by itself, so f goes from one problem to the next.
type verifyScreen struct {
	base
	id, name string
	after    choice // what to do when it has ended
}

// Further ways to go on, beside those of authorize_end.go.
const (
	nextVerify  = "verify"
	nextRefresh = "refresh"
)

// verifying opens the checklist and starts the work.
func verifying(a accounts.Account) []intent {
	return []intent{open{verifyScreen{id: a.ID, name: a.Name}}, verifyAccounts{ids: []string{a.ID}}}
}

func (s verifyScreen) title(frame) string { return "Verify " + s.name }

// job is the verification of this account alone, also when it was begun from the list.
func (s verifyScreen) job(f frame) job {
	j, _ := f.jobs.get(jobID{jobVerify, subjects([]string{s.id})})
	return j
}

func (s verifyScreen) scopes() []scope { return []scope{inVerify, inWizard, inScroll} }

func (s verifyScreen) situation(f frame) situation {
	j := s.job(f)
	st := situation{job: &j}
	if a, ok := f.account(s.id); ok {
		st.account = &a
	}
	switch {
	case j.running:
		st.next = "the checks are not finished; ctrl+x stops them"
	case j.settling:
		st.next = settlingWords
	}
	return st
}

// act ends the work by ctrl+x alone: leaving the screen does not, and how it ended is told on any screen.
func (s verifyScreen) act(id actionID, f frame) (screen, []intent) {
	a, known := f.account(s.id)
	switch {
	case id == actBack:
		return s, []intent{back{}}
	case id == actStop:
		return s, []intent{stop{s.job(f).id}}
	case id == actVerify:
		return s.again()
	case id == actUpdate && known:
		return s, updating(a, f)
	}
	c := s.nexts(f)
	if id != actNext {
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	o, _ := c.chosen()
	switch o.id {
	case nextVerify:
		return s.again()
	case nextAgain:
		return s, updating(a, f)
	case nextRefresh:
		return s, []intent{replace{newDetail(s.id)}, refreshAccounts{ids: []string{s.id}, force: true}}
	case nextList:
		return s, []intent{back{}}
	}
	return s, following(o.id, s.id, f)
}

// again makes the checks once more.
func (s verifyScreen) again() (screen, []intent) {
	s.after = choice{}
	return s, []intent{verifyAccounts{ids: []string{s.id}}}
}

func (s verifyScreen) typed(tea.Msg, frame) (screen, []intent)  { return s, nil }
func (s verifyScreen) receive(answer, frame) (screen, []intent) { return s, nil }

// firstWrong is the first rung that did not hold: what stands above it is often only its consequence.
// A failure counts before a remark, wherever it stands.
func firstWrong(checks []accounts.Check) (accounts.Check, bool) {
	for _, state := range []accounts.CheckState{accounts.CheckFailed, accounts.CheckWarning} {
		if i := slices.IndexFunc(checks, func(c accounts.Check) bool { return c.State == state }); i >= 0 {
			return checks[i], true
		}
	}
	return accounts.Check{}, false
}

// nexts are the options once the checks have ended: what repairs the first wrong rung stands first.
func (s verifyScreen) nexts(f frame) choice {
	c, j := choice{at: s.after.at}, s.job(f)
	if j.settling {
		return c
	}
	wrong, found := firstWrong(j.checks)
	if found && wrong.Diagnosis != nil {
		switch wrong.Diagnosis.Remedy {
		case diagnose.Reauthorize, diagnose.ReauthorizeInteractively:
			c.add(nextAgain, "Sign in again")
		case diagnose.GrantPermissions:
			c.add(nextAgain, "Sign in again and tick every box")
		case diagnose.Refresh:
			c.add(nextRefresh, "Ask for a new access token")
		}
	}
	if found || j.err != nil {
		c.add(nextVerify, "Verify again")
	} else {
		c = c.withFollowing(s.id, f)
	}
	c.add(nextList, "Back")
	return c
}

func (s verifyScreen) view(f frame) string {
	t, j := f.theme, s.job(f)
	lines := append([]string{""}, indent1(paragraph(s.heading(j), f.width-2, t.title))...)
	lines = append(lines, "")
	if j.running {
		return fill(append(lines, s.ladder(j, f)...), f.width, f.height, t.signs.ellipsis)
	}
	c := s.nexts(f)
	body := s.ladder(j, f)
	// Where the whole ladder does not fit above the options, what is right takes one line together.
	if room := f.height - len(lines) - len(c.options) - 3; len(body) > room {
		body = checkSummary(j.checks, f)
	}
	if j.err != nil && !errors.Is(j.err, context.Canceled) {
		body = append(append(body, ""), failureLines(j.err, f)...)
	}
	lines = append(lines, withNext(body, c, f.inner(f.width, f.height-len(lines)))...)
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}

// heading says how it stands, or the one thing that matters of how it ended.
func (s verifyScreen) heading(j job) string {
	wrong, found := firstWrong(j.checks)
	switch {
	case j.stopping:
		return "Stopping the checks of " + s.name
	case j.running:
		return "Proving " + s.name + " from the store to its resources"
	case errors.Is(j.err, context.Canceled):
		return "The checks of " + s.name + " were stopped"
	case j.err != nil:
		return s.name + " could not be checked to the end"
	case found && wrong.State == accounts.CheckFailed:
		return s.name + " fails first at: " + wrong.Title
	case found:
		return s.name + " works, with a remark at: " + wrong.Title
	}
	return s.name + " is proven: every check passed"
}

// ladder draws every rung: those made, the one under way, and in grey those still to come.
func (s verifyScreen) ladder(j job, f frame) []string {
	t := f.theme
	wrong, found := firstWrong(j.checks)
	var lines []string
	for _, c := range j.checks {
		// Only the first wrong one is explained: the rest mostly follow from it.
		if found && c.ID == wrong.ID && c.Service == wrong.Service {
			lines = append(lines, wrongLines(c, f)...)
			continue
		}
		lines = append(lines, rung(c, f))
	}
	if !j.running {
		return lines
	}
	for _, title := range s.toCome(j, f) {
		lines = append(lines, " "+t.faint.Render(t.signs.future+" "+title))
	}
	return lines
}

// rung is one check in a line: sign, title, what was found.
func rung(c accounts.Check, f frame) string {
	sign, style := checkSign(c.State, f.theme)
	line := " " + style.Render(sign) + " " + c.Title
	if c.State == accounts.CheckSkipped {
		line = " " + f.theme.faint.Render(sign+" "+c.Title)
	}
	if c.Detail != "" {
		line += "  " + f.theme.faint.Render(c.Detail)
	}
	return line
}

// wrongLines are the first wrong rung, with why and what to do.
func wrongLines(c accounts.Check, f frame) []string {
	t := f.theme
	sign, style := checkSign(c.State, t)
	lines := []string{" " + style.Render(t.signs.pointer+" "+sign+" "+c.Title)}
	for i, l := range checkLine(c, f) {
		if i > 0 { // the first is the title
			lines = append(lines, "  "+l)
		}
	}
	if c.Diagnosis != nil {
		lines = append(lines, paragraphAt(remedyWords(*c.Diagnosis), f.width-6, "     ", t.text)...)
	}
	return lines
}

// toCome names the rungs that were not reported yet.
func (s verifyScreen) toCome(j job, f frame) []string {
	a, ok := f.account(s.id)
	if !ok {
		return nil
	}
	var titles []string
	for _, r := range accounts.Ladder(f.provider(a.Provider), a.Services) {
		known := func(c accounts.Check) bool { return c.ID == r.ID && c.Service == r.Service }
		if !slices.ContainsFunc(j.checks, known) {
			titles = append(titles, r.Title)
		}
	}
	return titles
}
