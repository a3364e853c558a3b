package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

// packageWizard adds a package: its name, the canvases, further files, where it is brought.
// Opened from the packages. A destination is looked at by the first sync only: adding connects to nothing.
type packageWizard struct {
	base
	at       int
	name     textinput.Model
	canvases choice
	files    form
	target   form
	layout   choice
	after    choice
}

var packageSteps = []string{"Name", "Canvases", "Files", "Destination", "Layout", "Done"}

// Steps of the package wizard; at the last one the job decides.
const (
	packageName = iota
	packageCanvases
	packageFiles
	packageTarget
	packageLayout
	packageDone
)

// newPackageWizard knows canvases by their names, as `fettle package add` does.
func newPackageWizard(f frame) packageWizard {
	files, target := field(8192), field(4096)
	files.Placeholder = "none"
	target.Placeholder = "/folder, sftp://user@host/path or s3://bucket/prefix?endpoint=…&region=…"
	s := packageWizard{
		name: field(63), canvases: choice{several: true},
		files:  newForm([]string{"Paths, with blanks between them (\"in quotes\" if they have some): templates and whatever else the jobs read"}, files),
		target: newForm([]string{"A folder, an SFTP server or S3-compatible storage"}, target).withPath(0, "package destination"),
		layout: choice{options: []option{
			{id: string(store.LayoutObjects), label: "Objects that never change", note: "Whoever fetches gets the former package or the new one, never a mixture."},
			{id: string(store.LayoutPlain), label: "Plain files by their names", note: "For readers that know nothing of fettle; they can meet a mixture while a sync goes on."},
		}},
	}
	for _, c := range f.data.canvases {
		s.canvases.options = append(s.canvases.options, option{id: c.Name, label: c.Name, note: canvasState(c)})
	}
	return s
}

func (s packageWizard) title(frame) string { return "Add a package" }
func (s packageWizard) jobID() jobID       { return jobID{jobPackage, strings.TrimSpace(s.name.Value())} }

func (s packageWizard) typing() bool {
	return s.at == packageName || s.at == packageFiles || s.at == packageTarget
}

func (s packageWizard) scopes() []scope {
	switch s.at {
	case packageCanvases:
		return []scope{inChoice, inWizard, inScroll}
	case packageTarget:
		return s.target.scopes()
	}
	return []scope{inWizard, inScroll}
}

// situation holds enter back until the step is answered. Whether a name, file or destination is good is for the
// book to say, at the end, where it can look.
func (s packageWizard) situation(f frame) situation {
	st := situation{firm: true}
	j, begun := f.jobs.get(s.jobID())
	if s.at == packageDone && begun {
		st.job = &j
	}
	switch {
	case s.at == packageName && strings.TrimSpace(s.name.Value()) == "":
		st.next = "give it a name"
	case s.at == packageCanvases && len(s.canvases.ticked) == 0:
		st.next = "tick at least one canvas"
	case s.at == packageTarget && s.target.value(0) == "":
		st.next = "say where it shall be brought"
	case s.at == packageDone && (j.running || j.settling):
		st.next = settlingWords
	}
	return st
}

func (s packageWizard) receive(a answer, _ frame) (screen, []intent) {
	s.target = s.target.receive(a)
	return s, nil
}

func (s packageWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	var wants []intent
	switch s.at {
	case packageName:
		s.name = typedInto(s.name, msg)
	case packageFiles:
		s.files, _ = s.files.typed(msg)
	case packageTarget:
		s.target, wants = s.target.typed(msg)
	}
	return s, wants
}

func (s packageWizard) act(id actionID, f frame) (screen, []intent) {
	switch {
	case s.at == packageDone:
		return s.ended(id, f)
	case id == actBack && s.at == packageName:
		return s, []intent{back{}}
	case id == actBack:
		s.at--
	// A name chosen under the path is taken first; only the next enter goes on.
	case id == actPath, id == actNext && s.at == packageTarget && s.target.chosen() != "":
		var wants []intent
		s.target, wants = s.target.completed()
		return s, wants
	case id == actNext:
		s.at++
		if s.at == packageDone {
			return s, []intent{addPackage{s.wanted()}}
		}
	case s.at == packageCanvases:
		s.canvases, _ = s.canvases.act(id, f.height)
	case s.at == packageLayout:
		s.layout, _ = s.layout.act(id, f.height)
	}
	return s, nil
}

// wanted is the package as it was answered.
func (s packageWizard) wanted() packages.NewPackage {
	layout, _ := s.layout.chosen()
	p := packages.NewPackage{Name: strings.TrimSpace(s.name.Value()), Target: s.target.value(0), Layout: store.PackageLayout(layout.id)}
	for _, name := range s.canvases.ticked {
		p.Canvases = append(p.Canvases, packages.Member{Name: name})
	}
	for _, path := range pathsOf(s.files.value(0)) {
		p.Files = append(p.Files, packages.Member{Name: path})
	}
	return p
}

// nexts are the options once the package is kept, or was refused.
func (s packageWizard) nexts(f frame) choice {
	c := choice{at: s.after.at}
	j, ok := f.jobs.get(s.jobID())
	switch {
	case !ok || j.running || j.settling:
		return c
	case j.failed():
		c.add(nextChange, "Change the answers")
	default:
		c.add(nextSync, "Sync it now")
	}
	c.add(nextLeave, "Back to the packages")
	return c
}

// ended does what was chosen. The answers of a package that was refused are still there, from the first step on.
func (s packageWizard) ended(id actionID, f frame) (screen, []intent) {
	c := s.nexts(f)
	if id == actBack {
		return s, []intent{back{}}
	}
	if id != actNext {
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	switch o, _ := c.chosen(); o.id {
	case nextSync:
		j, _ := f.jobs.get(s.jobID())
		p, _ := j.result.(packages.Package)
		return s, []intent{replace{newSync(p)}}
	case nextChange:
		s.at, s.after = packageName, choice{}
		return s, nil
	}
	return s, []intent{back{}}
}

func (s packageWizard) view(f frame) string {
	line := steps{names: packageSteps, at: s.at}
	switch s.at {
	case packageName:
		hint := "Letters, digits, dots, dashes and underscores; commands call it by this name."
		return line.answer("What is the package called?", lineInput(s.name), "", hint, f)
	case packageCanvases:
		question := "Which canvases are in it?"
		if len(s.canvases.options) == 0 {
			return line.page(question, []string{" There is no canvas yet: add one first, on the screen Canvases."}, f)
		}
		return line.page(question, s.canvases.lines(line.body(question, f)), f)
	case packageFiles:
		question := "Which further files do they need?"
		return line.page(question, s.files.lines(line.body(question, f)), f)
	case packageTarget:
		question := "Where is it brought?"
		return line.page(question, s.target.lines(line.body(question, f)), f)
	case packageLayout:
		question := "How does it lie there?"
		return line.page(question, s.layout.lines(line.body(question, f)), f)
	}
	j, begun := f.jobs.get(s.jobID())
	switch {
	case !begun || j.running:
		return line.page("Keeping it"+f.theme.signs.ellipsis, nil, f)
	case j.failed():
		question := "It was not kept"
		return line.page(question, withNext(failureLines(j.err, f), s.nexts(f), line.body(question, f)), f)
	}
	p, _ := j.result.(packages.Package)
	question := p.Name + " is kept"
	// The question has the name already.
	return line.page(question, withNext(onePackage(p, f)[1:], s.nexts(f), line.body(question, f)), f)
}
