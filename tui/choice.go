package tui

import "slices"

// choice is a list to choose from: one with the cursor, or several with ticks.
// The cursor and the ticks are IDs: options may be made anew at each look, and nothing moves under the finger.
type choice struct {
	options []option
	at      string // ID under the cursor; "" = the first that is on
	several bool
	ticked  []string
}

// option is one line of a choice; off says why it cannot be chosen.
type option struct {
	id, label, note, off string
}

// add puts an option at the end.
func (c *choice) add(id, label string) { c.options = append(c.options, option{id: id, label: label}) }

// position is the row of the cursor.
// Without a cursor the first that is on is meant, so whoever wants something preselected puts it first.
func (c choice) position() int {
	for i, o := range c.options {
		if o.id == c.at {
			return i
		}
	}
	return max(slices.IndexFunc(c.options, func(o option) bool { return o.off == "" }), 0)
}

// chosen is the option under the cursor.
// It may be one that is off; then enter says why.
func (c choice) chosen() (option, bool) {
	if len(c.options) == 0 {
		return option{}, false
	}
	return c.options[c.position()], true
}

// act moves the cursor and ticks; ok is false for an action that is none of a choice's.
func (c choice) act(id actionID, height int) (choice, bool) {
	switch id {
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		if len(c.options) > 0 {
			c.at = c.options[moved(c.position(), len(c.options), height, id)].id
		}
	case actTick:
		c = c.tick()
	case actTickAll:
		c = c.tickAll()
	default:
		return c, false
	}
	return c, true
}

// tick copies what is ticked before it changes it: an earlier frame of the same screen must stay as it was.
func (c choice) tick() choice {
	o, ok := c.chosen()
	if !c.several || !ok || o.off != "" {
		return c
	}
	if i := slices.Index(c.ticked, o.id); i >= 0 {
		c.ticked = slices.Delete(slices.Clone(c.ticked), i, i+1)
	} else {
		c.ticked = append(slices.Clone(c.ticked), o.id)
	}
	return c
}

// tickAll ticks every option that is on; where anything is ticked it clears instead, so that twice is back at nothing.
func (c choice) tickAll() choice {
	if !c.several {
		return c
	}
	if len(c.ticked) > 0 {
		c.ticked = nil
		return c
	}
	for _, o := range c.options {
		if o.off == "" {
			c.ticked = append(slices.Clone(c.ticked), o.id)
		}
	}
	return c
}

// lines draw the options, each with its note, as many as fit around the cursor.
func (c choice) lines(f frame) []string {
	at := c.position()
	var lines []string
	first, last := 0, 0
	// Every option takes a line at least, so of thousands only these can be seen.
	near := window{max(at-f.height, 0), min(at+f.height+1, len(c.options))}
	for i := near.from; i < near.to; i++ {
		o := c.options[i]
		if i == at {
			first = len(lines)
		}
		lines = append(lines, c.option(o, i == at, f))
		note := o.note
		if o.off != "" {
			note = o.off
		}
		lines = append(lines, paragraphAt(note, f.width-8, "      ", f.theme.faint)...)
		if i == at {
			last = len(lines) - 1
		}
	}
	if len(lines) <= f.height {
		return lines
	}
	// First down to where the option ends, then up to where it begins: if its note is too long for the room, its label is seen.
	win := windowOf(windowOf(0, last, len(lines), f.height).from, first, len(lines), f.height)
	return lines[win.from:win.to]
}

// optionWidth is how wide the bar over the chosen option is at most.
const optionWidth = 76

// option draws one without its note. The label is not wrapped: the bar over it is one line.
func (c choice) option(o option, here bool, f frame) string {
	t := f.theme
	pointer := " "
	if here {
		pointer = t.signs.pointer
	}
	mark := ""
	if c.several {
		mark = t.signs.box + " "
		if slices.Contains(c.ticked, o.id) {
			mark = t.signs.ticked + " "
		}
	}
	text := " " + pointer + " " + mark + o.label
	switch {
	case here:
		return t.selected.Render(pad(text+" ", min(f.width, optionWidth), t.signs.ellipsis))
	case o.off != "":
		return t.faint.Render(text)
	}
	return text
}
