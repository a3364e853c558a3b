package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// form is a few lines to type, one below the other. Only the one that has the keys shows a cursor. One of them may
// take a path: while it has the keys and holds one, what lies there is listed below it.
type form struct {
	labels []string
	fields []textinput.Model
	focus  int

	path int // the field that takes a path; -1: none
	list pathList
}

func newForm(labels []string, fields ...textinput.Model) form {
	return form{labels: labels, fields: fields, path: -1}.focused(0)
}

// withPath lets field i be completed as a path; key names the questions for what lies in its folder.
func (s form) withPath(i int, key string) form {
	s.path, s.list = i, newPathList(key)
	return s
}

// focused gives the keys to a field; fields are copied, because screens are values.
func (s form) focused(i int) form {
	s.fields = slices.Clone(s.fields)
	for k := range s.fields {
		s.fields[k].Blur()
	}
	s.focus = (i + len(s.fields)) % len(s.fields)
	s.fields[s.focus].Focus()
	return s
}

// stepped gives the keys to the next field or the one before.
func (s form) stepped(id actionID) form {
	if id == actFieldUp {
		return s.focused(s.focus - 1)
	}
	return s.focused(s.focus + 1)
}

// scopes are those of a page that is this form; tab is the path's as long as it has a name to take.
func (s form) scopes() []scope {
	switch {
	case s.completes():
		return []scope{inPath, inFields, inWizard}
	case len(s.fields) > 1:
		return []scope{inFields, inWizard}
	}
	return []scope{inWizard}
}

// last reports whether the last field has the keys: enter there takes the whole form.
func (s form) last() bool { return s.focus == len(s.fields)-1 }

func (s form) value(i int) string {
	if i >= len(s.fields) {
		return ""
	}
	return strings.TrimSpace(s.fields[i].Value())
}

// onPath reports whether a path is being typed.
func (s form) onPath() bool { return s.focus == s.path && isPath(s.value(s.path)) }

// completes reports whether tab has a name to take there; else it goes to the other field.
func (s form) completes() bool {
	if !s.onPath() {
		return false
	}
	text := s.fields[s.path].Value()
	return s.list.completed(text) != text
}

// chosen is the name that enter would take into the path, "" = none.
func (s form) chosen() string {
	if !s.onPath() {
		return ""
	}
	return s.list.chosen(s.fields[s.path].Value())
}

// completed takes it, or what all names share.
func (s form) completed() (form, []intent) {
	s.fields = slices.Clone(s.fields)
	in := &s.fields[s.path]
	in.SetValue(s.list.completed(in.Value()))
	in.CursorEnd()
	s.list.at = -1
	return s, s.list.follow(in.Value())
}

func (s form) receive(a answer) form {
	s.list = s.list.receive(a)
	return s
}

// typed hands a key or a paste to the field that has the keys.
func (s form) typed(msg tea.Msg) (form, []intent) {
	if down, ok := arrow(msg); ok {
		if s.onPath() {
			s.list = s.list.moved(s.fields[s.path].Value(), down)
		}
		return s, nil
	}
	s.fields = slices.Clone(s.fields)
	s.fields[s.focus] = typedInto(s.fields[s.focus], msg)
	if !s.onPath() {
		return s, nil
	}
	s.list.at = -1
	return s, s.list.follow(s.fields[s.path].Value())
}

// mostNames is how many names stand below a path in a form.
const mostNames = 8

// lines draw each label over its field, as many as fit around the one that has the keys; a label that is too long
// for the screen is wrapped.
func (s form) lines(f frame) []string {
	var lines []string
	first, last := 0, 0
	for i, label := range s.labels {
		style := f.theme.faint
		if i == s.focus {
			style, first = f.theme.title, len(lines)
		}
		lines = append(lines, paragraphAt(label, f.width-2, " ", style)...)
		lines = append(lines, fieldLine(s.fields[i], f))
		if i == s.focus {
			last = len(lines) - 1
		}
		if i == s.path && s.onPath() {
			lines = append(lines, s.list.lines(s.fields[i].Value(), f.inner(f.width, min(mostNames, f.height-1)))...)
		}
		if f.height > 3*len(s.labels) { // air, where there is room for it
			lines = append(lines, "")
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) <= f.height {
		return lines
	}
	// As in a choice: down to the end of the field with the keys, then up to its label.
	win := windowOf(windowOf(0, last, len(lines), f.height).from, first, len(lines), f.height)
	return lines[win.from:win.to]
}
