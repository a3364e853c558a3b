package tui

import (
	"fmt"
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

// page lays a step out: stations, the question, its body.
func (s steps) page(question string, body []string, f frame) string {
	lines := []string{s.line(f.theme), ""}
	for _, l := range wrap(question, f.width-2) {
		lines = append(lines, " "+f.theme.title.Render(l))
	}
	return fill(append(append(lines, ""), body...), f.width, f.height, f.theme.signs.ellipsis)
}

// withNext puts what can be done next under a body, which is cut so that the options are always seen.
func withNext(body []string, c choice, f frame) []string {
	t := f.theme
	if len(c.options) == 0 {
		return append(body, "", " "+t.faint.Render("Looking at what follows"+t.signs.ellipsis))
	}
	options := c.lines(f.inner(f.width, max(f.height/2, 3)))
	room := f.height - len(options) - 3
	if len(body) > room && room > 0 {
		body = append(body[:room-1:room-1], " "+t.faint.Render(t.signs.ellipsis+" cut: the screen is too low"))
	}
	return append(append(body[:min(len(body), max(room, 0))], "", " "+t.title.Render("Next"), ""), options...)
}
