package tui

import (
	"cmp"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/oauthflow/diagnose"
	"fettle/pwfile"
)

// diagnoseScreen explains a message from a job's log and leads to the account it is probably about. The text
// field keeps the keys all the time: a terminal that does not mark pastes sends a log as keys, and its
// letters must not act.
type diagnoseScreen struct {
	base
	text   textinput.Model
	asked  int // how often something was read: an earlier answer is dropped
	size   int // characters read last
	found  *diagnosed
	after  choice
	failed string // why nothing could be found out
}

// diagnosed is what a message says, without the message.
type diagnosed struct {
	diagnoses []diagnose.Diagnosis
	ruledOut  []diagnose.Exclusion
	shortened bool
	suspects  []accounts.Suspect
}

// pastedLimit is how much of a pasted log is kept: its end, where jobs write what went wrong.
const pastedLimit = 256 << 10

// newDiagnose has a field for a typed line; a paste is read whole and never passes through it.
func newDiagnose() diagnoseScreen {
	return diagnoseScreen{text: field(4096)}
}

func (s diagnoseScreen) title(frame) string { return "Diagnose" }
func (s diagnoseScreen) typing() bool       { return true }
func (s diagnoseScreen) scopes() []scope    { return []scope{inDiagnosis} }

// key has a stroke for each reading, so that no two have the same.
func (s diagnoseScreen) key() string { return "diagnosis " + strings.Repeat("I", s.asked) }

func (s diagnoseScreen) situation(f frame) situation {
	st := situation{}
	switch {
	case s.text.Value() != "":
	case s.asked == 0:
		st.next = "paste a message first"
	case s.found == nil && s.failed == "":
		st.next = "the message is being read"
	}
	return st
}

// act clears what is typed before it leaves: one esc undoes one thing.
func (s diagnoseScreen) act(id actionID, f frame) (screen, []intent) {
	switch {
	case id == actBack && s.text.Value() != "":
		s.text.Reset()
		return s, nil
	case id == actBack:
		return s, []intent{back{}}
	case id != actNext:
		s.after, _ = s.nexts(f).act(id, f.height)
		return s, nil
	case s.text.Value() != "":
		return s.read(s.text.Value())
	}
	o, ok := s.nexts(f).chosen()
	a, known := f.account(o.id)
	switch {
	case !ok || o.id == nextList:
		return s, []intent{back{}}
	case !known:
		return s, []intent{notify{o.id + " is not in the book any more.", accounts.SeverityWarning}}
	}
	_, wants := s.repair(a, f)
	return s, wants
}

// read asks what a text means. Its end is kept; terminals send line ends as carriage returns.
func (s diagnoseScreen) read(text string) (screen, []intent) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if over := len(text) - pastedLimit; over > 0 {
		text = strings.ToValidUTF8(text[over:], "")
	}
	s.text.Reset()
	s.asked++
	s.size, s.found, s.failed, s.after = len([]rune(text)), nil, "", choice{}
	return s, []intent{askDiagnosis{s.key(), text}}
}

func (s diagnoseScreen) typed(msg tea.Msg, f frame) (screen, []intent) {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		if strings.TrimSpace(msg.Content) == "" {
			return s, []intent{notify{"What was pasted is empty.", accounts.SeverityWarning}}
		}
		return s.read(s.text.Value() + msg.Content)
	case tea.KeyPressMsg: // arrows choose: nobody types them
		if a, ok := match(msg, []scope{inDiagnosis}); ok && (a.id == actUp || a.id == actDown) {
			return s.act(a.id, f)
		}
	}
	s.text = typedInto(s.text, msg)
	return s, nil
}

func (s diagnoseScreen) receive(a answer, _ frame) (screen, []intent) {
	if a.key != s.key() || s.asked == 0 {
		return s, nil
	}
	found, ok := a.value.(diagnosed)
	switch {
	case a.err != nil:
		s.failed = sentence(oneLine(a.err))
	case ok:
		s.found = &found
	}
	return s, nil
}

// best is the diagnosis shown first.
func (d diagnosed) best() diagnose.Diagnosis {
	if len(d.diagnoses) == 0 {
		return diagnose.Diagnosis{}
	}
	return d.diagnoses[0]
}

// nexts are the accounts that are probably meant, each with what enter does for it.
// Accounts that are gone since the reading are left out.
func (s diagnoseScreen) nexts(f frame) choice {
	c := choice{at: s.after.at}
	if s.found == nil {
		return c
	}
	for _, suspect := range s.found.suspects {
		a, ok := f.account(suspect.AccountID)
		if !ok {
			continue
		}
		words, _ := s.repair(a, f)
		c.options = append(c.options, option{id: a.ID, label: words, note: upperFirst(strings.Join(suspect.Why, "; "))})
	}
	c.add(nextList, "Back to the accounts")
	return c
}

// repair is what helps an account that a message is about: what fettle knows is wrong with it comes first;
// where fettle knows nothing, the job may run on an old password file, or nobody has looked lately.
func (s diagnoseScreen) repair(a accounts.Account, f frame) (words string, wants []intent) {
	state := a.Name + ", " + stateWords(a, f.now)
	switch n := f.data.stale[a.ID]; {
	case repairable(a):
		verb := map[repair]string{repairRefresh: "Refresh ", repairVerify: "Verify ", repairRevoke: "Revoke "}[repairOf(a)]
		return cmp.Or(verb, "Sign in again for ") + state, repairing(a, f)
	// A job that fails while the account works has an old file, more often than not.
	case n > 0:
		return "Regenerate " + count(n, "stale password file") + " of " + state, []intent{open{newRegenerate(pwfile.Selection{AccountID: a.ID})}}
	case s.found.best().Remedy == diagnose.FixClient:
		return "Look at the client of " + state, []intent{open{clientsScreen{focus: listCursor{at: clientOf(a)}}}}
	}
	return "Verify " + state, verifying(a)
}

// clientOf is the row of an account's client on the page of the clients.
func clientOf(a accounts.Account) string {
	return a.Provider + clientMark + cmp.Or(a.ClientID, accounts.ClientFromConfig)
}
