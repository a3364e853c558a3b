package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// helpScreen shows every key of the screen it was opened on, and why some are off.
// It shows what was off when it was opened; the screen below may have moved on.
type helpScreen struct {
	base
	of  []scope
	sit situation
	top int
}

func newHelp(of []scope, sit situation) helpScreen { return helpScreen{of: of, sit: sit} }

func (s helpScreen) title(frame) string { return "Help" }
func (s helpScreen) scopes() []scope    { return []scope{inScroll} }

func (s helpScreen) act(id actionID, f frame) (screen, []intent) {
	if id == actBack {
		return s, []intent{back{}}
	}
	s.top = moved(s.top, max(len(s.lines(f))-f.height, 0)+1, f.height, id)
	return s, nil
}

func (s helpScreen) typed(tea.Msg, frame) (screen, []intent)  { return s, nil }
func (s helpScreen) receive(answer, frame) (screen, []intent) { return s, nil }
func (s helpScreen) view(f frame) string {
	return scrolled(s.lines(f), s.top, f)
}

// lines list what is off too, so that nobody looks for a key that has gone.
func (s helpScreen) lines(f frame) []string {
	t := f.theme
	var lines []string
	var last scope
	for _, a := range live(s.of) {
		if a.scope != last {
			lines = append(lines, heading(upperFirst(string(a.scope)), "", t)...)
			last = a.scope
		}
		names := make([]string, len(a.keys))
		for i, k := range a.keys {
			names[i] = keyName(k)
		}
		text := a.help
		if why, on := a.on(s.sit); !on {
			// The reason stands before what the key would do, for that is what help was opened for.
			text = "off: " + why + ". " + text
		}
		body := wrap(text, f.width-19)
		for i, l := range body {
			if i == 0 {
				lines = append(lines, "  "+t.key.Render(pad(strings.Join(names, " "), 15, ""))+" "+l)
				continue
			}
			lines = append(lines, strings.Repeat(" ", 18)+l)
		}
	}
	return lines
}

// KeysMarkdown is docs/keys.md, made from the table of actions.
// A test compares it with the file.
func KeysMarkdown() string {
	var b strings.Builder
	b.WriteString("# Keys\n\nMade from the table in `tui/actions.go`; a test keeps it true. Where a text is typed, only `enter`, `esc`, `tab` and keys with ctrl mean what stands here.\n")
	var last scope
	for _, a := range actions {
		if a.scope != last {
			b.WriteString("\n## " + upperFirst(string(a.scope)) + "\n\n| key | what it does |\n|---|---|\n")
			last = a.scope
		}
		names := make([]string, len(a.keys))
		for i, k := range a.keys {
			names[i] = "`" + keyName(k) + "`"
		}
		b.WriteString("| " + strings.Join(names, " ") + " | " + a.help + " |\n")
	}
	return b.String()
}
