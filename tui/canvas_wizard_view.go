package tui

import "slices"

// view asks one question a step; what is wrong with an answer stands under it.
func (s canvasWizard) view(f frame) string {
	line := steps{names: canvasSteps, at: s.at}
	t := f.theme
	problem := []string(nil)
	if s.problem != "" {
		problem = append([]string{""}, paragraphAt(t.signs.critical+" "+s.problem, f.width-2, " ", t.bad)...)
	}
	switch s.at {
	case canvasFile:
		question := "Which file is the canvas?"
		return line.page(question, s.file.lines(line.body(question, f)), f)
	case canvasName:
		hint := paragraphAt("Small letters, digits and dashes; commands call it by this name.", f.width-2, " ", t.faint)
		return line.page("What is it called?", slices.Concat([]string{fieldLine(s.name, f), ""}, hint), f)
	case canvasUsers:
		question := "Which accounts does it use?"
		room := line.body(question, f)
		if len(s.users.options) == 0 {
			return line.page(question, []string{" There is no account yet: authorize one first."}, f)
		}
		return line.page(question, s.users.lines(room), f)
	case canvasPlaces:
		return line.page("Where shall its password file lie?", s.places.lines(f), f)
	case canvasReaders:
		question := "Who opens it?"
		if s.asking {
			return line.page("Whom is it encrypted to?", append(s.keys.lines(f), problem...), f)
		}
		return line.page(question, append(s.readers.lines(line.body(question, f)), problem...), f)
	}
	return s.doneView(line, f)
}

// doneView says what became of it, and what the change means for copies that exist.
func (s canvasWizard) doneView(line steps, f frame) string {
	j, begun := f.jobs.get(s.jobID())
	if !begun || j.running {
		return line.page("Keeping it"+f.theme.signs.ellipsis, nil, f)
	}
	if j.failed() {
		question := "It was not kept"
		return line.page(question, withNext(failureLines(j.err, f), s.nexts(f), line.body(question, f)), f)
	}
	e, _ := s.kept(f)
	question := e.Canvas.Name + " is kept"
	body := oneCanvas(e.Canvas, f)[1:] // the question has its name already
	for _, note := range e.Notes {
		body = append(body, paragraphAt(f.theme.signs.warning+" "+sentence(note), f.width-2, " ", f.theme.warn)...)
	}
	return line.page(question, withNext(body, s.nexts(f), line.body(question, f)), f)
}
