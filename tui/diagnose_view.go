package tui

import (
	"fmt"

	"fettle/oauthflow/diagnose"
)

// view never shows a message once it was read: a log may hold tokens.
func (s diagnoseScreen) view(f frame) string {
	t := f.theme
	lines := []string{"", " " + t.title.Render("Paste a message from a job's log"), fieldLine(s.text, f), ""}
	switch {
	case s.asked == 0:
		hint := "A line, a stack trace or a whole log. It is read on this machine, sent nowhere and not kept."
		return fill(append(lines, indent1(paragraph(hint, f.width-2, t.faint))...), f.width, f.height, t.signs.ellipsis)
	case s.failed != "":
		lines = append(lines, paragraphAt(t.signs.critical+" "+s.failed, f.width-2, " ", t.bad)...)
		return fill(lines, f.width, f.height, t.signs.ellipsis)
	case s.found == nil:
		return fill(append(lines, " "+t.faint.Render("Reading it"+t.signs.ellipsis)), f.width, f.height, t.signs.ellipsis)
	}
	return fill(append(lines, withNext(s.foundLines(f), s.nexts(f), f.inner(f.width, f.height-len(lines)))...), f.width, f.height, t.signs.ellipsis)
}

// foundLines are the causes, the surest first, and what the message speaks against.
func (s diagnoseScreen) foundLines(f frame) []string {
	t := f.theme
	read := fmt.Sprintf("Read %d characters", s.size)
	if s.found.shortened {
		read += ", the end of what was pasted"
	}
	lines := []string{" " + t.faint.Render(read+".")}
	// Two in full: a log holds one fault and its consequences, and a screen no more.
	for i, d := range s.found.diagnoses {
		if i == 2 {
			lines = append(lines, " "+t.faint.Render("Further on: "+further(s.found.diagnoses[i:])))
			break
		}
		lines = append(lines, causeLines(d, f)...)
	}
	for _, e := range s.found.ruledOut {
		lines = append(lines, paragraphAt("Not "+suspicionWords[e.What]+": "+e.Why, f.width-2, " ", t.faint)...)
	}
	if len(s.found.suspects) == 0 {
		lines = append(lines, indent1(wrap("No account of the book fits for sure: paste more of the log, or look at the list.", f.width-2))...)
	}
	return lines
}

// causeLines are one cause with its remedy and what it was read from.
// How sure it is stands in words before the cause, for a guess that reads like a fact sends people the wrong way.
func causeLines(d diagnose.Diagnosis, f frame) []string {
	t := f.theme
	sign, style := t.signs.critical, t.bad
	title := d.Title
	switch d.Confidence {
	case diagnose.Likely:
		sign, style, title = t.signs.warning, t.warn, "Probably: "+d.Title
	case diagnose.NotCertain:
		sign, style = t.signs.unknown, t.warn
	case diagnose.Certain:
	}
	lines := paragraphAt(sign+" "+sentence(title), f.width-2, " ", style)
	lines = append(lines, diagnosisLines(d, f)...)
	if d.Evidence != "" {
		lines = append(lines, " "+t.faint.Render("Read in: "+d.Evidence))
	}
	return lines
}

// further names the causes that are not shown in full.
func further(rest []diagnose.Diagnosis) string {
	words := ""
	for i, d := range rest {
		if i > 0 {
			words += "; "
		}
		words += d.Title
	}
	return words
}

// suspicionWords name what a message can speak against.
var suspicionWords = map[diagnose.Suspicion]string{
	diagnose.OfNetwork:     "the network",
	diagnose.OfGrant:       "the sign-in",
	diagnose.OfPermissions: "the permissions",
	diagnose.OfClient:      "the client",
	diagnose.OfRateLimit:   "too many requests",
	diagnose.OfProvider:    "an outage",
}
