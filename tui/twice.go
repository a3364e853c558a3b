package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/secret"
)

// twice is a new passphrase, typed twice because a slip in it would lock what it protects.
// It never leaves what was typed behind: a slip, esc or success makes the fields anew.
type twice struct {
	fields  [2]textinput.Model
	focus   int
	problem string
}

func newTwice() twice {
	t := twice{fields: [2]textinput.Model{secretField(), secretField()}}
	return t.focused(0)
}

// focused gives the keys to a field; only it shows a cursor.
func (t twice) focused(i int) twice {
	t.focus = i
	t.fields[i].Focus()
	t.fields[1-i].Blur()
	return t
}

func (t twice) typed(msg tea.Msg) twice {
	t.problem = ""
	t.fields[t.focus] = typedInto(t.fields[t.focus], msg)
	return t
}

// next is enter: to the second field, then the passphrase if both are the same.
func (t twice) next() (twice, secret.Text, bool) {
	first, second := t.fields[0].Value(), t.fields[1].Value()
	switch {
	case first == "":
		t = t.focused(0)
		t.problem = "The passphrase is empty."
		return t, secret.Text{}, false
	case t.focus == 0:
		return t.focused(1), secret.Text{}, false
	// Both again: nobody sees which of the two had the slip.
	case first != second:
		t = newTwice()
		t.problem = "The two differ. Type it again."
		return t, secret.Text{}, false
	}
	return newTwice(), secret.New(first), true
}

func (t twice) lines(f frame) []string {
	look := f.theme
	label := func(i int, text string) string {
		if t.focus == i {
			return " " + look.title.Render(text)
		}
		return " " + look.faint.Render(text)
	}
	lines := []string{label(0, "Passphrase"), fieldLine(t.fields[0], f), "", label(1, "The same once more"), fieldLine(t.fields[1], f)}
	if t.problem != "" {
		lines = append(lines, "", " "+look.bad.Render(look.signs.critical+" "+t.problem))
	}
	return lines
}
