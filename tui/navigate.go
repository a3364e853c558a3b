package tui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// do carries out intents in order: navigation here, everything else through the runner.
func (m Model) do(intents []intent) (tea.Model, tea.Cmd) {
	var cmds []tea.Cmd
	for _, in := range intents {
		var cmd tea.Cmd
		if m, cmd = m.one(in); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	return m, tea.Batch(cmds...)
}

func (m Model) one(in intent) (Model, tea.Cmd) {
	switch in := in.(type) {
	case open:
		m.overlay = nil
		m.stack = append(slices.Clone(m.stack), in.screen)
		return m, m.started(in.screen)
	case replace:
		m.overlay = nil
		m.stack = append(slices.Clone(m.stack[:len(m.stack)-1]), in.screen)
		return m, m.started(in.screen)
	case back:
		return m.back(), nil
	case home:
		m.overlay, m.stack = nil, m.stack[:1:1]
		return m, nil
	case ask:
		m.overlay = in.overlay
		return m, nil
	case takeOver:
		w, wants := newResume(in.flow, m.frame())
		model, cmd := m.do(append([]intent{open{w}}, wants...))
		return model.(Model), cmd
	case notify:
		m.notice = notice(in)
		return m, nil
	case quit:
		return m.quit()
	}
	return m.background(in)
}

// started asks a new screen for what it wants at once.
func (m Model) started(s screen) tea.Cmd {
	starter, ok := s.(interface{ start() []intent })
	if !ok {
		return nil
	}
	var cmds []tea.Cmd
	for _, in := range starter.start() {
		cmds = append(cmds, m.run.command(in, 0))
	}
	return tea.Batch(cmds...)
}

func (m Model) back() Model {
	switch {
	case m.overlay != nil:
		m.overlay = nil
	case len(m.stack) > 1:
		m.stack = slices.Clone(m.stack[:len(m.stack)-1])
	}
	return m
}

// background registers an intent that is a job, unless the same work is under way, and starts it.
func (m Model) background(in intent) (Model, tea.Cmd) {
	id, title, isJob := describe(in, m.data.snapshot)
	if !isJob {
		return m, m.run.command(in, 0)
	}
	if j, ok := m.jobs.get(id); ok && j.running {
		m.notice = notice{fmt.Sprintf("Already under way: %s.", j.title), accounts.SeverityWarning}
		return m, nil
	}
	m.runs++
	m.jobs = m.jobs.put(job{id: id, run: m.runs, title: title, want: in, running: true})
	return m, m.run.command(in, m.runs)
}

// quit asks first where work is under way; the second ctrl+c or a yes quits, and the work is drained after the screen is gone.
func (m Model) quit() (Model, tea.Cmd) {
	work, flows := m.jobs.running()
	_, asked := m.overlay.(quitQuestion)
	if work+flows == 0 || asked {
		return m, tea.Quit
	}
	m.overlay = quitQuestion{work: work, flows: flows}
	return m, nil
}
