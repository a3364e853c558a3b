package tui

import (
	"fmt"
	"strings"

	"fettle/accounts"
)

// steps are the stations of a wizard: always visible, one question each.
type steps struct {
	names []string
	at    int
}

// line draws the stations: those behind with a tick, the present one strong.
func (s steps) line(t theme) string {
	parts := make([]string, len(s.names))
	for i, name := range s.names {
		switch {
		case i < s.at:
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

// checkLines draw checks as they are ticked off.
func checkLines(checks []accounts.Check, f frame) []string {
	t := f.theme
	var lines []string
	for _, c := range checks {
		sign, style := t.signs.busy, t.accent
		switch c.State {
		case accounts.CheckOK:
			sign, style = t.signs.ok, t.ok
		case accounts.CheckWarning:
			sign, style = t.signs.warning, t.warn
		case accounts.CheckFailed:
			sign, style = t.signs.critical, t.bad
		case accounts.CheckSkipped:
			sign, style = "-", t.faint
		}
		lines = append(lines, " "+style.Render(sign)+" "+c.Title)
		for _, l := range wrap(c.Detail, f.width-4) {
			lines = append(lines, "   "+t.faint.Render(l))
		}
		for _, p := range c.Missing {
			lines = append(lines, "   "+t.bad.Render(t.signs.box+" "+p.Words))
		}
		if c.Diagnosis != nil {
			lines = append(lines, indented(diagnosisLines(*c.Diagnosis, f.inner(f.width-2, f.height)), "  ")...)
		}
	}
	return lines
}
