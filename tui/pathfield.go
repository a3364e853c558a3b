package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// pathField is a path to type, with what lies in its folder below it.
type pathField struct {
	in   textinput.Model
	list pathList
}

func newPathField(key, path string) pathField {
	in := field(4096)
	in.SetValue(path)
	in.CursorEnd()
	return pathField{in: in, list: newPathList(key)}
}

func (s pathField) start() []intent { return s.list.ask(s.in.Value()) }

func (s pathField) value() string { return strings.TrimSpace(s.in.Value()) }

func (s pathField) chosen() string { return s.list.chosen(s.in.Value()) }

// typed takes a key or a paste. What leads to another folder asks for that folder.
// What is typed may match other names, so the choice among them is dropped.
func (s pathField) typed(msg tea.Msg) (pathField, []intent) {
	if down, ok := arrow(msg); ok {
		s.list = s.list.moved(s.in.Value(), down)
		return s, nil
	}
	s.in = typedInto(s.in, msg)
	s.list.at = -1
	return s, s.list.follow(s.in.Value())
}

// arrow reports whether a key is up or down, which nobody types into a line of text.
func arrow(msg tea.Msg) (down, ok bool) {
	k, pressed := msg.(tea.KeyPressMsg)
	if !pressed {
		return false, false
	}
	name := k.String()
	return name == "down", name == "up" || name == "down"
}

// completed takes the chosen match, or the part that all matches share.
func (s pathField) completed() (pathField, []intent) {
	s.in.SetValue(s.list.completed(s.in.Value()))
	s.in.CursorEnd()
	s.list.at = -1
	return s, s.list.follow(s.in.Value())
}

func (s pathField) receive(a answer) pathField {
	s.list = s.list.receive(a)
	return s
}

// lines draw the field and as many matches as fit.
func (s pathField) lines(f frame) []string {
	return append([]string{fieldLine(s.in, f), ""}, s.list.lines(s.in.Value(), f.inner(f.width, f.height-2))...)
}
