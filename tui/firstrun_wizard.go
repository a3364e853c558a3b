package tui

import (
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts/vault"
)

// firstRunWizard asks once where the vault key is kept. The keyring is tried in the background meanwhile.
// The first screen where there is no vault; the list takes its place once there is one. The passphrase is preselected, since
// a keyring may not answer and a key file opens for whoever can read it.
type firstRunWizard struct {
	base
	at     int
	where  choice
	phrase twice
}

// Steps of the first run; from firstDone on the vault's job decides.
const (
	firstWhere = iota
	firstPassphrase
	firstDone
)

// Holders the wizard offers; a command is set in config.toml.
const (
	holderKeyring    = "keyring"
	holderPassphrase = "passphrase"
	holderFile       = "file"
)

func newFirstRun() firstRunWizard {
	return firstRunWizard{phrase: newTwice(), where: choice{at: holderPassphrase, options: []option{
		{id: holderKeyring, label: "In this user's keyring", note: "Opens by itself while you are logged in.", off: "fettle looks for a keyring"},
		{id: holderPassphrase, label: "Behind a passphrase", note: "Asked whenever fettle needs a stored credential. Unattended refreshes cannot run."},
		{id: holderFile, label: "In a key file beside the data", note: "Unattended jobs can refresh. Whoever reads this user's files can read the accounts."},
	}}}
}

// firstScreen asks where the key shall lie before anything could need it.
func firstScreen(v VaultState) screen {
	if !v.Exists {
		return newFirstRun()
	}
	return newAccounts()
}

func (s firstRunWizard) start() []intent    { return []intent{askKeyring{"keyring"}} }
func (s firstRunWizard) title(frame) string { return "First run" }
func (s firstRunWizard) typing() bool       { return s.at == firstPassphrase }

func (s firstRunWizard) scopes() []scope {
	if s.typing() {
		return []scope{inFields, inWizard}
	}
	return []scope{inWizard, inScroll}
}

// made reports how the making of the vault stands.
func (s firstRunWizard) made(f frame) job {
	j, _ := f.jobs.get(vaultJob)
	return j
}

func (s firstRunWizard) situation(f frame) situation {
	j := s.made(f)
	st := situation{job: &j, firm: true}
	switch {
	case s.at == firstWhere:
		st.back = "q quits; nothing is stored yet"
		if o, ok := s.where.chosen(); !ok || o.off != "" {
			st.next = "this place cannot hold the key: " + o.off
		}
	case s.at == firstDone && j.running:
		st.next, st.back = "the vault is being made", "the vault is being made"
	}
	return st
}

// receive learns whether a keyring answers. It may take long: a locked one asks on a desktop
// that nobody sees over SSH.
func (s firstRunWizard) receive(a answer, _ frame) (screen, []intent) {
	if a.key != "keyring" {
		return s, nil
	}
	s.where.options = slices.Clone(s.where.options)
	s.where.options[0].off = ""
	if a.err != nil {
		s.where.options[0].off = "not usable here: " + oneLine(a.err)
	}
	return s, nil
}

func (s firstRunWizard) act(id actionID, f frame) (screen, []intent) {
	switch {
	case s.at == firstDone && id != actNext && id != actBack: // no other key means "I have read it"
		return s, nil
	// A vault that another process made meanwhile will do.
	case s.at == firstDone && (s.made(f).err == nil || errors.Is(s.made(f).err, vault.ErrExists)):
		return newAccounts(), []intent{reload{}}
	// It failed, or esc: choose again. The passphrase is typed anew.
	case id == actBack || s.at == firstDone:
		s.at, s.phrase = firstWhere, newTwice()
		return s, nil
	case id == actField, id == actFieldUp:
		s.phrase = s.phrase.focused(1 - s.phrase.focus)
		return s, nil
	case id != actNext:
		s.where, _ = s.where.act(id, f.height)
		return s, nil
	}
	return s.forward()
}

func (s firstRunWizard) forward() (screen, []intent) {
	o, _ := s.where.chosen()
	if s.at == firstWhere {
		if o.id == holderPassphrase {
			s.at = firstPassphrase
			return s, nil
		}
		s.at = firstDone
		return s, []intent{setupVault{holder: o.id}}
	}
	phrase, text, ok := s.phrase.next()
	s.phrase = phrase
	if !ok {
		return s, nil
	}
	s.at = firstDone
	return s, []intent{setupVault{holder: holderPassphrase, passphrase: text}}
}

func (s firstRunWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.phrase = s.phrase.typed(msg)
	return s, nil
}

// stations are the steps: a passphrase is a step only for who chose it.
func (s firstRunWizard) stations() steps {
	o, _ := s.where.chosen()
	if o.id == holderPassphrase {
		return steps{names: []string{"Where", "Passphrase", "Done"}, at: s.at}
	}
	return steps{names: []string{"Where", "Done"}, at: min(s.at, 1)}
}

func (s firstRunWizard) view(f frame) string {
	line := s.stations()
	switch s.at {
	case firstWhere:
		question := "Where shall the key be kept?"
		room := line.body(question, f)
		return line.page(question, withHint(s.where.lines(room), "fettle keeps its accounts encrypted, and the key to them has to lie somewhere.", room), f)
	case firstPassphrase:
		return line.page("Choose a passphrase", s.phrase.lines(f), f)
	}
	switch j := s.made(f); {
	case j.running:
		return line.page("Making the vault"+f.theme.signs.ellipsis, nil, f)
	case j.err != nil:
		return line.page("The vault could not be made", append(failureLines(j.err, f), "", " enter goes on."), f)
	}
	return line.page("The vault is ready", append(indent1(wrap("Without its key the accounts cannot be opened. Add a recovery key soon:", f.width-2)),
		"   "+f.theme.accent.Render("fettle vault recipients --help"), "", " enter shows the accounts."), f)
}
