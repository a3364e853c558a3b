package tui

import (
	"fettle/accounts"
	"fettle/oauthflow/diagnose"
	"fettle/pwfile"
)

// repairable reports whether f has something to do for the account.
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
	case accounts.Healthy, accounts.NoResources, accounts.Blocked:
		return repairNone
	case accounts.ToRevoke:
		return repairRevoke
	case accounts.Unproven:
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

// fixNext takes the worst problem and opens the wizard that repairs it: accounts first, then stale files.
func fixNext(f frame) []intent {
	a, ok := nextProblem(f, "")
	if !ok {
		return []intent{open{newRegenerate(pwfile.Selection{Stale: true})}}
	}
	if a.Candidate != nil {
		return []intent{open{newUpdate(a, f)}}
	}
	switch repairOf(a) {
	case repairRefresh:
		return []intent{refreshAccounts{ids: []string{a.ID}, force: true}, open{newDetail(a.ID)}}
	case repairVerify:
		return []intent{verifyAccounts{ids: []string{a.ID}}, open{newDetail(a.ID)}}
	case repairRevoke:
		return []intent{open{newRemove(a)}}
	}
	return []intent{open{newUpdate(a, f)}}
}
