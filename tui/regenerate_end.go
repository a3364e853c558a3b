package tui

import (
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// nexts are the options once the files are written.
// Failures come first, then the packages that now lag behind, then the next problem.
func (s regenerateWizard) nexts(j job, f frame) choice {
	c := choice{at: s.after.at}
	if j.settling {
		return c
	}
	failed := failedLines(j)
	if j.err != nil || len(failed) > 0 {
		c.add(nextAgain, "Try again what failed")
	}
	// One place may need time, such as a machine that is down, while the others can be mended now.
	if len(failed) > 1 {
		for _, l := range failed {
			c.add(nextPlace+l.PlaceID, "Try again only "+cutLeft(l.Target, min(f.width, optionWidth)-24, f.theme.signs.ellipsis))
		}
	}
	for _, p := range packagesBehind(j, f) {
		c.add(nextPackage+p.ID, "Sync the package "+p.Name+", which holds what was written")
	}
	if a, ok := nextProblem(f, ""); ok {
		c.options = append(c.options, option{id: nextFix, label: "Fix the next problem: " + a.Name + ", " + stateWords(a, f.now)})
	}
	c.options = append(c.options, option{id: nextList, label: "Back to the accounts"})
	return c
}

// What options begin with that are about one place or one package.
const (
	nextPlace   = "place "
	nextPackage = "package "
)

// packagesBehind are the packages that hold a canvas whose file was just written, and do not have that file yet.
func packagesBehind(j job, f frame) []packages.Package {
	run, _ := j.result.(store.Run)
	written := map[string]bool{}
	for _, l := range run.Lines {
		written[l.CanvasID] = written[l.CanvasID] || l.State == store.LineDone
	}
	return slices.DeleteFunc(slices.Clone(f.data.packages), func(p packages.Package) bool {
		return !slices.ContainsFunc(p.Behind, func(lag pwfile.Lag) bool { return written[lag.CanvasID] })
	})
}

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
	// In the place of this page and planned anew: what was written meanwhile is left alone.
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
	if id, ok := strings.CutPrefix(o.id, nextPackage); ok {
		for _, p := range f.data.packages {
			if p.ID == id {
				return s, []intent{open{newSync(p)}}
			}
		}
	}
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
