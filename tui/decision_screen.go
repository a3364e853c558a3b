package tui

import (
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// decisionScreen asks what to do with a new credential that waits beside the one in use, does it, and says
// what came of it.
// Opened by u on such an account, and by the wizards where a sign-in ends so. Keeping the former credential is the first
// choice, because a new one may belong to somebody else.
type decisionScreen struct {
	base
	id, name string
	chosen   string // what was asked for last: the job shown is about it
	options  choice
}

func newDecision(id, name string) decisionScreen { return decisionScreen{id: id, name: name} }

func (s decisionScreen) title(frame) string { return "Choose for " + s.name }
func (s decisionScreen) scopes() []scope    { return []scope{inWizard, inScroll} }

// job is about this choice only once something was chosen here; an earlier check of the account has the same ID.
func (s decisionScreen) job(f frame) job {
	if s.chosen == "" {
		return job{}
	}
	j, _ := f.jobs.get(jobID{jobChecks, s.id})
	return j
}

func (s decisionScreen) situation(f frame) situation {
	j := s.job(f)
	st := situation{job: &j, firm: true}
	switch {
	case j.running:
		st.next = "it is being done"
	case j.settling:
		st.next = settlingWords
	}
	return st
}

// decisionOptions are the ways out: keeping is first, because it changes nothing.
func decisionOptions(id string, f frame) []option {
	var c choice
	c.add(nextKeep, "Keep the credential in use, drop the new one")
	a, _ := f.account(id)
	switch {
	// Called by what it is: every job of the account would act as another person.
	case a.Candidate != nil && !a.Candidate.SameOwner:
		c.add(nextSwitch, "Switch: from now on "+a.Name+" belongs to "+a.Candidate.Identity)
	default:
		c.add(nextUseNew, "Use the new credential")
	}
	c.add(nextRecheck, "Repeat the checks of the new one")
	c.add(nextAgain, "Sign in again")
	return c.options
}

// decisionIntent is the act behind an option.
func decisionIntent(option, accountID string) intent {
	switch option {
	case nextKeep:
		return decide{accountID, accounts.DecideKeep}
	case nextUseNew:
		return decide{accountID, accounts.DecideUseNew}
	case nextSwitch:
		return decide{accountID, accounts.DecideSwitch}
	}
	return repeatChecks{accountID}
}

// nexts are the options now: the choice while a credential waits, else what follows.
func (s decisionScreen) nexts(f frame) choice {
	c := choice{at: s.options.at}
	a, _ := f.account(s.id)
	switch j := s.job(f); {
	case j.settling:
		return c
	case a.Candidate != nil && !s.settled(j):
		c.options = decisionOptions(s.id, f)
	default:
		c = c.withFollowing(s.id, f)
	}
	c.add(nextList, "Back to the accounts")
	return c
}

// settled reports whether the choice was carried out.
// Checks that were repeated settle nothing while the credential still waits.
func (s decisionScreen) settled(j job) bool {
	if j.running || j.err != nil || s.chosen == "" {
		return false
	}
	return s.chosen != nextRecheck || j.flow != nil && j.flow.End != accounts.EndWaitingDecision
}

// act forgets the row with each choice, so that the options that come next begin at their first.
func (s decisionScreen) act(id actionID, f frame) (screen, []intent) {
	c := s.nexts(f)
	switch {
	case id == actBack:
		return s, []intent{back{}}
	case id != actNext:
		s.options, _ = c.act(id, f.height)
		return s, nil
	}
	o, _ := c.chosen()
	s.options = choice{}
	switch o.id {
	case nextKeep, nextUseNew, nextSwitch, nextRecheck:
		s.chosen = o.id
		return s, []intent{decisionIntent(o.id, s.id)}
	case nextAgain:
		a, _ := f.account(s.id)
		return s, []intent{replace{newUpdate(a, f)}}
	}
	return s, following(o.id, s.id, f)
}

func (s decisionScreen) typed(tea.Msg, frame) (screen, []intent)  { return s, nil }
func (s decisionScreen) receive(answer, frame) (screen, []intent) { return s, nil }

func (s decisionScreen) view(f frame) string {
	t := f.theme
	j := s.job(f)
	question, body := s.words(j, f)
	lines := []string{""}
	lines = append(lines, indent1(paragraph(question, f.width-2, t.title))...)
	lines = append(lines, "")
	if j.running {
		return fill(append(lines, body...), f.width, f.height, t.signs.ellipsis)
	}
	lines = append(lines, withNext(body, s.nexts(f), f.inner(f.width, f.height-len(lines)))...)
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}

// words say what waits, or what came of the choice.
func (s decisionScreen) words(j job, f frame) (question string, body []string) {
	a, _ := f.account(s.id)
	switch {
	case j.running && s.chosen == nextRecheck:
		return "Checking the new credential of " + s.name, checkLines(j.checks, f)
	case j.running:
		return "Doing as you chose", nil
	case s.chosen != "" && j.err != nil:
		return "It could not be done; nothing has changed", failureLines(j.err, f)
	case s.settled(j):
		return s.settledWords(j, f)
	case a.Candidate == nil:
		return "No new credential of " + s.name + " waits any more", nil
	}
	for _, text := range []string{sentence(a.Candidate.WhyWaiting), "The one in use goes on working until you choose. Undecided, the new one is dropped after 24 hours; it is not revoked."} {
		body = append(body, indent1(wrap(text, f.width-2))...)
	}
	if len(j.checks) > 0 {
		body = append(append(body, ""), checkSummary(j.checks, f)...)
	}
	return "A new credential of " + s.name + " is stored beside the one in use", body
}

// settledWords say what the account has now. Dropping a new credential never revokes it: at some providers that would
// end the one in use too.
func (s decisionScreen) settledWords(j job, f frame) (question string, body []string) {
	switch s.chosen {
	case nextKeep:
		return "The credential in use was kept", indent1(wrap("The new one was dropped here. It was not revoked at the provider.", f.width-2))
	case nextSwitch:
		return s.name + " uses the new credential and belongs to another person now", nil
	case nextUseNew:
		return s.name + " uses the new credential now", nil
	}
	body = checkSummary(j.flow.Checks, f)
	if j.flow.End == accounts.EndAuthorized || j.flow.End == accounts.EndPartial {
		return s.name + " uses the new credential now", body
	}
	return "The new credential does not work", append(body, indent1(wrap(j.flow.Why, f.width-2))...)
}
