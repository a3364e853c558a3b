package tui

import (
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/pwfile"
)

// nexts are the options once the files are written.
func (s regenerateWizard) nexts(j job, f frame) choice {
	c := choice{at: s.after.at}
	if j.settling {
		return c
	}
	failed := failedLines(j)
	if j.err != nil || len(failed) > 0 {
		c.add(nextAgain, "Try again what failed")
	}
	if len(failed) > 1 {
		for _, l := range failed {
			c.add(nextPlace+l.PlaceID, "Try again only "+l.Target)
		}
	}
	if a, ok := nextProblem(f, ""); ok {
		c.options = append(c.options, option{id: nextFix, label: "Fix the next problem: " + a.Name + ", " + stateWords(a, f.now)})
	}
	c.options = append(c.options, option{id: nextList, label: "Back to the accounts"})
	return c
}

// nextPlace begins the option that tries one place again.
const nextPlace = "place "

// failedLines are the places that did not get their file.
func failedLines(j job) []store.RunLine {
	run, _ := j.result.(store.Run)
	return slices.DeleteFunc(slices.Clone(run.Lines), func(l store.RunLine) bool { return l.State != store.LineFailed })
}

// again is the wizard for what failed: those places, or everything where the run itself failed.
func (s regenerateWizard) again(j job, only string) (screen, []intent) {
	sel := pwfile.Selection{}
	for _, l := range failedLines(j) {
		if only == "" || only == l.PlaceID {
			sel.PlaceIDs = append(sel.PlaceIDs, l.PlaceID)
		}
	}
	if len(sel.PlaceIDs) == 0 {
		sel = s.selection
	}
	next := newRegenerate(sel)
	return next, next.start()
}

func (s regenerateWizard) ended(id actionID, j job, f frame) (screen, []intent) {
	c := s.nexts(j, f)
	if id != actNext {
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	o, _ := c.chosen()
	if only, ok := strings.CutPrefix(o.id, nextPlace); ok {
		return s.again(j, only)
	}
	switch o.id {
	case nextAgain:
		return s.again(j, "")
	case nextFix:
		return s, append([]intent{home{}}, fixNext(f, "")...)
	}
	return s, []intent{home{}}
}
