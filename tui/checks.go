package tui

import (
	"strings"

	"fettle/accounts"
)

// checkLines draw checks as they are ticked off.
func checkLines(checks []accounts.Check, f frame) []string {
	var lines []string
	for _, c := range checks {
		lines = append(lines, checkLine(c, f)...)
	}
	return lines
}

// checkSummary draws finished checks for the last page: what was found wrong in full, the rest in a line.
// What was skipped proves nothing and is left out.
func checkSummary(checks []accounts.Check, f frame) []string {
	var lines, good []string
	for _, c := range checks {
		switch c.State {
		case accounts.CheckOK:
			good = append(good, c.Title)
		case accounts.CheckSkipped:
		default:
			lines = append(lines, checkLine(c, f)...)
		}
	}
	if len(good) > 0 {
		lines = append(lines, paragraphAt(f.theme.signs.ok+" "+strings.Join(good, ", "), f.width-2, " ", f.theme.ok)...)
	}
	return lines
}

// checkLine draws a check with what was found; a diagnosis only adds what the detail does not say already.
func checkLine(c accounts.Check, f frame) []string {
	t := f.theme
	sign, style := checkSign(c.State, t)
	lines := []string{" " + style.Render(sign) + " " + c.Title}
	lines = append(lines, paragraphAt(c.Detail, f.width-4, "   ", t.faint)...)
	for _, p := range c.Missing {
		if !strings.Contains(c.Detail, p.Words) {
			lines = append(lines, "   "+t.bad.Render(t.signs.box+" "+p.Words))
		}
	}
	if d := c.Diagnosis; d != nil && !strings.Contains(c.Detail, strings.TrimSuffix(d.Explanation, ".")) {
		lines = append(lines, paragraphAt(d.Explanation, f.width-4, "   ", t.text)...)
	}
	return lines
}

// checkSign is the sign and the style of a check; one under way and one of an unknown state look alike: not finished.
func checkSign(s accounts.CheckState, t theme) (string, ink) {
	switch s {
	case accounts.CheckOK:
		return t.signs.ok, t.ok
	case accounts.CheckWarning:
		return t.signs.warning, t.warn
	case accounts.CheckFailed:
		return t.signs.critical, t.bad
	case accounts.CheckSkipped:
		return "-", t.faint
	case accounts.CheckRunning:
	}
	return t.signs.busy, t.accent
}
