package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts/store"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// syncWizard brings a package to its destination: what would travel, the way there, what came of it.
// Opened from the packages and where password files of a package were written. Left while files travel, the job goes on.
type syncWizard struct {
	base
	id, name string
	plain    bool // the files lie under their own names, and are replaced one by one
	begun    bool // a sync was asked for here; an earlier one of this package may be among the jobs
	replace  bool // take the destination over, whatever lies there
	plan     *packages.Plan
	problem  error // why there is no plan
	after    choice
}

var syncSteps = []string{"Plan", "Sync", "Done"}

// Steps of the sync wizard; once begun the job decides.
const (
	syncPlan = iota
	syncRun
	syncDone
)

func newSync(p packages.Package) syncWizard {
	return syncWizard{id: p.ID, name: p.Name, plain: p.Layout == store.LayoutPlain}
}

func (s syncWizard) key() string        { return "sync " + s.id }
func (s syncWizard) title(frame) string { return "Sync " + s.name }
func (s syncWizard) scopes() []scope    { return []scope{inWizard, inScroll} }

func (s syncWizard) start() []intent {
	return []intent{askSync{key: s.key(), id: s.id, opts: s.options()}}
}

func (s syncWizard) options() packages.Options { return packages.Options{Replace: s.replace} }

// where is the step, which the job decides once a sync began.
func (s syncWizard) where(f frame) (int, job) {
	if !s.begun {
		return syncPlan, job{}
	}
	j, ok := f.jobs.get(jobID{jobSync, s.id})
	if ok && !j.running {
		return syncDone, j
	}
	return syncRun, j
}

func (s syncWizard) situation(f frame) situation {
	at, j := s.where(f)
	st := situation{}
	if s.begun {
		st.job = &j
	}
	switch {
	case at == syncPlan && s.problem != nil:
	case at == syncPlan && s.plan == nil:
		st.next = "the destination is being looked at"
	case at == syncRun:
		st.next = "it is under way; ctrl+x stops"
	case j.settling:
		st.next = settlingWords
	}
	return st
}

// receive takes the plan; one that comes after the sync began is out of date.
func (s syncWizard) receive(a answer, _ frame) (screen, []intent) {
	if a.key != s.key() || s.begun {
		return s, nil
	}
	s.plan, s.problem = nil, a.err
	if plan, ok := a.value.(packages.Plan); ok && a.err == nil {
		s.plan = &plan
	}
	return s, nil
}

func (s syncWizard) typed(tea.Msg, frame) (screen, []intent) { return s, nil }

// renewed looks again where files had to be written first.
func (s syncWizard) renewed(frame) (screen, []intent) {
	if s.begun || s.plan == nil || len(s.plan.Problems)+len(s.plan.Stale()) == 0 {
		return s, nil
	}
	return s, s.start()
}

// act does nothing but stop while files travel; what could be chosen before is decided.
func (s syncWizard) act(id actionID, f frame) (screen, []intent) {
	at, j := s.where(f)
	c := s.nexts(j, f)
	switch {
	case id == actBack:
		return s, []intent{back{}}
	case id == actStop:
		return s, []intent{stop{jobID{jobSync, s.id}}}
	case at == syncRun:
		return s, nil
	case id != actNext:
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	switch o, _ := c.chosen(); o.id {
	case nextSync, nextAgain:
		s.begun, s.after = true, choice{}
		return s, []intent{syncPackage{id: s.id, name: s.name, opts: s.options()}}
	case nextLook:
		s.begun, s.plan, s.problem, s.after = false, nil, nil, choice{}
		return s, s.start()
	// Planned anew: what would be overwritten is shown before it is.
	case nextTakeOver:
		s.begun, s.plan, s.problem, s.replace, s.after = false, nil, nil, true, choice{}
		return s, s.start()
	case nextFiles:
		return s, []intent{open{newRegenerate(s.staleOnes(f))}}
	}
	return s, []intent{back{}}
}

// What can be done from the plan and at the end.
const (
	nextSync     = "sync"
	nextLook     = "look"
	nextTakeOver = "take-over"
)

// nexts offer to write stale files first: they would travel with credentials that are no use any more.
func (s syncWizard) nexts(j job, f frame) choice {
	c := choice{at: s.after.at}
	at, _ := s.where(f)
	switch {
	case at == syncPlan && s.problem != nil:
		c.add(nextLook, "Look again")
		s.offerTakeOver(&c, s.problem)
	case at == syncPlan && s.plan == nil, at == syncRun, j.settling:
		return c
	case at == syncPlan:
		if len(s.plan.Stale()) > 0 {
			c.add(nextFiles, "Write the stale password files first")
		}
		if s.plan.Work() && len(s.plan.Problems) == 0 {
			c.add(nextSync, "Sync now")
		}
	case j.failed():
		c.add(nextAgain, "Go on where it stopped")
		s.offerTakeOver(&c, j.err)
	}
	c.add(nextLeave, "Back")
	return c
}

// offerTakeOver offers to replace what somebody else put at the destination, never by default.
// Once taken over the question is not asked again.
func (s syncWizard) offerTakeOver(c *choice, err error) {
	var e *packages.Error
	if errors.As(err, &e) && (e.Code == packages.Foreign || e.Code == packages.Conflict) && !s.replace {
		c.add(nextTakeOver, "Take the destination over, whatever lies there")
	}
}

// staleOnes selects the canvases whose password files should be written first.
func (s syncWizard) staleOnes(f frame) pwfile.Selection {
	sel := pwfile.Selection{}
	for _, name := range s.plan.Stale() {
		for _, c := range f.data.canvases {
			if c.Name == name {
				sel.CanvasIDs = append(sel.CanvasIDs, c.ID)
			}
		}
	}
	return sel
}
