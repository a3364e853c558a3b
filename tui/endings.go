package tui

import (
	"context"
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/accounts/vault"
)

// ended says how a job ended, unless the screen in front shows it. One that met a locked vault is done
// again once the vault is open.
// Whatever it did, the book is looked at again before its wizard offers what follows: that depends on the book.
func (m Model) ended(j job) (tea.Model, tea.Cmd) {
	var locked *vault.LockedError
	switch {
	case j.id.kind == jobVault:
		return m.vaultEnded(j)
	// What has another reason is not mended by asking: it is an error like any.
	case errors.As(j.err, &locked) && locked.Reason == vault.NotOpened:
		return m.locked(j, locked)
	}
	m.jobs = m.jobs.put(j.forgetful())
	// The page in front tells the end itself.
	if here := m.front().situation(m.frame()).job; here != nil && here.id == j.id {
		return m, m.run.loadAfter(j.id)
	}
	switch {
	case j.failed() && errors.Is(j.err, context.Canceled) && j.id.kind == jobFlow: // who paused or dropped it has said so
	case j.failed() && errors.Is(j.err, context.Canceled):
		m.notice = notice{upperFirst(j.title) + ": stopped.", accounts.SeverityWarning}
	case j.failed():
		m.notice = notice{upperFirst(oneLine(j.err)), accounts.SeverityCritical}
	case j.summary != "":
		m.notice = notice{upperFirst(j.summary) + ".", accounts.SeverityOK}
	}
	return m, m.run.loadAfter(j.id)
}

// locked opens the vault: at once where the holder needs nobody, else by asking for the passphrase. What
// met the lock waits.
// Several may meet the lock before it opens; they share one question.
func (m Model) locked(j job, why *vault.LockedError) (tea.Model, tea.Cmd) {
	// Clipped before it grows: an earlier model has the same array.
	m.held = append(m.held[:len(m.held):len(m.held)], j.want)
	j = j.forgetful()
	if why.Holder != vault.HolderPassphrase {
		j.running, j.held = true, true // nobody is asked anything: it goes on in a moment
		m.jobs = m.jobs.put(j)
		if opening, ok := m.jobs.get(vaultJob); ok && opening.running {
			return m, nil
		}
		return m.do([]intent{unlockVault{}})
	}
	m.jobs = m.jobs.put(j)
	if !slices.ContainsFunc(m.overlays, asksToUnlock) {
		m = m.covered(newUnlock(j.title))
	}
	return m, nil
}

func asksToUnlock(s screen) bool {
	_, ok := s.(unlockScreen)
	return ok
}

// vaultEnded goes on with what waited for the vault. A wrong passphrase is said where it is asked for.
// After a wrong one everything goes on waiting, for the next attempt.
func (m Model) vaultEnded(j job) (tea.Model, tea.Cmd) {
	m.jobs = m.jobs.put(j.forgetful())
	held := m.held
	// The question goes before what waited begins: that may ask something itself.
	if !j.failed() {
		m, _ = m.without(asksToUnlock)
		m.held = nil
		return m.do(append(held[:len(held):len(held)], reload{}))
	}
	here := m.front().situation(m.frame()).job
	if slices.ContainsFunc(m.overlays, asksToUnlock) || here != nil && here.id == j.id {
		return m, nil
	}
	m.held, m.jobs = nil, m.jobs.unheld()
	m.notice = notice{upperFirst(oneLine(j.err)), accounts.SeverityCritical}
	return m, nil
}
