package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/internal/secret"
	"fettle/pwfile"
)

// regenerateWizard writes password files anew: which, what will be replaced, write, summary.
// Opened by p, by f once no account is broken, and at the end of whatever made files stale. The plan is what the book gave:
// it goes back as it is, and only what is shown of it is washed.
type regenerateWizard struct {
	base
	selection  pwfile.Selection
	at         int
	plan       *pwfile.Plan
	which      choice
	top        int
	passphrase twice // for files that are encrypted to one
	asking     bool
	problem    string // why there is no plan
	after      choice
}

var regenerateSteps = []string{"Which", "What", "Write", "Done"}

// Steps of the regenerate wizard; from regenWrite on the job decides.
const (
	regenWhich = iota
	regenWhat
	regenWrite
	regenDone
)

func newRegenerate(sel pwfile.Selection) regenerateWizard {
	return regenerateWizard{selection: sel, passphrase: newTwice()}
}

func (s regenerateWizard) start() []intent    { return []intent{askPlan{s.key(), s.selection}} }
func (s regenerateWizard) key() string        { return fmt.Sprintf("plan %v", s.selection) }
func (s regenerateWizard) title(frame) string { return "Password files" }
func (s regenerateWizard) typing() bool       { return s.asking }

func (s regenerateWizard) scopes() []scope {
	if s.asking {
		return []scope{inFields, inWizard}
	}
	if s.at == regenWhich {
		return []scope{inPlan, inChoice, inWizard, inScroll}
	}
	return []scope{inWizard, inScroll}
}

// where is the step, which the job decides once writing began.
func (s regenerateWizard) where(f frame) (int, job) {
	if s.at < regenWrite {
		return s.at, job{}
	}
	j, ok := f.jobs.get(jobID{jobGenerate, ""})
	if ok && !j.running {
		return regenDone, j
	}
	return regenWrite, j
}

func (s regenerateWizard) situation(f frame) situation {
	at, j := s.where(f)
	st := situation{job: &j}
	if r, ok := s.refusal(); ok {
		st.obstacle = r.Account
	}
	switch {
	case s.problem != "" && at == regenWhich:
		st.next = "the plan could not be made; go back and try again"
	case s.plan == nil && at < regenWrite:
		st.next = "the plan is not ready"
	case at == regenWhich && len(s.which.ticked) == 0:
		st.next = "tick at least one canvas"
	// One run at a time: the page of a second would show the places of the first.
	case at == regenWhat && f.jobs.underWay(jobID{jobGenerate, ""}):
		st.next = "other password files are being written; wait for that run to end"
	case at == regenWrite:
		st.next = "the files are being written; ctrl+x stops after the present one"
	case j.settling:
		st.next = settlingWords
	}
	return st
}

// receive takes the plan, and takes it anew while nothing is decided: an account that was repaired meanwhile no
// longer stands in the way, and its canvas is ticked.
func (s regenerateWizard) receive(a answer, _ frame) (screen, []intent) {
	if a.key != s.key() || s.at != regenWhich {
		return s, nil
	}
	if a.err != nil {
		s.problem = oneLine(a.err)
		return s, nil
	}
	plan, _ := a.value.(pwfile.Plan)
	former := s.which
	s.plan, s.problem = &plan, ""
	s.which = choice{several: true, at: former.at}
	for _, item := range washed(plan).Items {
		o := option{id: item.Canvas.ID, label: item.Canvas.Name, note: whyWrite(item)}
		was := slices.IndexFunc(former.options, func(p option) bool { return p.id == o.id && p.off == "" })
		switch {
		case item.Refused != nil:
			o.off = refusalWords(*item.Refused)
		// What stood there before keeps its tick or its lack of one; what is new, or was refused until now, is ticked if it needs writing.
		case was >= 0 && slices.Contains(former.ticked, o.id), was < 0 && !item.Current:
			s.which.ticked = append(s.which.ticked, o.id)
		}
		s.which.options = append(s.which.options, o)
	}
	return s, nil
}

// renewed makes the plan anew when the book moved and something stood in its way.
func (s regenerateWizard) renewed(frame) (screen, []intent) {
	blocked := s.plan != nil && slices.ContainsFunc(s.plan.Items, func(i pwfile.PlanItem) bool { return i.Refused != nil })
	if s.at != regenWhich || !blocked {
		return s, nil
	}
	return s, s.start()
}

// whyWrite is the first reason that is more than a remark.
func whyWrite(item pwfile.PlanItem) string {
	for _, r := range item.Canvas.Stale {
		if !r.Code.Information() {
			return r.Text
		}
	}
	return "up to date"
}

func (s regenerateWizard) act(id actionID, f frame) (screen, []intent) {
	at, j := s.where(f)
	switch {
	case id == actBack:
		return s.backward()
	case id == actStop:
		return s, []intent{stop{jobID{jobGenerate, ""}}}
	case at == regenDone:
		return s.ended(id, j, f)
	case id == actNext:
		return s.forward()
	case id == actUpdate:
		return s, s.repair(f)
	case id == actField, id == actFieldUp:
		s.passphrase = s.passphrase.focused(1 - s.passphrase.focus)
	case at == regenWhich:
		s.which, _ = s.which.act(id, f.height)
	default:
		room := steps{}.body("Writing", f).height
		s.top = moved(s.top, max(len(s.whatLines(f))-room, 0)+1, room, id)
	}
	return s, nil
}

// backward is esc. Once writing began there is no step back: the wizard is left, and the run goes on.
func (s regenerateWizard) backward() (screen, []intent) {
	if s.asking {
		s.asking, s.passphrase = false, newTwice()
		return s, nil
	}
	if s.at == regenWhat {
		s.at = regenWhich
		return s, nil
	}
	return s, []intent{back{}}
}

// forward asks for a passphrase only after the plan was seen, and only if a ticked file opens with one.
func (s regenerateWizard) forward() (screen, []intent) {
	switch {
	case s.at == regenWhich:
		s.at, s.top = regenWhat, 0
		return s, nil
	case s.needsPassphrase() && !s.asking:
		s.asking = true
		return s, nil
	}
	var phrase secret.Text
	if s.asking {
		fields, text, ok := s.passphrase.next()
		s.passphrase = fields
		if !ok {
			return s, nil
		}
		phrase = text
	}
	s.asking, s.at = false, regenWrite
	return s, []intent{generate{plan: s.chosenPlan(), passphrase: phrase}}
}

// chosenPlan is the plan reduced to the ticked canvases.
// The plan itself stays whole, for back leads to all its canvases again.
func (s regenerateWizard) chosenPlan() pwfile.Plan {
	plan := *s.plan
	plan.Items = slices.DeleteFunc(slices.Clone(plan.Items), func(i pwfile.PlanItem) bool { return !slices.Contains(s.which.ticked, i.Canvas.ID) })
	return plan
}

// needsPassphrase reports whether a ticked file opens with a passphrase, which is stored nowhere.
func (s regenerateWizard) needsPassphrase() bool {
	return slices.ContainsFunc(s.chosenPlan().Items, func(i pwfile.PlanItem) bool { return i.Canvas.Passphrase })
}

func (s regenerateWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.passphrase = s.passphrase.typed(msg)
	return s, nil
}

func (s regenerateWizard) view(f frame) string {
	at, j := s.where(f)
	line := steps{names: regenerateSteps, at: at}
	inner := line.body("Writing", f) // every question here takes one line
	t := f.theme
	switch at {
	case regenWhich:
		switch {
		case s.problem != "":
			return line.page("The plan could not be made", indent1(paragraph(s.problem, f.width-2, t.bad)), f)
		case s.plan == nil:
			return line.page("Which password files?", []string{" " + t.faint.Render("Looking at the files"+t.signs.ellipsis)}, f)
		case len(s.plan.Items) == 0:
			return line.page("No password file needs writing", []string{" Every file carries the present credentials. esc goes back."}, f)
		}
		return line.page("Which password files?", s.which.lines(inner), f)
	case regenWhat:
		if s.asking {
			return line.page("Which passphrase shall open the files that need one?", s.passphrase.lines(f), f)
		}
		return line.page("What will be replaced", strings.Split(scrolled(s.whatLines(f), s.top, inner), "\n"), f)
	case regenWrite:
		return line.page("Writing", progressLines(j, inner), f)
	}
	return line.page(runWords(j), withNext(runLines(j, f), s.nexts(j, f), line.body(runWords(j), f)), f)
}

// whatLines say, canvas by canvas, what lies where and which accounts go in.
// The last page before something is replaced, so paths stand there whole.
func (s regenerateWizard) whatLines(f frame) []string {
	t := f.theme
	var lines []string
	for _, item := range washed(s.chosenPlan()).Items {
		lines = append(lines, " "+t.title.Render(item.Canvas.Name))
		for _, r := range item.Replaces {
			lines = append(lines, paragraphAt(r.Target, f.width-4, "   ", t.text)...)
			lines = append(lines, paragraphAt("now: "+r.Text, f.width-6, "     ", t.faint)...)
		}
		for _, a := range item.Canvas.Accounts {
			lines = append(lines, "   "+t.ok.Render(t.signs.ok)+" "+a.Name+t.faint.Render(" goes in"))
		}
	}
	return append(lines, "", " enter writes them.")
}
