package pwfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// slots is how many runs can be under way at once. A run's ID begins with its slot, whose lock it holds: a run that
// has not ended and whose slot is free was interrupted.
const slots = 4

// lookBack is how many runs are searched for one to continue.
const lookBack = 20

// running is a run under way: its record, and what the workers must know of it.
type running struct {
	*Keeper
	run      store.Run
	index    map[string]int   // place ID → line
	serials  map[string]int64 // canvas ID → serial reserved for it
	resolved map[string]bool  // canvases that an interrupted run had brought up to date
	report   func(Progress)
	told     int // lines reported
	unlock   func()
}

// beginRun continues an interrupted run of these canvases, or begins one. The serials that will be used are reserved
// in the same transaction, so that a serial never stands in two different files, whatever happens later.
func (k *Keeper) beginRun(ctx context.Context, p Plan, l look) (*running, error) {
	r, err := k.interrupted(ctx, p, l)
	if err == nil && r == nil {
		r, err = k.newRun(ctx)
	}
	if err != nil {
		return nil, err
	}
	r.lay(p, l)
	err = k.cfg.Store.Update(ctx, func(w store.Writer) error {
		r.serials = map[string]int64{}
		for _, job := range r.todo(p) {
			if job.Current || len(job.Canvas.staleContent(l.recipients(job.Canvas.Canvas))) == 0 && !p.Selection.Force {
				continue
			}
			serial, err := k.reserve(w, job.Canvas.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			r.serials[job.Canvas.ID] = serial
		}
		return w.PutRun(&r.run)
	})
	if err != nil {
		r.unlock()
		return nil, fmt.Errorf("record the run: %w", err)
	}
	return r, nil
}

// reserve raises a canvas's serial. It is never below the time in seconds: a book that was restored from a backup
// continues above the serials it has forgotten, which servers still remember.
func (k *Keeper) reserve(w store.Writer, canvasID string) (int64, error) {
	c, err := w.Canvas(canvasID)
	if err != nil {
		return 0, err
	}
	c.Serial = max(c.Serial+1, k.cfg.Now().Unix())
	return c.Serial, w.PutCanvas(&c)
}

// newRun takes a free slot, or waits for the first one.
func (k *Keeper) newRun(ctx context.Context) (*running, error) {
	slot, unlock := "0", func() {}
	var err error
	for i := range slots {
		slot = strconv.Itoa(i)
		if unlock, err = k.cfg.Store.TryLock(slotLock(slot)); err == nil || !errors.Is(err, store.ErrLocked) {
			break
		}
	}
	if errors.Is(err, store.ErrLocked) { // all are taken
		slot = "0"
		unlock, err = k.cfg.Store.Lock(ctx, slotLock(slot))
	}
	if err != nil {
		return nil, err
	}
	run := store.Run{ID: slot + "-" + newID(), StartedAt: k.cfg.Now().UTC(), Actor: k.cfg.Actor}
	return &running{Keeper: k, run: run, unlock: unlock}, nil
}

// interrupted finds the newest run that nobody works on and whose waiting lines the plan covers.
func (k *Keeper) interrupted(ctx context.Context, p Plan, l look) (*running, error) {
	var runs []store.Run
	err := k.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		runs, err = r.Runs(lookBack)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, run := range runs { // the newest first
		if !run.EndedAt.IsZero() || !p.covers(run, l) {
			continue
		}
		r, err := k.takeOver(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		if r.run.EndedAt.IsZero() && p.covers(r.run, l) {
			return r, nil
		}
		r.unlock()
	}
	return nil, nil
}

// takeOver locks a run that was seen unlocked, and reads it again: whoever worked on it may have ended it meanwhile.
// It is nil if somebody still works on it.
func (k *Keeper) takeOver(ctx context.Context, id string) (*running, error) {
	slot, _, _ := strings.Cut(id, "-")
	unlock, err := k.cfg.Store.TryLock(slotLock(slot))
	if errors.Is(err, store.ErrLocked) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &running{Keeper: k, unlock: unlock}
	err = k.cfg.Store.View(ctx, func(v store.Reader) (err error) {
		r.run, err = v.Run(id)
		return err
	})
	if err != nil {
		unlock()
		return nil, err
	}
	return r, nil
}

func slotLock(slot string) string { return "run-" + slot }

// covers reports whether every line of the run that still waits, and still has its place, is in the plan, and there is one.
func (p Plan) covers(run store.Run, l look) bool {
	planned, existing := map[string]bool{}, map[string]bool{}
	for _, item := range p.Items {
		for _, place := range item.wanted(item.Canvas.Places) {
			planned[place.ID] = true
		}
	}
	for _, c := range l.canvases {
		for _, place := range c.Places {
			existing[place.ID] = true
		}
	}
	waiting := 0
	for _, line := range run.Lines {
		if line.State != store.LineWaiting || !existing[line.PlaceID] {
			continue
		}
		if !planned[line.PlaceID] {
			return false
		}
		waiting++
	}
	return waiting > 0
}

// lay puts a line for every place of the plan into the run. Lines of an interrupted run that are done stay done, as
// long as their canvas needs nothing more; those whose place has gone fail.
func (r *running) lay(p Plan, l look) {
	r.index, r.resolved = map[string]int{}, map[string]bool{}
	for i, line := range r.run.Lines {
		r.index[line.PlaceID] = i
	}
	planned := map[string]bool{}
	for _, item := range p.Items {
		c := item.Canvas
		r.resolved[c.ID] = !c.NeedsWriting() && r.allDone(c)
		for _, place := range item.wanted(c.Places) {
			planned[place.ID] = true
			line := store.RunLine{CanvasID: c.ID, Canvas: c.Name, PlaceID: place.ID, Target: place.Target, State: store.LineWaiting}
			if item.Refused != nil {
				line.State, line.Cause, line.Code = store.LineFailed, safetext.Line(refusedError{*item.Refused}.Error()), codeRefused
			}
			if i, ok := r.index[place.ID]; !ok {
				r.index[place.ID] = len(r.run.Lines)
				r.run.Lines = append(r.run.Lines, line)
			} else if !r.resolved[c.ID] {
				r.run.Lines[i] = line
			}
		}
	}
	for i, line := range r.run.Lines {
		if line.State == store.LineWaiting && !planned[line.PlaceID] {
			r.run.Lines[i].State, r.run.Lines[i].Cause, r.run.Lines[i].Code = store.LineFailed, "the canvas or the place was removed meanwhile", codeAbsent
		}
	}
}

func (r *running) allDone(c Canvas) bool {
	return !slices.ContainsFunc(c.Places, func(p store.Place) bool {
		i, ok := r.index[p.ID]
		return !ok || r.run.Lines[i].State != store.LineDone && r.run.Lines[i].State != store.LineUnchanged
	})
}

func (r *running) waiting() bool {
	return slices.ContainsFunc(r.run.Lines, func(l store.RunLine) bool { return l.State == store.LineWaiting })
}

// job is one canvas to be written.
type job struct {
	PlanItem
	Force  bool
	Serial int64 // reserved for it; 0: none
}

// todo lists the canvases that are neither refused nor resolved.
func (r *running) todo(p Plan) []job {
	var jobs []job
	for _, item := range p.Items {
		if item.Refused == nil && !r.resolved[item.Canvas.ID] {
			jobs = append(jobs, job{PlanItem: item, Force: p.Selection.Force, Serial: r.serials[item.Canvas.ID]})
		}
	}
	return jobs
}

// LastRun returns the newest run; store.ErrNotFound if there is none. Its failed lines can be tried again: a Selection
// with their PlaceIDs.
func (k *Keeper) LastRun(ctx context.Context) (store.Run, error) {
	var runs []store.Run
	err := k.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		runs, err = r.Runs(1)
		return err
	})
	if err == nil && len(runs) == 0 {
		err = fmt.Errorf("a run: %w", store.ErrNotFound)
	}
	if err != nil {
		return store.Run{}, err
	}
	return runs[0], nil
}
