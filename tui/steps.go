package tui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
)

// steps are the stations of a wizard: always visible, one question each.
type steps struct {
	names []string
	at    int
	left  int // stations before at that were not got through
}

// line draws the stations: those behind with a tick, the present one strong. Where not all of them fit, only the
// present one keeps its name.
func (s steps) line(f frame) string {
	full := s.drawn(f.theme, func(int) bool { return true })
	if cells(full) <= f.width {
		return full
	}
	return s.drawn(f.theme, func(i int) bool { return i == s.at })
}

// drawn are the stations, those that are named with their names.
func (s steps) drawn(t theme, named func(i int) bool) string {
	parts := make([]string, len(s.names))
	for i, name := range s.names {
		if name = " " + name; !named(i) {
			name = ""
		}
		switch {
		case i < s.at-s.left:
			parts[i] = t.ok.Render(t.signs.ok) + t.faint.Render(name)
		case i == s.at:
			parts[i] = t.title.Render(fmt.Sprint(i+1) + name)
		default:
			parts[i] = t.faint.Render(fmt.Sprint(i+1) + name)
		}
	}
	return " " + strings.Join(parts, t.faint.Render(" "+t.signs.rule+" "))
}

// page lays a step out: stations, the question, its body. On a low screen the air between them goes first, so
// that what has to be typed or chosen is still seen.
func (s steps) page(question string, body []string, f frame) string {
	lines := []string{""}
	// A single question has no stations.
	if len(s.names) > 0 {
		lines = []string{s.line(f), ""}
	}
	for _, l := range s.question(question, f) {
		lines = append(lines, " "+f.theme.title.Render(l))
	}
	lines = append(append(lines, ""), body...)
	if f.low() {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	}
	return fill(lines, f.width, f.height, f.theme.signs.ellipsis)
}

// answer lays out a step at which something is typed, with what is wrong with it and a hint. What is wrong has its
// room before the input gets the rest; on a low screen it stands first.
func (s steps) answer(question string, input func(frame) []string, problem, hint string, f frame) string {
	wrong, hints := problemLines(problem, f), paragraphAt(hint, f.width-2, " ", f.theme.faint)
	room := s.body(question, f)
	if f.low() {
		return s.page(question, slices.Concat(wrong, input(room.inner(f.width, room.height-len(wrong))), hints), f)
	}
	lines := input(room.inner(f.width, room.height-len(below(nil, wrong))))
	return s.page(question, below(below(lines, wrong), hints), f)
}

// lineInput is the input of a step with a single line to type.
func lineInput(in textinput.Model) func(frame) []string {
	return func(f frame) []string { return []string{fieldLine(in, f)} }
}

// withProblem puts what is wrong with an answer under it.
func withProblem(lines []string, problem string, f frame) []string {
	return below(lines, problemLines(problem, f))
}

func problemLines(problem string, f frame) []string {
	if problem == "" {
		return nil
	}
	return paragraphAt(f.theme.signs.critical+" "+problem, f.width-2, " ", f.theme.bad)
}

// below joins two parts of a page with air between them.
func below(lines, more []string) []string {
	if len(more) == 0 {
		return lines
	}
	return slices.Concat(lines, []string{""}, more)
}

// question is the step's question in lines, cut to one where there is no room for more.
func (s steps) question(text string, f frame) []string {
	if f.low() {
		return []string{cut(text, f.width-2, f.theme.signs.ellipsis)}
	}
	return wrap(text, f.width-2)
}

// body is what page leaves under a question.
// The pages ask it before they draw, because a list has to know how many rows it gets.
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
	return below(list, lines)
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
	// Half of the page at most, for what came of it has to be read before anything is chosen.
	options := c.lines(f.inner(f.width, max(f.height/2, 2)))
	room := f.height - len(options) - len(head)
	if len(body) > room && room > 0 {
		body = append(body[:room-1:room-1], " "+t.faint.Render(t.signs.ellipsis+" cut: the screen is too low"))
	}
	return slices.Concat(body[:min(len(body), max(room, 0))], head, options)
}
