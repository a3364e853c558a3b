package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/secret"
)

// firstRunWizard asks once where the vault key is kept.
type firstRunWizard struct {
	base
	at      int
	where   choice
	fields  [2]textinput.Model // the passphrase, twice
	focus   int
	problem string
}

var firstRunSteps = []string{"Where", "Passphrase", "Done"}

// Steps of the first run.
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
	w := firstRunWizard{where: choice{at: holderPassphrase, options: []option{
		{id: holderKeyring, label: "In this user's keyring", note: "Opens by itself while you are logged in.", off: "looking for a keyring"},
		{id: holderPassphrase, label: "Behind a passphrase", note: "Asked whenever fettle needs a secret. Unattended refreshes cannot run."},
		{id: holderFile, label: "In a key file beside the data", note: "Unattended jobs can refresh. Whoever reads this user's files can read the accounts."},
	}}}
	for i := range w.fields {
		w.fields[i] = field("", 1024)
		w.fields[i].EchoMode = textinput.EchoPassword
	}
	return w
}

func firstScreen(v VaultState) screen {
	if !v.Exists {
		return newFirstRun()
	}
	return newAccounts()
}

func (s firstRunWizard) start() []intent    { return []intent{askKeyring{"keyring"}} }
func (s firstRunWizard) title(frame) string { return "First run" }
func (s firstRunWizard) typing() bool       { return s.at == firstPassphrase }
func (s firstRunWizard) scopes() []scope    { return []scope{inWizard, inScroll} }

func (s firstRunWizard) situation(f frame) situation {
	st := situation{}
	if s.at == firstWhere {
		st.back = "q quits; nothing is stored yet"
	}
	if o, ok := s.where.chosen(); s.at == firstWhere && (!ok || o.off != "") {
		st.next = "this place cannot hold the key"
	}
	if j, ok := f.jobs.get(jobID{jobVault, ""}); ok && j.running {
		st.next = "the vault is being made"
	}
	return st
}

func (s firstRunWizard) receive(a answer, _ frame) (screen, []intent) {
	if a.key != "keyring" {
		return s, nil
	}
	if a.err != nil {
		s.where.options[0].off = "not usable here: " + oneLine(a.err)
		return s, nil
	}
	options := append([]option(nil), s.where.options...)
	options[0].off = ""
	s.where.options = options
	return s, nil
}

func (s firstRunWizard) act(id actionID, f frame) (screen, []intent) {
	at, ended := s.ended(f)
	switch {
	case id == actBack:
		s.at, s.problem, s.focus = firstWhere, "", 0
		return s, nil
	case id != actNext:
		s.where, _ = s.where.act(id, f.height)
		return s, nil
	case at == firstDone && ended:
		return newAccounts(), []intent{reload{}}
	case at == firstDone:
		s.at = firstWhere
		return s, nil
	}
	return s.forward()
}

// ended is the step, and whether the vault was made.
func (s firstRunWizard) ended(f frame) (int, bool) {
	j, ok := f.jobs.get(jobID{jobVault, ""})
	return s.at, ok && !j.running && j.err == nil
}

func (s firstRunWizard) forward() (screen, []intent) {
	o, _ := s.where.chosen()
	switch {
	case s.at == firstWhere && o.id == holderPassphrase:
		s.at = firstPassphrase
		return s, nil
	case s.at == firstWhere:
		s.at = firstDone
		return s, []intent{setupVault{holder: o.id}}
	case s.focus == 0:
		s.focus = 1
		return s, nil
	}
	first, second := s.fields[0].Value(), s.fields[1].Value()
	s.fields[0].Reset()
	s.fields[1].Reset()
	s.focus = 0
	switch {
	case first == "":
		s.problem = "The passphrase is empty."
		return s, nil
	case first != second:
		s.problem = "The two differ. Type it again."
		return s, nil
	}
	s.at = firstDone
	return s, []intent{setupVault{holder: holderPassphrase, passphrase: secret.New(first)}}
}

func (s firstRunWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.problem = ""
	s.fields[s.focus], _ = s.fields[s.focus].Update(msg)
	return s, nil
}

func (s firstRunWizard) view(f frame) string {
	t := f.theme
	line := steps{names: firstRunSteps, at: s.at}
	switch s.at {
	case firstWhere:
		body := append(indent1(wrap("fettle keeps its accounts encrypted. The key to them has to lie somewhere.", f.width-2)), "")
		return line.page("Where shall the key be kept?", append(body, s.where.lines(f.inner(f.width, f.height-7))...), f)
	case firstPassphrase:
		body := []string{" Passphrase:", " " + s.fields[0].View(), "", " Once more:", " " + s.fields[1].View()}
		if s.problem != "" {
			body = append(body, "", " "+t.bad.Render(s.problem))
		}
		return line.page("Choose a passphrase", body, f)
	}
	j, _ := f.jobs.get(jobID{jobVault, ""})
	switch {
	case j.running:
		return line.page("Making the vault", nil, f)
	case j.err != nil:
		return line.page("The vault could not be made", append(indent1(paragraph(j.err.Error(), f.width-2, t.bad)), "", " enter chooses again."), f)
	}
	return line.page("The vault is ready", append(indent1(wrap("Add a recovery key soon: fettle vault recipients --help. enter shows the accounts.", f.width-2)), ""), f)
}
