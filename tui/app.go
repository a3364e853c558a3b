package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/accounts/vault"
	"fettle/oauthflow/provider"
)

// windowTitle is constant: the library does not sanitise titles.
const windowTitle = "fettle"

// smallest is the size below which there is nothing to show but that.
const smallestWidth, smallestHeight = 40, 10

// Model is the root. It classifies messages and delegates: terminal facts, job events and answers, the
// overlay, keys, the top screen. Everything it holds is a value.
type Model struct {
	width, height int
	now           time.Time
	theme         theme
	host          Host
	providers     []provider.Provider

	data    data
	jobs    jobs
	runs    int
	stack   []screen // never empty; the last one is shown
	overlay screen   // nil, or a question over the top screen
	notice  notice

	run *runner // turns intents into commands; nil in view tests
}

// notice is the line above the footer. It goes away with the next key.
type notice struct {
	text     string
	severity accounts.Severity
}

// Init looks at the book and starts the clock.
func (m Model) Init() tea.Cmd {
	return tea.Batch(m.run.load(), m.run.tick(time.Second))
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
		m.data = msg.data
		return m, nil
	case jobEvent:
		return m.jobNews(msg)
	case answer:
		return m.answered(msg)
	case noticeMsg:
		m.notice = notice(msg)
		return m, nil
	case hangupMsg:
		return m, tea.Quit
	case tea.PasteMsg:
		return m.typed(msg)
	case tea.KeyPressMsg:
		return m.key(msg)
	}
	return m, nil
}

// ticked moves the clock and looks whether the book moved.
func (m Model) ticked(t tickMsg) (tea.Model, tea.Cmd) {
	m.now = t.now
	return m, tea.Batch(m.run.tick(time.Second), m.run.look(m.data.snapshot.Revision))
}

// jobNews folds an event into the registry and asks for the next one.
func (m Model) jobNews(e jobEvent) (tea.Model, tea.Cmd) {
	js, j, known := m.jobs.apply(e)
	if !known {
		return m, nil
	}
	m.jobs = js
	if !e.ended {
		return m, m.run.next(e.id, e.run)
	}
	return m.ended(j)
}

// ended says how a job ended. One that met a locked vault is done again once the vault is open.
func (m Model) ended(j job) (tea.Model, tea.Cmd) {
	var locked *vault.LockedError
	unlock, asking := m.overlay.(unlockScreen)
	switch {
	case errors.As(j.err, &locked) && j.id.kind != jobVault:
		return m.locked(j, locked)
	case j.id.kind == jobVault && j.err == nil && asking:
		m.overlay = nil
		return m.do([]intent{unlock.retry, reload{}})
	case j.failed() && !errors.Is(j.err, context.Canceled):
		m.notice = notice{oneLine(j.err), accounts.SeverityCritical}
	case j.summary != "":
		m.notice = notice{upperFirst(j.summary) + ".", accounts.SeverityOK}
	}
	return m, m.run.load()
}

// locked opens the vault: at once where the holder needs nobody, else by asking for the passphrase.
func (m Model) locked(j job, why *vault.LockedError) (tea.Model, tea.Cmd) {
	m.overlay = newUnlock(j.want, why.Error())
	if m.data.vault.Holder == holderPassphrase {
		return m, nil
	}
	return m.do([]intent{unlockVault{}})
}

// answered hands an answer to every screen; only the one that asked takes it.
func (m Model) answered(a answer) (tea.Model, tea.Cmd) {
	var intents []intent
	if m.overlay != nil {
		next, wants := m.overlay.receive(a, m.frame())
		m.overlay, intents = next, wants
	}
	m.stack = slices.Clone(m.stack)
	for i, s := range m.stack {
		next, wants := s.receive(a, m.frame())
		m.stack[i] = next
		intents = append(intents, wants...)
	}
	return m.do(intents)
}

// key finds out what a key means and does it. ctrl+c always works.
func (m Model) key(k tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	if k.String() == "ctrl+c" {
		return m.do([]intent{quit{}})
	}
	m.notice = notice{}
	s := m.front()
	if s.typing() && !ends(k) {
		return m.typed(k)
	}
	a, ok := match(k, s.scopes())
	if !ok {
		return m, nil
	}
	if why, on := a.on(s.situation(m.frame())); !on {
		m.notice = notice{strings.ToUpper(why[:1]) + why[1:] + ".", accounts.SeverityWarning}
		return m, nil
	}
	switch a.id {
	case actHelp:
		return m.do([]intent{ask{newHelp(s.scopes(), s.situation(m.frame()))}})
	case actQuit:
		return m.do([]intent{quit{}})
	}
	return m.update(s.act(a.id, m.frame()))
}

// ends reports whether a key leaves a text field rather than being typed into it.
func ends(k tea.KeyPressMsg) bool {
	return slices.Contains([]string{"esc", "enter", "ctrl+x"}, k.String())
}

// typed hands text to the screen that has the keys.
func (m Model) typed(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, pasted := msg.(tea.PasteMsg)
	if !m.front().typing() && !(pasted && m.front().takesPaste()) {
		if pasted {
			m.notice = notice{"Nothing here takes pasted text.", accounts.SeverityWarning}
		}
		return m, nil
	}
	return m.update(m.front().typed(msg, m.frame()))
}

// front is the screen that has the keys.
func (m Model) front() screen {
	if m.overlay != nil {
		return m.overlay
	}
	return m.stack[len(m.stack)-1]
}

// update puts a screen's next self in its place and does what it wants.
func (m Model) update(s screen, intents []intent) (tea.Model, tea.Cmd) {
	if m.overlay != nil {
		m.overlay = s
	} else {
		m.stack = append(slices.Clone(m.stack[:len(m.stack)-1]), s)
	}
	return m.do(intents)
}

// frame is what the top screen may know.
func (m Model) frame() frame {
	return frame{width: m.width, height: max(m.height-chromeLines, 0), now: m.now, theme: m.theme, data: m.data, jobs: m.jobs, host: m.host, providers: m.providers}
}

// chromeLines are the lines that belong to the root: heading, rule, notice, footer.
const chromeLines = 4

// View draws heading, screen or overlay, notice and footer.
func (m Model) View() tea.View {
	v := tea.NewView(m.content())
	v.AltScreen = true
	v.WindowTitle = windowTitle
	if x, y, ok := m.front().cursor(m.frame()); ok && !m.tooSmall() {
		v.Cursor = tea.NewCursor(x, y+2)
	}
	return v
}

func (m Model) tooSmall() bool { return m.width < smallestWidth || m.height < smallestHeight }

func (m Model) content() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	if m.tooSmall() {
		return fill([]string{"fettle needs 40×10"}, m.width, m.height, "")
	}
	f, t := m.frame(), m.theme
	s := m.front()
	return strings.Join([]string{
		m.heading(f),
		t.faint.Render(strings.Repeat(t.signs.rule, m.width)),
		s.view(f),
		pad(m.noticeLine(), m.width, t.signs.ellipsis),
		pad(footer(s.scopes(), s.situation(f), s.typing(), m.width, t), m.width, ""),
	}, "\n")
}

// heading says where you are and how the book is.
func (m Model) heading(f frame) string {
	t := m.theme
	crumbs := []string{t.title.Render("fettle")}
	for _, s := range m.stack {
		if title := s.title(f); title != "" {
			crumbs = append(crumbs, title)
		}
	}
	if m.overlay != nil {
		crumbs = append(crumbs, m.overlay.title(f))
	}
	left := " " + strings.Join(crumbs, t.faint.Render(" › "))
	right := t.faint.Render(m.host.User+"@"+m.host.Name) + " "
	room := m.width - ansi.StringWidth(right) - 1
	if room < ansi.StringWidth("fettle")+2 {
		return pad(left, m.width, t.signs.ellipsis)
	}
	return pad(left, room, t.signs.ellipsis) + " " + right
}

// noticeLine shows the notice, else the work under way.
func (m Model) noticeLine() string {
	t := m.theme
	if m.notice.text != "" {
		sign, style := t.severity(m.notice.severity)
		return " " + style.Render(sign+" "+m.notice.text)
	}
	if m.data.problem != "" {
		return " " + t.bad.Render(t.signs.critical+" "+m.data.problem)
	}
	here := m.front().situation(m.frame()).job
	return jobsLine(m.jobs, here, m.now, t)
}
