package tui

import (
	"strings"

	"fettle/accounts/store"
)

// The columns of the history: when, what, and what came of it, which wraps within its own column so that a
// missing permission named there can be read to its end.
const (
	whenWidth = 17
	whatWidth = 10
	saidAt    = 1 + whenWidth + 1 + whatWidth + 1
)

// historyWords say what came of an event, then whose it was: run together, "The grant was revoked by ops" would name
// the wrong one.
func historyWords(e store.Event) string {
	if e.Detail == "" {
		return "by " + e.Actor
	}
	return strings.TrimSuffix(e.Detail, ".") + " · by " + e.Actor
}

// historyLines tell who did what when.
func (s detailScreen) historyLines(f frame) []string {
	t := f.theme
	lines := heading("History", "", t)
	if s.problem != "" {
		lines = append(lines, " "+t.bad.Render(s.problem))
	}
	for _, e := range s.history {
		style := t.text
		if !e.OK {
			style = t.bad
		}
		head := " " + t.faint.Render(pad(stamp(e.At, f.now), whenWidth, "")) + " " + style.Render(pad(e.Action, max(whatWidth, cells(e.Action)), "")) + " "
		said := wrap(historyWords(e), max(f.width-max(saidAt, cells(head)), 12))
		for i, l := range said {
			if i > 0 {
				head = strings.Repeat(" ", saidAt)
			}
			lines = append(lines, head+l)
		}
	}
	return lines
}
