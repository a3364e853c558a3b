package tui

import (
	"fmt"
	"strings"

	"fettle/accounts/store"
)

// progressLines draw how far a run is: a bar and the last lines.
func progressLines(j job, f frame) []string {
	t := f.theme
	width := max(min(f.width-20, 50), 5)
	full := 0
	if j.total > 0 {
		full = width * j.done / j.total
	}
	lines := []string{" " + t.accent.Render(strings.Repeat(t.signs.past, full)) + t.faint.Render(strings.Repeat(t.signs.future, width-full)) + fmt.Sprintf("  %d of %d", j.done, j.total), ""}
	from := max(len(j.progress)-max(f.height-3, 1), 0)
	for _, p := range j.progress[from:] {
		lines = append(lines, runLine(p.Line, f)...)
	}
	return lines
}

// runLines are the outcome, a line a place; what failed comes first.
func runLines(j job, f frame) []string {
	run, _ := j.result.(store.Run)
	var failed, rest []string
	for _, l := range run.Lines {
		if l.State == store.LineFailed {
			failed = append(failed, runLine(l, f)...)
		} else {
			rest = append(rest, runLine(l, f)...)
		}
	}
	lines := append(failed, rest...)
	if j.err != nil {
		lines = append(failureLines(j.err, f), lines...)
	}
	return lines
}

// runLine is one place. Of a path the end is kept: that is where two places differ.
func runLine(l store.RunLine, f frame) []string {
	t := f.theme
	sign, style := t.signs.busy, t.accent
	switch l.State {
	case store.LineDone:
		sign, style = t.signs.ok, t.ok
	case store.LineUnchanged:
		sign, style = t.signs.ok, t.faint
	case store.LineFailed:
		sign, style = t.signs.critical, t.bad
	}
	head := " " + style.Render(sign+" "+string(l.State)) + "  " + l.Canvas + "  "
	lines := []string{head + t.faint.Render(cutLeft(l.Target, max(f.width-cells(head), 12), t.signs.ellipsis))}
	if l.Cause != "" {
		lines = append(lines, paragraphAt(l.Cause, f.width-6, "     ", style)...)
	}
	return lines
}

// runWords sum a run up.
// Unchanged ones are counted apart: a second run that wrote nothing is no failure.
func runWords(j job) string {
	run, _ := j.result.(store.Run)
	n := map[store.LineState]int{}
	for _, l := range run.Lines {
		n[l.State]++
	}
	words := count(n[store.LineDone], "password file") + " written"
	if n[store.LineUnchanged] > 0 {
		words += fmt.Sprintf(", %d unchanged", n[store.LineUnchanged])
	}
	if n[store.LineFailed] > 0 {
		words += fmt.Sprintf(", %d failed", n[store.LineFailed])
	}
	if n[store.LineWaiting] > 0 {
		words += fmt.Sprintf(", %d not begun", n[store.LineWaiting])
	}
	return words
}
