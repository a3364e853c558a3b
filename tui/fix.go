package tui

import (
	"slices"

	"fettle/accounts"
	"fettle/oauthflow/diagnose"
	"fettle/pwfile"
)

// repairable reports whether f has something to do for the account.
// A credential that waits for a choice comes before what is wrong with the one in use.
func repairable(a accounts.Account) bool { return a.Candidate != nil || repairOf(a) != repairNone }

// repair is what would mend an account.
type repair int

const (
	repairNone repair = iota
	repairSignIn
	repairRefresh
	repairVerify
	repairRevoke
)

// repairOf maps the remedy of an account's worst finding to what fettle can do about it.
func repairOf(a accounts.Account) repair {
	switch a.Health.State {
	// Nothing of these is mended here: an admin, or whoever shares the resources, has to act.
	case accounts.Healthy, accounts.NoResources, accounts.Blocked:
		return repairNone
	case accounts.ToRevoke:
		return repairRevoke
	case accounts.Unproven:
		if a.Health.Severity == accounts.SeverityOK { // a password file holds it: it is proven there
			return repairNone
		}
		return repairVerify
	case accounts.Unreachable:
		return repairRefresh
	}
	switch a.Health.Remedy {
	case diagnose.Reauthorize, diagnose.ReauthorizeInteractively, diagnose.GrantPermissions:
		return repairSignIn
	case diagnose.Refresh, diagnose.RetryLater:
		return repairRefresh
	}
	return repairNone
}

// nextProblem is the account that f repairs: the worst. After one that was just tried it is the worst that was not
// tried since fettle was opened; once all were, the next one, round and round, so that a problem that stays does
// not hide the others.
func nextProblem(f frame, after string) (accounts.Account, bool) {
	list := f.data.problems
	if i := slices.IndexFunc(list, func(id string) bool { return id != after && !f.tried(id) }); i >= 0 && after != "" {
		return f.account(list[i])
	}
	if i := slices.Index(list, after); i >= 0 {
		list = slices.Concat(list[i+1:], list[:i])
	}
	if len(list) == 0 {
		return accounts.Account{}, false
	}
	return f.account(list[0])
}

// tried reports whether work on an account was begun since fettle was opened.
// Jobs stay known after their end, so they tell it without a list of its own.
func (f frame) tried(id string) bool {
	a, ok := f.account(id)
	if !ok {
		return false
	}
	alone := subjects([]string{id})
	for _, work := range []jobID{{jobFlow, a.Name}, {jobRefresh, alone}, {jobVerify, alone}, {jobChecks, id}} {
		if _, begun := f.jobs.get(work); begun {
			return true
		}
	}
	return false
}

// fixNext opens what repairs the next problem: accounts first, then stale files.
func fixNext(f frame, after string) []intent {
	a, ok := nextProblem(f, after)
	if !ok {
		return []intent{open{newRegenerate(pwfile.Selection{Stale: true})}}
	}
	return repairing(a, f)
}

// repairing opens what repairs an account.
func repairing(a accounts.Account, f frame) []intent {
	if a.Candidate == nil {
		switch repairOf(a) {
		// Forced, because an answer that is seconds old may be the one that failed.
		case repairRefresh:
			// The detail shows what comes of it; a refresh has no page of its own.
			return []intent{open{newDetail(a.ID)}, refreshAccounts{ids: []string{a.ID}, force: true}}
		case repairVerify:
			return verifying(a)
		case repairRevoke:
			return []intent{open{newRemove(a)}}
		}
	}
	return updating(a, f)
}

// updating opens what leads to a working credential: the choice that waits, the sign-in that was begun, or a
// new one.
func updating(a accounts.Account, f frame) []intent {
	j, ok := f.jobs.get(jobID{jobFlow, a.Name})
	switch {
	// Shown and not begun again: there is one sign-in for a name.
	case ok && j.running:
		return []intent{open{newUpdate(a, f)}}
	case a.Candidate != nil:
		return []intent{open{newDecision(a.ID, a.Name)}}
	case a.Pending != nil:
		return []intent{takeOver{*a.Pending}}
	}
	return []intent{open{newUpdate(a, f)}}
}
