package tui

import (
	"errors"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts/vault"
	"fettle/internal/secret"
)

// unlockScreen asks for the passphrase when the first act needs a secret. What needed it waits in the root.
// It opens by itself when a job met the lock: keys meant for the screen below land in the field, where they do no harm.
type unlockScreen struct {
	base
	what   string // what needed the secret
	phrase textinput.Model
	tried  bool // a passphrase was handed over: the vault's job is about it
	empty  bool
}

func newUnlock(act string) unlockScreen { return unlockScreen{what: act, phrase: secretField()} }

func (s unlockScreen) title(frame) string { return "Unlock" }
func (s unlockScreen) typing() bool       { return true }
func (s unlockScreen) scopes() []scope    { return []scope{inWizard} }

// situation has the vault's job, so that how it ends is not told above the footer too.
func (s unlockScreen) situation(f frame) situation {
	st := situation{job: &job{id: vaultJob}, firm: true}
	if s.opening(f) {
		st.next = "the vault is being opened"
	}
	return st
}

// opening counts only once a passphrase was handed over from here: the job may be an earlier attempt's.
func (s unlockScreen) opening(f frame) bool {
	j, ok := f.jobs.get(vaultJob)
	return s.tried && ok && j.running
}

// act clears the passphrase as soon as it is handed over, right or wrong.
func (s unlockScreen) act(id actionID, _ frame) (screen, []intent) {
	switch {
	case id == actBack:
		return s, []intent{back{}}
	case id != actNext:
		return s, nil
	case s.phrase.Value() == "":
		s.empty = true
		return s, nil
	}
	phrase := secret.New(s.phrase.Value())
	s.phrase.Reset()
	s.tried = true
	return s, []intent{unlockVault{phrase}}
}

func (s unlockScreen) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.empty = false
	s.phrase = typedInto(s.phrase, msg)
	return s, nil
}

func (s unlockScreen) receive(answer, frame) (screen, []intent) { return s, nil }

func (s unlockScreen) view(f frame) string {
	t := f.theme
	lines := []string{"", " " + t.title.Render("The vault is locked"), ""}
	lines = append(lines, indent1(wrap(upperFirst(s.what)+" needs a stored credential, and the key to it lies behind your passphrase.", f.width-2))...)
	lines = append(lines, "", " Passphrase:", fieldLine(s.phrase, f))
	switch j, ok := f.jobs.get(vaultJob); {
	case s.empty:
		lines = append(lines, "", " "+t.bad.Render(t.signs.critical+" The passphrase is empty."))
	case s.opening(f):
		lines = append(lines, "", " "+t.faint.Render("Opening it"+t.signs.ellipsis))
	case s.tried && ok && j.failed():
		lines = append(lines, "")
		lines = append(lines, indent1(paragraph(t.signs.critical+" "+whyLocked(j.err), f.width-2, t.bad))...)
	}
	return fill(append(lines, "", " "+t.faint.Render("enter opens it, esc leaves everything as it is.")), f.width, f.height, t.signs.ellipsis)
}

// whyLocked says why a vault did not open, in words for who has just typed a passphrase.
func whyLocked(err error) string {
	var locked *vault.LockedError
	if errors.As(err, &locked) && locked.Reason == vault.WrongPassphrase {
		return "This is not its passphrase. Type it again."
	}
	return upperFirst(whole(err))
}
