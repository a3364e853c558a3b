package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/safetext"
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

// typed hands a key or a paste to the field that has the keys. The line break that a copied text ends with
// is cut off: the field would make a blank of it, and a secret with a blank is another secret.
func (s form) typed(msg tea.Msg) form {
	if pasted, ok := msg.(tea.PasteMsg); ok {
		msg = tea.PasteMsg{Content: strings.TrimSpace(safetext.Line(pasted.Content))}
	}
	s.fields = slices.Clone(s.fields)
	s.fields[s.focus], _ = s.fields[s.focus].Update(msg)
	return s
}

func (s form) lines(t theme) []string {
	var lines []string
	for i, label := range s.labels {
		style := t.faint
		if i == s.focus {
			style = t.title
		}
		lines = append(lines, " "+style.Render(label), " "+s.fields[i].View(), "")
	}
	return lines[:max(len(lines)-1, 0)]
}
