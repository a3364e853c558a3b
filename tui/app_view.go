package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// windowTitle is constant: the library does not sanitise titles.
const windowTitle = "fettle"

// smallest is the size below which there is nothing to show but that.
const smallestWidth, smallestHeight = 40, 10

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
	if len(m.overlays) > 0 {
		crumbs = append(crumbs, m.front().title(f))
	}
	left := " " + strings.Join(crumbs, t.faint.Render(" › "))
	right := t.faint.Render(m.host.User+"@"+m.host.Name) + " "
	room := m.width - cells(right) - 1
	if room < cells("fettle")+2 {
		return pad(left, m.width, t.signs.ellipsis)
	}
	return pad(left, room, t.signs.ellipsis) + " " + right
}

// noticeLine shows what must not be overlooked, the notice, else the work under way.
func (m Model) noticeLine() string {
	t := m.theme
	if len(m.unstored) > 0 {
		return " " + t.bad.Render(t.signs.critical+" "+unstoredWords(m.unstored))
	}
	if m.notice.text != "" {
		sign, style := t.severity(m.notice.severity)
		return " " + style.Render(sign+" "+m.notice.text)
	}
	if m.data.problem != "" {
		return " " + t.bad.Render(t.signs.critical+" "+upperFirst(m.data.problem))
	}
	return jobsLine(m.jobs, m.front().situation(m.frame()).job, m.now, t)
}
