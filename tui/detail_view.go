package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/accounts"
	"fettle/pwfile"
)

func (s detailScreen) view(f frame) string {
	return scrolled(s.lines(f), s.top, f)
}

// lines is the whole page; view shows a part of it. On a wide screen the history of the account and its
// jobs stand beside its health and permissions.
func (s detailScreen) lines(f frame) []string {
	a, ok := f.account(s.id)
	if !ok {
		return []string{"", " This account is not in the book any more. esc goes back."}
	}
	// What has to be judged stands left and first; what is looked up stands right or below.
	first := func(f frame) []string {
		return slices.Concat(healthLines(a, f), permissionLines(a, f), lifeLines(a, f), verifyLines(a, f))
	}
	second := func(f frame) []string {
		return slices.Concat(s.resourceLines(a, f), canvasLines(a, f), factLines(a, f), s.historyLines(f))
	}
	if !f.wide() {
		return append(first(f), second(f)...)
	}
	left := f.width / 2
	right := f.width - left - 3
	return sideBySide(first(f.inner(left, f.height)), left, second(f.inner(right, f.height)), right, f.height, f.theme)
}

// preview is the part of the page that stands beside the list.
func preview(a accounts.Account, f frame) []string {
	return slices.Concat([]string{" " + f.theme.title.Render(a.Name)}, healthLines(a, f), permissionLines(a, f), lifeLines(a, f), canvasLines(a, f))
}

// heading starts a section.
func heading(title, note string, t theme) []string {
	line := " " + t.title.Render(title)
	if note != "" {
		line += "  " + t.faint.Render(note)
	}
	return []string{"", line}
}

// healthLines say what is wrong and what to do, worst first; never a bare green.
// Even an account in order says when it was proven last.
func healthLines(a accounts.Account, f frame) []string {
	t := f.theme
	var lines []string
	for _, h := range a.Health.Findings {
		sign, style := t.severity(h.Severity)
		lines = append(lines, "")
		lines = append(lines, indent1(paragraph(sign+" "+upperFirst(h.Title), f.width-2, style))...)
		// What is about to expire has an end, and a beginning says nothing of it.
		if !h.Since.IsZero() && h.State != accounts.Expiring {
			lines = append(lines, "   "+t.faint.Render("since "+stamp(h.Since, f.now)))
		}
		for _, l := range wrap(h.Detail, f.width-4) {
			lines = append(lines, "   "+l)
		}
	}
	lines = append(lines, "   "+t.faint.Render(provenWords(a.Health, f.now)))
	if a.Pending != nil {
		lines = append(lines, "", " "+t.accent.Render(t.signs.busy+" A sign-in waits for you; u continues it."))
	}
	if a.Candidate != nil {
		lines = append(lines, "", " "+t.warn.Render(t.signs.warning+" A new credential waits for your choice; u shows it."))
		lines = append(lines, indent(wrap(a.Candidate.WhyWaiting, f.width-4))...)
	}
	return lines
}

func provenWords(h accounts.Health, now time.Time) string {
	if h.ProvenAt.IsZero() {
		return "never proven"
	}
	return "last proven " + ago(h.ProvenAt, now) + " (" + stamp(h.ProvenAt, now) + ")"
}

// permissionLines is the checklist: granted and missing, in the words of the consent page.
// What is missing stands first, with its scope: that is what an admin asks for.
func permissionLines(a accounts.Account, f frame) []string {
	t := f.theme
	lines := heading("Permissions", fmt.Sprintf("%d of %d granted", len(a.Required)-len(a.Missing), len(a.Required)), t)
	words := f.permissionWords(a)
	missing := map[string]bool{}
	for _, p := range a.Missing {
		missing[p.Scope] = true
		lines = append(lines, " "+t.bad.Render(t.signs.box+" "+p.Words), "     "+t.bad.Render("missing")+" "+t.faint.Render(p.Scope))
	}
	for _, scope := range a.Required {
		if missing[scope] {
			continue
		}
		if text := words[scope]; text != "" {
			lines = append(lines, " "+t.ok.Render(t.signs.ticked)+" "+text)
		} else {
			lines = append(lines, " "+t.ok.Render(t.signs.ticked)+" "+scope)
		}
	}
	return lines
}

// permissionWords maps the scopes of an account's services to the words of the consent page.
func (f frame) permissionWords(a accounts.Account) map[string]string {
	words := map[string]string{}
	for _, p := range f.providers {
		if p.ID != a.Provider {
			continue
		}
		for _, id := range a.Services {
			for scope, text := range p.Services[id].Permissions {
				words[scope] = text
			}
		}
	}
	return words
}

// lifeLines draw the grant's life as a line in time.
// Of one that is dead the line is over; of one without a known end it is open.
func lifeLines(a accounts.Account, f frame) []string {
	t, h := f.theme, a.Health
	lines := heading("Life of the credential", "", t)
	if a.AuthorizedAt.IsZero() {
		return append(lines, " not known")
	}
	if h.State == accounts.NeedsSignIn {
		bar := t.bad.Render(strings.Repeat(t.signs.past, max(min(f.width-24, 40), 4)) + t.signs.critical)
		ended := "ended"
		if !h.Since.IsZero() {
			ended += " " + date(h.Since, f.now)
		}
		return append(lines, " "+bar+" "+ended, " "+t.faint.Render("since "+date(a.AuthorizedAt, f.now)))
	}
	if h.DiesAt.IsZero() {
		bar := t.ok.Render(strings.Repeat(t.signs.past, max(min(f.width-24, 40), 4)))
		return append(lines, " "+bar+t.signs.point+" today",
			" "+t.faint.Render("since "+date(a.AuthorizedAt, f.now)+"; no end is known"))
	}
	width := max(min(f.width-4, 60), 10)
	// A clock that was wrong can make it negative: the line is then full.
	whole := h.DiesAt.Sub(a.AuthorizedAt)
	part := width
	if whole > 0 {
		part = max(min(int(float64(width)*float64(f.now.Sub(a.AuthorizedAt))/float64(whole)), width), 0)
	}
	_, style := t.severity(h.Severity)
	bar := style.Render(strings.Repeat(t.signs.past, part)) + t.signs.point + t.faint.Render(strings.Repeat(t.signs.future, width-part)) + t.signs.end
	from, to := date(a.AuthorizedAt, f.now), date(h.DiesAt, f.now)
	// The end stands under the end of the line.
	labels := " " + from + strings.Repeat(" ", max(width+2-len(from)-len(to), 1)) + to
	lines = append(lines, " "+bar, t.faint.Render(labels))
	left := "dies in " + span(h.DiesAt.Sub(f.now))
	if !h.DiesAt.After(f.now) {
		left = "died " + ago(h.DiesAt, f.now)
	}
	return append(lines, indent1(wrap(left+" because "+h.DiesBecause, f.width-2))...)
}

// verifyLines show the checks of a verification under way or just made.
// Of the checks of this account alone; those of several run under a job of all of them.
func verifyLines(a accounts.Account, f frame) []string {
	j, ok := f.jobs.get(jobID{jobVerify, subjects([]string{a.ID})})
	if !ok || len(j.checks) == 0 {
		return nil
	}
	note := "just made"
	if j.running {
		note = "under way"
	}
	return append(heading("Verification", note, f.theme), checkLines(j.checks, f)...)
}

// canvasLines list what stops if the account dies: the jobs that run on it, where their password files lie, the
// packages that carry them.
func canvasLines(a accounts.Account, f frame) []string {
	t := f.theme
	blast := pwfile.Radius(f.data.canvases, a.ID)
	if len(blast.Canvases) == 0 {
		return heading("Canvases", "none uses this account", t)
	}
	lines := heading("Canvases", fmt.Sprintf("%d, with files at %s", len(blast.Canvases), count(blast.Places, "place")), t)
	if len(blast.Packages) > 0 {
		lines = append(lines, paragraphAt("carried by "+strings.Join(blast.Packages, ", "), f.width-2, " ", t.faint)...)
	}
	for _, c := range f.data.canvases {
		if !slices.Contains(c.AccountIDs, a.ID) {
			continue
		}
		mark := t.ok.Render(t.signs.ok)
		if c.NeedsWriting() {
			mark = t.warn.Render(t.signs.warning)
		}
		lines = append(lines, " "+mark+" "+c.Name)
		for _, p := range c.Places {
			lines = append(lines, "     "+t.faint.Render(cutLeft(p.Target, f.width-6, t.signs.ellipsis)))
		}
		for _, r := range c.Stale {
			lines = append(lines, paragraphAt("stale: "+r.Text, f.width-6, "     ", t.warn)...)
		}
	}
	return lines
}

// detailResources is how much of the tree the page shows; its own screen shows all.
const detailResources = 12

// resourceLines show what the account reaches, as the beginning of a tree.
func (s detailScreen) resourceLines(a accounts.Account, f frame) []string {
	t := f.theme
	note := "never listed"
	if !s.resources.At.IsZero() {
		note = "listed " + ago(s.resources.At, f.now)
	}
	lines := heading("Resources", note, t)
	for i, shown := range s.shown {
		if i == detailResources {
			lines = append(lines, " "+t.faint.Render(fmt.Sprintf("%s and %d more lines: s shows and searches them all", t.signs.ellipsis, len(s.shown)-i)))
			break
		}
		lines = append(lines, resourceLine(s.rows[shown.row], shown.last, f))
	}
	for _, svc := range s.resources.Services {
		switch {
		case !svc.Lists:
			lines = append(lines, " "+svc.Name+t.faint.Render(" has nothing to list"))
		case len(svc.Items) == 0 && !s.resources.At.IsZero():
			lines = append(lines, " "+svc.Name+": "+t.warn.Render("nothing found for "+identityWords(a)))
		}
	}
	return lines
}
