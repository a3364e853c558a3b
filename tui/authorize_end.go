package tui

import (
	"context"
	"errors"
	"fmt"

	"fettle/accounts"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// What can be done next at the end of a wizard.
const (
	nextFiles   = "files"
	nextFix     = "fix"
	nextList    = "list"
	nextAgain   = "again"
	nextResume  = "resume"
	nextKeep    = "keep"
	nextUseNew  = "use-new"
	nextSwitch  = "switch"
	nextRecheck = "recheck"
)

// ending is how a sign-in ended, as the page tells it.
type ending int

const (
	endFailed ending = iota
	endAuthorized
	endPartial
	endDecision
	endPaused    // it waits; this program stopped showing it
	endElsewhere // another process shows it
	endExpired
)

// endingOf looks at errors first: a sign-in that stopped on one has a result too, which says nothing then.
func endingOf(j job) ending {
	var failed *accounts.FlowFailedError
	switch {
	case errors.Is(j.err, accounts.ErrFlowDriven):
		return endElsewhere
	case errors.Is(j.err, accounts.ErrFlowExpired), errors.Is(j.err, accounts.ErrNoPendingFlow):
		return endExpired
	// Cancelling never ends a sign-in, and neither does a network that failed: its record waits.
	case errors.Is(j.err, context.Canceled), errors.As(j.err, &failed) && failed.Resumable:
		return endPaused
	case j.err != nil, j.flow == nil:
		return endFailed
	}
	switch j.flow.End {
	case accounts.EndAuthorized:
		return endAuthorized
	case accounts.EndPartial:
		return endPartial
	case accounts.EndWaitingDecision:
		return endDecision
	case accounts.EndFailed:
	}
	return endFailed
}

// nexts are the options once the sign-in has ended, the natural one first.
// None while the book has not been looked at: which files are stale and what is next in need of repair may be about to change.
func (s authorizeWizard) nexts(j job, f frame) choice {
	c := choice{at: s.after.at}
	if j.settling {
		return c
	}
	end := endingOf(j)
	switch end {
	case endDecision:
		c.options = decisionOptions(j.flow.AccountID, f)
	case endPartial:
		again := "Sign in again"
		if len(j.flow.Missing) > 0 {
			again += " and tick every box"
		}
		c.add(nextAgain, again)
	case endFailed:
		c.add(nextAgain, "Sign in again")
	case endExpired:
		c.add(nextAgain, "Start a new sign-in")
	case endPaused:
		c.add(nextResume, "Go on with this sign-in")
		c.add(nextAgain, "Start a new one")
	case endElsewhere:
		c.add(nextResume, "Look again")
	case endAuthorized:
	}
	if end == endAuthorized || end == endPartial {
		c = c.withFollowing(j.flow.AccountID, f)
	}
	c = s.withQueue(c, end, f)
	c.add(nextList, "Back to the accounts")
	return c
}

// withFollowing adds what follows a repair: the files of the account, then the next problem.
func (c choice) withFollowing(accountID string, f frame) choice {
	if n := f.data.stale[accountID]; n > 0 {
		c.add(nextFiles, regenerateWords(n))
	}
	if a, ok := nextProblem(f, accountID); ok {
		c.add(nextFix, "Fix the next problem: "+a.Name+", "+stateWords(a, f.now))
	}
	return c
}

// regenerateWords offer to write the files that still carry the former credential.
func regenerateWords(n int) string {
	if n == 1 {
		return "Regenerate the password file that uses this account"
	}
	return fmt.Sprintf("Regenerate the %d password files that use this account", n)
}

// ended does what was chosen at the end.
// What follows takes the wizard's place or goes home: esc must not lead back to a page that offers it a second time.
func (s authorizeWizard) ended(id actionID, j job, f frame) (screen, []intent) {
	c := s.nexts(j, f)
	if id != actNext {
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	o, ok := c.chosen()
	if !ok {
		return s, nil
	}
	switch o.id {
	case nextAgain:
		if end := endingOf(j); end == endPaused {
			// The way may have been what did not work, so the book chooses again.
			s.request.Kind = ""
			return s.restart()
		}
		s.station, s.after, s.how, s.problem = atHow, choice{}, choice{}, ""
		return s, s.start()
	case nextService:
		return s, []intent{replace{s.afterThis(f)}}
	// The book finds the pending flow by the name and goes on with it.
	case nextResume:
		s.after = choice{}
		return s, []intent{beginFlow{request: s.request}}
	}
	// There is no account that anything could follow for.
	if j.flow == nil {
		return s, []intent{home{}}
	}
	return s, following(o.id, j.flow.AccountID, f)
}

// restart drops the sign-in that waits and begins one in its place.
func (s authorizeWizard) restart() (screen, []intent) {
	s.after, s.problem = choice{}, ""
	return s, []intent{beginFlow{request: s.request, restart: true}}
}

// following turns the choice of what comes next for an account into intents.
func following(id, accountID string, f frame) []intent {
	switch id {
	case nextFiles:
		return []intent{replace{newRegenerate(pwfile.Selection{AccountID: accountID})}}
	case nextFix:
		return append([]intent{home{}}, fixNext(f, accountID)...)
	// The page of the choice takes over, for its job is another.
	case nextKeep, nextUseNew, nextSwitch, nextRecheck:
		a, _ := f.account(accountID)
		d := newDecision(accountID, a.Name)
		d.chosen = id
		return []intent{replace{d}, decisionIntent(id, accountID)}
	}
	return []intent{home{}}
}

// endLines say what came of the sign-in.
func (s authorizeWizard) endLines(j job, f frame) (question string, body []string) {
	t, name := f.theme, s.request.Name
	text := func(words string) []string { return indent1(wrap(words, f.width-2)) }
	switch endingOf(j) {
	case endAuthorized:
		return name + " is authorized, with every permission", checkSummary(j.checks, f)
	case endPartial:
		body = []string{" " + t.bad.Render("Not granted, in the words of the page:")}
		for _, p := range j.flow.Missing {
			body = append(body, "   "+t.bad.Render(t.signs.box+" "+p.Words))
		}
		if len(j.flow.Missing) == 0 {
			body = text(j.flow.Why)
		}
		return name + " is stored, but " + missingWords(j.flow.Missing), body
	case endDecision:
		return "A new credential of " + name + " is stored beside the one in use", append(text(sentence(j.flow.Why)), checkSummary(j.checks, f)...)
	case endPaused:
		return "The sign-in of " + name + " waits", s.pausedLines(j, f)
	case endElsewhere:
		return "Another fettle shows this sign-in", text("It waits for the person there. Once it is finished, " + name + " appears in the list here by itself; if that program has ended, look again.")
	case endExpired:
		return "The sign-in of " + name + " has expired", text("Nobody signed in in time, or it was dropped. The stored credential, if there is one, is as it was.")
	case endFailed:
	}
	body = checkSummary(j.checks, f)
	switch {
	case j.err != nil:
		body = append(body, failureLines(j.err, f)...)
	case j.flow != nil && j.flow.Why != "":
		body = append(body, paragraphAt(sentence(j.flow.Why), f.width-2, " ", t.bad)...)
	}
	return name + " was not authorized", body
}

// pausedLines say why a sign-in that can go on does not.
func (s authorizeWizard) pausedLines(j job, f frame) []string {
	var failed *accounts.FlowFailedError
	if errors.As(j.err, &failed) {
		return failureLines(j.err, f)
	}
	return indent1(wrap("It was stopped here and is kept: go on with it, or begin anew.", f.width-2))
}

func missingWords(missing []provider.Permission) string {
	switch len(missing) {
	case 0:
		return "something needs attention"
	case 1:
		return "one permission is missing"
	}
	return fmt.Sprintf("%d permissions are missing", len(missing))
}
