package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// form is a few lines to type, one below the other. Only the one that has the keys shows a cursor.
type form struct {
	labels []string
	fields []textinput.Model
	focus  int
}

func newForm(labels []string, fields ...textinput.Model) form {
	return form{labels: labels, fields: fields}.focused(0)
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

// last reports whether the last field has the keys: enter there takes the whole form.
func (s form) last() bool { return s.focus == len(s.fields)-1 }

func (s form) value(i int) string {
	if i >= len(s.fields) {
		return ""
	}
	return strings.TrimSpace(s.fields[i].Value())
}

// typed hands a key or a paste to the field that has the keys.
func (s form) typed(msg tea.Msg) form {
	s.fields = slices.Clone(s.fields)
	s.fields[s.focus] = typedInto(s.fields[s.focus], msg)
	return s
}

// lines draw each label over its field; a label that is too long for the screen is wrapped.
func (s form) lines(f frame) []string {
	var lines []string
	for i, label := range s.labels {
		style := f.theme.faint
		if i == s.focus {
			style = f.theme.title
		}
		lines = append(lines, paragraphAt(label, f.width-2, " ", style)...)
		lines = append(lines, fieldLine(s.fields[i], f), "")
	}
	return lines[:max(len(lines)-1, 0)]
}
