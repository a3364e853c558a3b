package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// Model is the root. It classifies messages and delegates: terminal facts, job events and answers, the
// overlay, keys, the top screen. Everything it holds is a value.
type Model struct {
	width, height int
	now           time.Time
	theme         theme
	host          Host
	providers     []provider.Provider // the catalogue, as it was at the start

	// What is known. data is replaced whole by each look at the book; unstored comes with looks too, but is no part of
	// it, because an answer that cannot be stored does not move the book.
	data     data
	unstored []accounts.Unstored // answers of providers that exist in this process's memory only
	looking  bool                // the clock's look at the book has not come back
	places   time.Time           // when the places of password files were compared last
	jobs     jobs
	runs     int      // starts of background work so far; numbers each of them
	held     []intent // acts that wait for the vault to be opened
	stack    []screen // never empty; the last one is shown
	overlays []screen // questions over the top screen, the one that has the keys last
	notice   notice

	run *runner // turns intents into commands; nil in view tests
}

// notice is the line above the footer. It goes away with the next key.
type notice struct {
	text     string
	severity accounts.Severity
}

// Init tidies and looks at the book, asks what the first screen wants to know and starts the clock.
func (m Model) Init() tea.Cmd {
	// Only commands: Bubble Tea drops a model changed here. Batch has no order, so the first look may show what tidy
	// is about to drop; the next one shows it gone.
	return tea.Batch(m.run.tidy(), m.run.load(), m.started(m.front()), m.run.tick(time.Second), m.run.nextAsk())
}

// Update classifies and delegates.
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m, nil
	case tickMsg:
		return m.ticked(msg)
	case dataMsg:
		return m.looked(msg)
	case jobEvent:
		return m.jobNews(msg)
	case answer:
		return m.answered(msg)
	case noticeMsg:
		m.notice = notice(msg)
		return m, nil
	case abandonedMsg:
		m.notice = notice{"The sign-in of " + msg.name + " was dropped.", accounts.SeverityOK}
		return m, m.run.load()
	case askedMsg:
		return m.asked(msg)
	case withdrawnMsg:
		return m.askGone(msg)
	// Nobody is left to be asked about work under way; it is drained as after any quit.
	case hangupMsg:
		return m, tea.Quit
	case tea.PasteMsg:
		return m.typed(msg)
	case tea.KeyPressMsg:
		return m.key(msg)
	}
	return m, nil
}

// placesEvery is how often the places of password files are compared with what was written there.
const placesEvery = time.Minute

// ticked moves the clock and looks whether the book moved.
func (m Model) ticked(t tickMsg) (tea.Model, tea.Cmd) {
	m.now = t.now
	cmds := []tea.Cmd{m.run.tick(time.Second)}
	// One look at a time: on a slow disk they would pile up, one a second.
	if !m.looking {
		m.looking = true
		cmds = append(cmds, m.run.look(m.data.snapshot.Revision))
	}
	if m.data.files+len(m.data.canvases) > 0 && m.now.Sub(m.places) >= placesEvery {
		m.places = m.now
		cmds = append(cmds, m.run.places())
	}
	return m, tea.Batch(cmds...)
}

// looked takes a look at the book. One that failed keeps what was known: a read error is never "no accounts".
// What follows a job is settled even where the look failed: its wizard would wait for ever for a book that cannot be read.
func (m Model) looked(msg dataMsg) (tea.Model, tea.Cmd) {
	if msg.routine {
		m.looking, m.unstored = false, msg.held
	}
	m.jobs = m.jobs.settled(msg.after)
	switch {
	case msg.same && msg.after == (jobID{}):
		return m, nil
	case msg.same: // a job ended, which screens may wait for even where it changed nothing
		return m.renewed()
	case msg.problem != "":
		m.data.problem = msg.problem
		return m, nil
	// Overtaken: looks run side by side, and an earlier one must not bring back what a later one saw gone.
	case msg.data.taken < m.data.taken:
		return m, nil
	}
	m.data = msg.data
	return m.renewed()
}

// renewed tells the screens that the book was looked at again.
// Overlays hold nothing of the book.
func (m Model) renewed() (tea.Model, tea.Cmd) {
	var intents []intent
	m.stack = slices.Clone(m.stack)
	for i, s := range m.stack {
		if r, ok := s.(renewer); ok {
			next, wants := r.renewed(m.frame())
			m.stack[i] = next
			intents = append(intents, wants...)
		}
	}
	return m.do(intents)
}

// jobNews folds an event into the registry and asks for the next one.
// Asking again only now keeps a job's events in order, and makes the job wait for the screen rather than the other way round.
func (m Model) jobNews(e jobEvent) (tea.Model, tea.Cmd) {
	e.flow, e.check, e.progress, e.sync = washed(e.flow), washed(e.check), washed(e.progress), washed(e.sync)
	e.result, e.summary = washed(e.result), washed(e.summary)
	js, j, known := m.jobs.apply(e)
	// What was begun anew sends on its own; whoever asks for more of the earlier start would wait for nothing.
	if !known {
		return m, nil
	}
	m.jobs = js
	if !e.ended {
		return m, m.run.next(e.id, e.run)
	}
	return m.ended(j)
}

// answered hands an answer to every screen; only the one that asked takes it.
func (m Model) answered(a answer) (tea.Model, tea.Cmd) {
	if _, plan := a.value.(pwfile.Plan); !plan { // it goes back to where it came from: the wizard cleans what it shows
		a.value = washed(a.value)
	}
	var intents []intent
	m.overlays, m.stack = slices.Clone(m.overlays), slices.Clone(m.stack)
	for _, screens := range [][]screen{m.overlays, m.stack} {
		for i, s := range screens {
			next, wants := s.receive(a, m.frame())
			screens[i] = next
			intents = append(intents, wants...)
		}
	}
	return m.do(intents)
}

// key finds out what a key means and does it.
func (m Model) key(k tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	// Any key takes the notice away, one that does nothing too: it was seen.
	m.notice = notice{}
	s := m.front()
	// Text first: a name may hold any letter that is a key elsewhere.
	if s.typing() && !ends(k) {
		return m.typed(k)
	}
	a, ok := match(k, s.scopes())
	if !ok || m.width > 0 && m.tooSmall() && a.id != actLeave && a.id != actSuspend {
		return m, nil
	}
	// Asked of the facts at the press, not of those that were drawn.
	if why, on := a.on(s.situation(m.frame())); !on {
		m.notice = notice{upperFirst(why) + ".", accounts.SeverityWarning}
		return m, nil
	}
	switch a.id {
	case actHelp:
		if _, shown := s.(helpScreen); shown { // the key that opened it closes it
			return m.back(), nil
		}
		return m.do([]intent{ask{newHelp(s.scopes(), s.situation(m.frame()))}})
	case actQuit:
		return m.do([]intent{quit{}})
	// A second ctrl+c is meant: whoever is in a hurry does not read the question.
	case actLeave:
		_, asked := s.(quitQuestion)
		return m.do([]intent{quit{sure: asked}})
	// In raw mode the terminal sends no SIGTSTP by itself.
	case actSuspend:
		return m, tea.Suspend
	}
	return m.update(s.act(a.id, m.frame()))
}

// ends reports whether a key leaves a text field, or the program, rather than being typed into it.
func ends(k tea.KeyPressMsg) bool {
	return slices.Contains([]string{"esc", "enter", "tab", "shift+tab", "ctrl+x", "ctrl+c", "ctrl+z"}, k.String())
}

// typed hands text to the screen that has the keys.
// A paste is a message of its own: nobody takes it for keys, and what is pasted into the wrong place does nothing.
func (m Model) typed(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, pasted := msg.(tea.PasteMsg)
	wanted := m.front().typing() || pasted && m.front().takesPaste()
	if !wanted {
		if pasted {
			m.notice = notice{"Nothing here takes pasted text.", accounts.SeverityWarning}
		}
		return m, nil
	}
	return m.update(m.front().typed(msg, m.frame()))
}

// front is the screen that has the keys.
func (m Model) front() screen {
	if n := len(m.overlays); n > 0 {
		return m.overlays[n-1]
	}
	return m.stack[len(m.stack)-1]
}

// update puts a screen's next self in its place and does what it wants.
func (m Model) update(s screen, intents []intent) (tea.Model, tea.Cmd) {
	if n := len(m.overlays); n > 0 {
		m.overlays = append(slices.Clone(m.overlays[:n-1]), s)
	} else {
		m.stack = append(slices.Clone(m.stack[:len(m.stack)-1]), s)
	}
	return m.do(intents)
}

// frame is what the top screen may know.
// Views and actions get the same, so what an action does fits what was drawn.
func (m Model) frame() frame {
	height := m.height - chromeLines - max(len(m.said())-1, 0)
	return frame{width: m.width, height: max(height, 0), now: m.now, theme: m.theme, data: m.data, jobs: m.jobs, host: m.host, providers: m.providers}
}
