package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/secret"
)

// unlockScreen asks for the passphrase when the first act needs a secret, then does that act.
type unlockScreen struct {
	base
	retry  intent
	reason string
	phrase textinput.Model
}

func newUnlock(retry intent, reason string) unlockScreen {
	u := unlockScreen{retry: retry, reason: reason, phrase: field("", 1024)}
	u.phrase.EchoMode = textinput.EchoPassword
	return u
}

func (s unlockScreen) title(frame) string { return "Unlock" }
func (s unlockScreen) typing() bool       { return true }
func (s unlockScreen) scopes() []scope    { return []scope{inWizard} }

func (s unlockScreen) act(id actionID, _ frame) (screen, []intent) {
	if id != actNext {
		return s, []intent{back{}}
	}
	phrase := secret.New(s.phrase.Value())
	s.phrase.Reset()
	return s, []intent{unlockVault{phrase}}
}

func (s unlockScreen) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.phrase, _ = s.phrase.Update(msg)
	return s, nil
}

func (s unlockScreen) receive(answer, frame) (screen, []intent) { return s, nil }

func (s unlockScreen) view(f frame) string {
	t := f.theme
	lines := []string{"", " " + t.title.Render("The vault is locked"), ""}
	lines = append(lines, indent1(wrap("This act needs a secret. "+s.reason, f.width-2))...)
	lines = append(lines, "", " Passphrase:", " "+s.phrase.View())
	if j, ok := f.jobs.get(jobID{jobVault, ""}); ok && j.failed() {
		lines = append(lines, "", " "+t.bad.Render(t.signs.critical+" "+oneLine(j.err)))
	}
	return fill(append(lines, "", " "+t.faint.Render("enter unlocks, esc leaves everything as it is.")), f.width, f.height, t.signs.ellipsis)
}
