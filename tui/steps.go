package tui

import (
	"fmt"
	"slices"
	"strings"
)

// steps are the stations of a wizard: always visible, one question each.
type steps struct {
	names []string
	at    int
	left  int // stations before at that were not got through
}

// line draws the stations: those behind with a tick, the present one strong.
func (s steps) line(t theme) string {
	parts := make([]string, len(s.names))
	for i, name := range s.names {
		switch {
		case i < s.at-s.left:
			parts[i] = t.ok.Render(t.signs.ok) + t.faint.Render(" "+name)
		case i == s.at:
			parts[i] = t.title.Render(fmt.Sprintf("%d %s", i+1, name))
		default:
			parts[i] = t.faint.Render(fmt.Sprintf("%d %s", i+1, name))
		}
	}
	return " " + strings.Join(parts, t.faint.Render(" "+t.signs.rule+" "))
}

// page lays a step out: stations, the question, its body. On a low screen the air between them goes first, so
// that what has to be typed or chosen is still seen.
func (s steps) page(question string, body []string, f frame) string {
	lines := []string{s.line(f.theme), ""}
	for _, l := range s.question(question, f) {
		lines = append(lines, " "+f.theme.title.Render(l))
	}
	lines = append(append(lines, ""), body...)
	if f.low() {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	}
	return fill(lines, f.width, f.height, f.theme.signs.ellipsis)
}

// question is the step's question in lines, cut to one where there is no room for more.
func (s steps) question(text string, f frame) []string {
	if f.low() {
		return []string{cut(text, f.width-2, f.theme.signs.ellipsis)}
	}
	return wrap(text, f.width-2)
}

// body is what page leaves under a question.
func (s steps) body(question string, f frame) frame {
	air := 3
	if f.low() {
		air = 1
	}
	return f.inner(f.width, f.height-air-len(s.question(question, f)))
}

// withHint puts a hint under a list, where it does not take the list's room.
func withHint(list []string, hint string, f frame) []string {
	lines := paragraphAt(hint, f.width-2, " ", f.theme.faint)
	if len(list)+1+len(lines) > f.height {
		return list
	}
	return slices.Concat(list, []string{""}, lines)
}

// withNext puts what can be done next under a body, which is cut so that the options are always seen.
func withNext(body []string, c choice, f frame) []string {
	t := f.theme
	if len(c.options) == 0 {
		return append(body, "", " "+t.faint.Render("Looking at what follows"+t.signs.ellipsis))
	}
	head := []string{"", " " + t.title.Render("Next"), ""}
	if f.low() {
		head = nil
	}
	options := c.lines(f.inner(f.width, max(f.height/2, 2)))
	room := f.height - len(options) - len(head)
	if len(body) > room && room > 0 {
		body = append(body[:room-1:room-1], " "+t.faint.Render(t.signs.ellipsis+" cut: the screen is too low"))
	}
	return slices.Concat(body[:min(len(body), max(room, 0))], head, options)
}
