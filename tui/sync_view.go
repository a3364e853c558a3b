package tui

import (
	"fmt"
	"strings"

	"fettle/pwfile/packages"
)

func (s syncWizard) view(f frame) string {
	at, j := s.where(f)
	line := steps{names: syncSteps, at: at}
	t := f.theme
	switch {
	case at == syncPlan && s.problem != nil:
		question := "The destination could not be looked at"
		return line.page(question, withNext(failureLines(s.problem, f), s.nexts(j, f), line.body(question, f)), f)
	case at == syncPlan && s.plan == nil:
		return line.page("What would travel?", []string{" " + t.faint.Render("Looking at the files here and at the destination"+t.signs.ellipsis)}, f)
	case at == syncPlan:
		question := s.planWords()
		return line.page(question, withNext(planLines(*s.plan, f), s.nexts(j, f), line.body(question, f)), f)
	case at == syncRun:
		return line.page(syncWords(j), s.bar(j, f), f)
	case j.failed():
		question := s.name + " was not synced"
		body := append(failureLines(j.err, f), "", " "+t.faint.Render(s.cutShort()))
		return line.page(question, withNext(body, s.nexts(j, f), line.body(question, f)), f)
	}
	question := s.name + " is in sync"
	return line.page(question, withNext(resultLines(j, f), s.nexts(j, f), line.body(question, f)), f)
}

// cutShort says what lies at the destination after a sync that did not come to its end.
func (s syncWizard) cutShort() string {
	if s.plain {
		return "There may lie some of the new files beside former ones; sync again to bring the rest."
	}
	return "What lay there before lies there still; what travelled does not travel again."
}

// planWords sum a plan up.
func (s syncWizard) planWords() string {
	n := map[packages.State]int{}
	for _, i := range s.plan.Items {
		n[i.State]++
	}
	switch {
	case len(s.plan.Problems) > 0:
		return s.name + " cannot be synced yet"
	case !s.plan.Work():
		return "Nothing has to travel: everything lies there as it should"
	}
	return fmt.Sprintf("%d new, %d changed, %d unchanged, %d gone", n[packages.StateNew], n[packages.StateChanged], n[packages.StateUnchanged], n[packages.StateGone])
}

// planLines list problems first, then what would change; what stays comes last.
// Of what stays nothing has to be decided.
func planLines(p packages.Plan, f frame) []string {
	t := f.theme
	var lines, same []string
	for _, problem := range p.Problems {
		lines = append(lines, paragraphAt(t.signs.critical+" "+sentence(problem.Text)+" "+sentence(problem.Remedy), f.width-2, " ", t.bad)...)
	}
	for _, i := range p.Items {
		row := fmt.Sprintf(" %s %s  %s", map[packages.State]string{packages.StateNew: "+", packages.StateChanged: "~", packages.StateGone: "-", packages.StateUnchanged: "="}[i.State], i.Path, t.faint.Render(string(i.State)+", "+bytesWords(i.Size)))
		if i.State == packages.StateUnchanged && len(i.Stale) == 0 {
			same = append(same, row)
			continue
		}
		lines = append(lines, row)
		for _, why := range i.Stale {
			lines = append(lines, paragraphAt("stale: "+why, f.width-6, "     ", t.warn)...)
		}
	}
	return append(lines, same...)
}

// stepWords say what a sync is doing.
var stepWords = map[packages.Step]string{
	packages.StepLook: "Looking at both sides", packages.StepUpload: "Uploading", packages.StepVerify: "Reading back",
	packages.StepSwitch: "Switching over", packages.StepClean: "Clearing away what nobody needs",
}

func syncWords(j job) string {
	if j.sync == nil {
		return stepWords[packages.StepLook]
	}
	return stepWords[j.sync.Step]
}

// bar draws how far the step is, by bytes where they are known.
func (s syncWizard) bar(j job, f frame) []string {
	t := f.theme
	// A step that counts nothing has no bar: an empty one would look stuck.
	if j.sync == nil || j.sync.Total == 0 {
		return nil
	}
	p := *j.sync
	part := float64(p.Done) / float64(p.Total)
	words := fmt.Sprintf("%d of %d", p.Done, p.Total)
	if p.TotalBytes > 0 { // of files that differ in size, bytes say better how long it takes
		part = float64(p.Bytes) / float64(p.TotalBytes)
		words += ", " + bytesWords(p.Bytes) + " of " + bytesWords(p.TotalBytes)
	}
	width := max(min(f.width-36, 50), 5)
	full := min(max(int(part*float64(width)), 0), width)
	lines := []string{" " + t.accent.Render(strings.Repeat(t.signs.past, full)) + t.faint.Render(strings.Repeat(t.signs.future, width-full)) + "  " + words}
	if p.Path != "" {
		lines = append(lines, "", " "+t.faint.Render(p.Path))
	}
	stopping := "ctrl+x stops; the former package stays in place until the last step."
	if s.plain {
		stopping = "ctrl+x stops; what was brought stays, and some of the new files lie beside former ones."
	}
	return append(lines, "", " "+t.faint.Render(stopping))
}

// resultLines say what travelled. The number rises with each sync, so two people can tell which package they have.
func resultLines(j job, f frame) []string {
	res, _ := j.result.(packages.Result)
	lines := indent1(wrap(fmt.Sprintf("Number %d lies there, and was read back: %s travelled (%s), %d lay there already.",
		res.Serial, count(res.Uploaded, "file"), bytesWords(res.Bytes), res.Present), f.width-2))
	if res.Removed > 0 {
		lines = append(lines, fmt.Sprintf(" %s that nobody needs any more went away.", count(res.Removed, "file")))
	}
	for _, note := range res.Notes {
		lines = append(lines, paragraphAt(f.theme.signs.warning+" "+sentence(note), f.width-2, " ", f.theme.warn)...)
	}
	return lines
}

// bytesWords say a size as people do.
func bytesWords(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return count(int(n), "byte")
}
