package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// windowTitle is constant: the library does not sanitise titles, so a sequence hidden in one would reach the terminal.
const windowTitle = "fettle"

// smallest is the size below which there is nothing to show but that.
const smallestWidth, smallestHeight = 40, 10

// chromeLines are the lines that belong to the root: heading, rule, notice, footer. A long notice takes more.
const chromeLines = 4

// View draws heading, screen or overlay, notice and footer.
func (m Model) View() tea.View {
	content := m.theme.spelled(m.content())
	v := tea.NewView(content)
	// What the screen is stands in the view itself, anew each frame: nothing has to be switched back.
	v.AltScreen = true
	v.WindowTitle = windowTitle
	// A text field draws its own cursor: where the library puts the real one counts characters, not cells.
	if y := selectedLine(content, m.theme); y >= 0 && !m.front().typing() {
		v.Cursor = tea.NewCursor(0, y)
	}
	return v
}

// selectedLine is the line that is drawn as selected, -1 = none. The terminal's own cursor goes there on every
// screen, because magnifiers and screen readers follow it and know nothing of inverted colours.
func selectedLine(content string, t theme) int {
	for y := 0; content != ""; y++ {
		var line string
		line, content, _ = strings.Cut(content, "\n")
		// Lists stand at the left edge, so their selected row begins its line with that ink, and nothing else may.
		if strings.HasPrefix(line, t.selected.before) {
			return y
		}
	}
	return -1
}

// tooSmall reports a screen that shows nothing but that. Its keys then do nothing but leave: a question could be
// answered that nobody has read.
func (m Model) tooSmall() bool { return m.width < smallestWidth || m.height < smallestHeight }

// content is the screen in full, each line as wide as the screen: whatever stood there before is covered.
func (m Model) content() string {
	// Bubble Tea draws before it knows the size.
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
		m.noticeLines(f),
		pad(footer(s.scopes(), s.situation(f), s.typing(), m.width, t), m.width, ""),
	}, "\n")
}

// heading says where you are and how the book is.
// On a narrow screen the host goes first: it is in the prompt the operator came from.
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

// said is what must not be overlooked, else the notice, in the lines it takes. It goes away with the next key, so a
// long one gets more than a line; the screen gives way to it.
// A token that was not stored comes before everything: it is gone when this process ends.
func (m Model) said() []string {
	t := m.theme
	style, text := t.bad, ""
	switch {
	case len(m.unstored) > 0:
		text = t.signs.critical + " " + unstoredWords(m.unstored)
	case m.notice.text != "":
		var sign string
		sign, style = t.severity(m.notice.severity)
		text = sign + " " + m.notice.text
	// The last, for it comes back with every look until the book can be read.
	case m.data.problem != "":
		text = t.signs.critical + " " + upperFirst(m.data.problem)
	default:
		return nil
	}
	// Never more than a fifth of the screen: what has to be answered stays in sight.
	most := min(max(m.height/5, 1), 3)
	lines := wrap(text, m.width-2)
	if len(lines) > most {
		rest := strings.Join(lines[most-1:], " ")
		lines = append(lines[:most-1:most-1], cut(rest, m.width-2, t.signs.ellipsis))
	}
	for i, l := range lines {
		lines[i] = " " + style.Render(l)
	}
	return lines
}

// noticeLines show that, else the work under way.
// The work that the screen in front shows itself is not told twice.
func (m Model) noticeLines(f frame) string {
	lines := m.said()
	if len(lines) == 0 {
		lines = []string{jobsLine(m.jobs, m.front().situation(f).job, m.now, m.theme)}
	}
	return fill(lines, m.width, len(lines), m.theme.signs.ellipsis)
}
