package tui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// do carries out intents in order: navigation here, everything else through the runner.
func (m Model) do(intents []intent) (tea.Model, tea.Cmd) { return m.all(intents) }

// all carries out one after the other: a later intent sees what an earlier one did to the stack.
func (m Model) all(intents []intent) (Model, tea.Cmd) {
	var cmds []tea.Cmd
	for _, in := range intents {
		var cmd tea.Cmd
		if m, cmd = m.one(in); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	return m, tea.Batch(cmds...)
}

// one does what the root can do in the same message: a screen is open before its first answer could come.
func (m Model) one(in intent) (Model, tea.Cmd) {
	switch in := in.(type) {
	case open:
		m.stack = append(slices.Clone(m.stack), in.screen)
		return m, m.started(in.screen)
	case replace:
		m.stack = append(slices.Clone(m.stack[:len(m.stack)-1]), in.screen)
		return m, m.started(in.screen)
	case back:
		return m.back(), nil
	// Clipped, so that a screen opened later is not written into the array of an earlier model.
	case home:
		m.stack = m.stack[:1:1]
		return m, nil
	// A question asks for nothing when it is opened: it was given all it shows.
	case ask:
		return m.covered(in.overlay), nil
	// The wizard is in front before the sign-in goes on: one that ends at once is told on its page.
	case takeOver:
		w, wants := newResume(in.flow, m.frame())
		m, opened := m.one(open{w})
		m, resumed := m.all(wants)
		return m, tea.Batch(opened, resumed)
	case notify:
		m.notice = notice(in)
		return m, nil
	case quit:
		return m.quit(in.sure)
	case stop:
		// Shown at once; the end itself comes as the job's last event. Then on to the runner, which cancels.
		if j, ok := m.jobs.get(in.job); ok && j.running {
			j.stopping = true
			m.jobs = m.jobs.put(j)
		}
	}
	return m.background(in)
}

// started asks a new screen for what it wants at once.
// 0 is the number of what is no job.
func (m Model) started(s screen) tea.Cmd {
	asks, ok := s.(starter)
	if !ok {
		return nil
	}
	var cmds []tea.Cmd
	for _, in := range asks.start() {
		cmds = append(cmds, m.run.command(in, 0))
	}
	return tea.Batch(cmds...)
}

// back leaves the question in front or the top screen. Who leaves the passphrase unasked leaves what waited for it.
// The first screen stays: there is nothing behind it.
func (m Model) back() Model {
	if asksToUnlock(m.front()) {
		m.held = nil
	}
	switch {
	case len(m.overlays) > 0:
		m.overlays = slices.Clone(m.overlays[:len(m.overlays)-1])
	case len(m.stack) > 1:
		m.stack = slices.Clone(m.stack[:len(m.stack)-1])
	}
	return m
}

// covered puts a question in front. What it covers is there again afterwards: work in the background may ask
// while somebody is being asked something else.
func (m Model) covered(question screen) Model {
	m.overlays = append(slices.Clone(m.overlays), question)
	return m
}

// without takes the questions away that are meant, wherever they stand.
func (m Model) without(meant func(screen) bool) (_ Model, there bool) {
	n := len(m.overlays)
	m.overlays = slices.DeleteFunc(slices.Clone(m.overlays), meant)
	return m, len(m.overlays) < n
}

// background registers an intent that is a job, unless the same work is under way, and starts it.
// Registered before it starts, so that its first event finds it. Work that waits for the vault is begun by the same way again.
func (m Model) background(in intent) (Model, tea.Cmd) {
	id, title, isJob := describe(in, m.data.snapshot)
	if !isJob {
		return m, m.run.command(in, 0)
	}
	if j, _ := m.jobs.get(id); m.jobs.underWay(id) && !supersedes(in) {
		m.notice = notice{fmt.Sprintf("Already under way: %s.", j.title), accounts.SeverityWarning}
		return m, nil
	}
	m.runs++ // events of an earlier start of the same work are told apart by it
	m.jobs = m.jobs.put(job{id: id, run: m.runs, title: title, want: in, running: true})
	return m, m.run.command(in, m.runs)
}

// supersedes reports whether an intent ends the same work that is under way and begins anew.
// The runner lets the former end first: two drivers of one sign-in would answer each other's codes.
func supersedes(in intent) bool {
	flow, ok := in.(beginFlow)
	return ok && flow.restart
}

// quit asks first where work is under way. The work is drained after the screen is gone.
func (m Model) quit(sure bool) (Model, tea.Cmd) {
	work, flows := m.jobs.running()
	if sure || work+flows == 0 {
		return m, tea.Quit
	}
	// The key that asked does not answer: q twice is a slip of the finger.
	if _, asked := m.front().(quitQuestion); asked {
		return m, nil
	}
	return m.covered(quitQuestion{work: work, flows: flows}), nil
}
