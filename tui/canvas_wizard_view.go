package tui

// view asks one question a step; what is wrong with an answer stands under it.
func (s canvasWizard) view(f frame) string {
	line := steps{names: canvasSteps, at: s.at}
	switch s.at {
	case canvasFile:
		question := "Which file is the canvas?"
		return line.page(question, s.file.lines(line.body(question, f)), f)
	case canvasName:
		hint := "Letters, digits, dots, dashes and underscores; commands call it by this name."
		return line.answer("What is it called?", lineInput(s.name), s.problem, hint, f)
	case canvasUsers:
		question := "Which accounts does it use?"
		room := line.body(question, f)
		if len(s.users.options) == 0 {
			return line.page(question, []string{" There is no account yet: authorize one first."}, f)
		}
		return line.page(question, s.users.lines(room), f)
	case canvasPlaces:
		question := "Where shall its password file lie?"
		return line.page(question, s.places.lines(line.body(question, f)), f)
	case canvasReaders:
		question := "Who opens it?"
		if s.asking {
			question = "Whom is it encrypted to?"
			return line.answer(question, s.keys.lines, s.problem, "", f)
		}
		return line.page(question, withProblem(s.readers.lines(line.body(question, f)), s.problem, f), f)
	}
	return s.doneView(line, f)
}

// doneView says what became of it, and what the change means for copies that exist.
// Copies that the change left behind are told of here: nothing else will.
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
