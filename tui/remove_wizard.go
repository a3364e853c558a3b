package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// removeWizard removes an account: what stops, forget or revoke too, the name typed, what came of it.
// Opened by x, and by f where only the revocation is left. plan comes once; until then nothing can be chosen.
type removeWizard struct {
	base
	id, name string
	at       int
	plan     *accounts.RemovalPlan
	how      choice
	confirm  textinput.Model
	problem  string
}

var removeSteps = []string{"How", "Confirm", "Done"}

// Steps of the remove wizard.
const (
	removeHow = iota
	removeConfirm
	removeDone
)

// Ways of removing.
const (
	forgetOnly      = "forget"
	forgetAndRevoke = "revoke"
)

func newRemove(a accounts.Account) removeWizard {
	return removeWizard{id: a.ID, name: a.Name, confirm: field(63)}
}

func (s removeWizard) start() []intent    { return []intent{askRemoval{s.key(), s.id}} }
func (s removeWizard) key() string        { return "removal " + s.id }
func (s removeWizard) title(frame) string { return "Remove " + s.name }
func (s removeWizard) typing() bool       { return s.at == removeConfirm }

func (s removeWizard) scopes() []scope { return []scope{inWizard, inScroll} }

// where is the step; the job counts at the last one only, for an earlier removal may have left one that failed.
func (s removeWizard) where(f frame) (int, job) {
	j, ok := f.jobs.get(jobID{jobRemove, s.id})
	if s.at == removeDone && ok {
		return removeDone, j
	}
	return s.at, job{}
}

func (s removeWizard) situation(f frame) situation {
	at, j := s.where(f)
	st := situation{job: &j, firm: true}
	o, _ := s.how.chosen()
	switch {
	case s.plan == nil && s.problem != "":
		st.next = "what would stop is not known; go back and try again"
	case s.plan == nil:
		st.next = "what would stop is being looked up"
	case at == removeHow && o.off != "":
		st.next = "this provider cannot be asked to revoke it"
	case at == removeDone && j.running:
		st.next = "the removal is under way"
	}
	return st
}

// receive puts the cursor on forgetting, which harms least; of what was removed already only the revocation is left.
func (s removeWizard) receive(a answer, _ frame) (screen, []intent) {
	if a.key != s.key() || s.at == removeDone {
		return s, nil
	}
	if a.err != nil {
		s.problem = sentence(oneLine(a.err))
		return s, nil
	}
	plan, _ := a.value.(accounts.RemovalPlan)
	s.plan = &plan
	forget := option{id: forgetOnly, label: "Forget it here only"}
	revoke := option{id: forgetAndRevoke, label: "Forget it here and revoke it at the provider"}
	s.how = choice{}
	if plan.ToRevoke {
		forget.label, revoke.label = "Stop trying: forget it here", "Try again to revoke it at the provider"
		s.how.at = forgetAndRevoke
	}
	if !plan.CanRevoke {
		revoke.off, s.how.at = "not possible: see below", forgetOnly // the effects say why
	}
	s.how.options = []option{forget, revoke}
	return s, nil
}

// act takes the name typed to the letter before anything is removed; the choice alone confirms nothing.
func (s removeWizard) act(id actionID, f frame) (screen, []intent) {
	at, _ := s.where(f)
	switch {
	case id == actBack && at == removeConfirm:
		s.at, s.problem = removeHow, ""
		s.confirm.Reset()
		return s, nil
	case id == actBack:
		return s, []intent{back{}}
	case id != actNext:
		s.how, _ = s.how.act(id, f.height)
		return s, nil
	case at == removeHow:
		s.at = removeConfirm
		return s, nil
	case at == removeDone:
		return s, []intent{home{}}
	}
	if s.confirm.Value() != s.name { // to the letter: a name that merely begins like it is another account's
		s.problem = "That is not the name: nothing was removed."
		return s, nil
	}
	o, _ := s.how.chosen()
	s.at = removeDone
	return s, []intent{removeAccount{id: s.id, revoke: o.id == forgetAndRevoke}}
}

func (s removeWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.problem = ""
	s.confirm = typedInto(s.confirm, msg)
	return s, nil
}

func (s removeWizard) view(f frame) string {
	at, j := s.where(f)
	t := f.theme
	line := steps{names: removeSteps, at: at}
	switch {
	case s.plan == nil && s.problem != "":
		return line.page("What would stop could not be found out", problemLines(s.problem, f), f)
	case s.plan == nil:
		return line.page("Remove "+s.name, []string{" " + t.faint.Render("Finding out what would stop"+t.signs.ellipsis)}, f)
	case at == removeHow:
		stops, how := s.stopLines(f), s.how.lines(f.inner(f.width, 4))
		if f.low() { // what has to be chosen comes first where not everything is seen
			stops, how = how, stops
		}
		return line.page("How shall "+s.name+" be removed?", slices.Concat(stops, how, s.effectLines(f)), f)
	case at == removeConfirm:
		o, _ := s.how.chosen()
		return line.answer(o.label, s.confirmLines, s.problem, "", f)
	case j.running:
		return line.page("Removing "+s.name, nil, f)
	case j.err != nil:
		return line.page(s.name+" was not removed", failureLines(j.err, f), f)
	}
	question, body := s.doneLines(j, f)
	return line.page(question, body, f)
}

// confirmLines ask for the name, under what stops where there is room for both.
func (s removeWizard) confirmLines(f frame) []string {
	field := []string{" This cannot be undone. Type the name to go on:", fieldLine(s.confirm, f)}
	stops := s.stopLines(f)
	// What is typed has to be seen, so it comes first where not everything is.
	if len(stops)+len(field) > f.height {
		return append(field, stops...)
	}
	return append(stops, field...)
}

// doneLines say what became of the account, also where the revocation did not work.
func (s removeWizard) doneLines(j job, f frame) (question string, body []string) {
	res, _ := j.result.(accounts.RemoveResult)
	question = s.name + " is removed"
	// Removed and revoked are two facts, and only what the provider confirmed is called revoked.
	if res.ToRevoke {
		question = s.name + " is removed here and still valid at the provider"
	}
	body = indent1(wrap(res.Text, f.width-2))
	if res.Diagnosis != nil {
		body = append(append(body, ""), paragraphAt(sentence(res.Diagnosis.Title), f.width-2, " ", f.theme.bad)...)
	}
	if res.ByHand != "" {
		body = append(body, "", " By hand: "+link(res.ByHand, res.ByHand, f.theme))
	}
	return question, append(body, "", " enter goes back to the accounts.")
}

// stopLines list what stops working, and which other accounts a revocation takes along.
// Both lists stand on each page up to the removal itself: who types the name has them before the eyes.
func (s removeWizard) stopLines(f frame) []string {
	t := f.theme
	var lines []string
	if len(s.plan.Canvases) > 0 {
		lines = append(lines, indent1(paragraph(count(len(s.plan.Canvases), "job")+" will stop: "+strings.Join(s.plan.Canvases, ", "), f.width-2, t.warn))...)
	} else {
		lines = append(lines, " No canvas uses it.")
	}
	if len(s.plan.Siblings) > 0 {
		lines = append(lines, indent1(paragraph("A revocation would also end: "+strings.Join(s.plan.Siblings, ", "), f.width-2, t.warn))...)
	}
	return append(lines, "")
}

// effectLines say what each choice does.
func (s removeWizard) effectLines(f frame) []string {
	lines := []string{""}
	for _, e := range s.plan.Effects {
		lines = append(lines, indent1(paragraph(e, f.width-2, f.theme.faint))...)
	}
	return lines
}
