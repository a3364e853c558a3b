package pwfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// How many outcomes are recorded at once, and how long the first of them waits for the others.
const (
	batchSize = 64
	batchTime = 25 * time.Millisecond
)

// outcome is what became of one canvas.
type outcome struct {
	canvasID string
	serial   int64          // of the file that was written; 0: none was
	written  *store.Written // what it carries; nil: no place took it
	places   []delivered
	loans    []loan // what the file carries of dedicated accounts
	problem  error  // why nothing could be done for this canvas
	left     bool   // the run ended before its turn: its lines keep waiting
	unlock   func() // the canvas's lock is held until the outcome is recorded
}

// delivered is what became of one place.
type delivered struct {
	place store.Place     // as now known
	state store.LineState // LineWaiting: the run ended in the middle of it
	err   error
}

// announce reports the lines that ended before anything was written.
func (r *running) announce() {
	for _, line := range r.run.Lines {
		if line.State != store.LineWaiting {
			r.tell(line)
		}
	}
}

func (r *running) tell(line store.RunLine) {
	r.told++
	if r.report != nil {
		r.report(Progress{Line: line, Done: r.told, Total: len(r.run.Lines)})
	}
}

// record keeps the outcomes as they come, as many in one transaction as come within a moment, and reports them once
// they are durable.
func (r *running) record(ctx context.Context, outcomes <-chan outcome, total int) error {
	var failed error
	for total > 0 {
		batch := gather(outcomes, total)
		total -= len(batch)
		if err := r.keep(ctx, batch); err != nil {
			failed = err // the workers go on: what they write is found and written again by the next run
			for i := range batch {
				batch[i].loans = nil // what is not recorded is lent, not handed over
			}
		}
		for _, o := range batch {
			if err := r.handOver(ctx, o); err != nil {
				failed = err
			}
			o.unlock() // not before: another run would look at a record that is behind
		}
	}
	return failed
}

// gather waits for an outcome and takes those that follow closely, at most left.
func gather(outcomes <-chan outcome, left int) []outcome {
	batch := []outcome{<-outcomes}
	moment := time.NewTimer(batchTime)
	defer moment.Stop()
	for len(batch) < min(left, batchSize) {
		select {
		case o := <-outcomes:
			batch = append(batch, o)
		case <-moment.C:
			return batch
		}
	}
	return batch
}

// keep records a batch of outcomes with their lines.
func (r *running) keep(ctx context.Context, batch []outcome) error {
	var ended []store.RunLine
	for _, o := range batch {
		ended = append(ended, r.lines(o)...)
	}
	if len(ended) == 0 {
		return nil
	}
	err := r.cfg.Store.Update(ctx, func(w store.Writer) error {
		for _, line := range ended { // as they were: an Update may run again
			r.run.Lines[r.index[line.PlaceID]] = line
		}
		for _, o := range batch {
			if err := r.keepOne(w, o); err != nil {
				return err
			}
		}
		return w.PutRun(&r.run)
	})
	if err != nil {
		err = fmt.Errorf("password files were written and could not be recorded; run the same again: %w", err)
	}
	for _, line := range ended {
		now := &r.run.Lines[r.index[line.PlaceID]]
		if err != nil {
			now.State, now.Cause = store.LineFailed, safetext.Line(err.Error())
		}
		r.tell(*now)
	}
	return err
}

// orphan turns the line of a file that was just written to what is no place of a canvas any more: nobody else would say
// that a credential lies there.
func (r *running) orphan(d delivered) {
	i, ok := r.index[d.place.ID]
	if !ok || d.state != store.LineDone {
		return
	}
	r.run.Lines[i].State, r.run.Lines[i].Code = store.LineFailed, codeFailed
	r.run.Lines[i].Cause = safetext.Line("the place was removed while its file was written; that file stays there and still opens: remove " + d.place.Target + " if no job reads it")
}

// lines puts an outcome into the run's lines and returns those that ended with it.
func (r *running) lines(o outcome) []store.RunLine {
	var ended []store.RunLine
	end := func(i int, state store.LineState, err error) {
		line := &r.run.Lines[i]
		line.State, line.Cause, line.Code, line.Transient = state, "", "", false
		if err != nil {
			line.Cause = safetext.Line(err.Error())
			line.Code, line.Transient = codeOf(err)
		}
		ended = append(ended, *line)
	}
	waits := map[string]bool{}
	for _, d := range o.places {
		if i, ok := r.index[d.place.ID]; ok && d.state != store.LineWaiting {
			end(i, d.state, d.err)
		}
		waits[d.place.ID] = d.state == store.LineWaiting
	}
	for i, line := range r.run.Lines {
		if line.CanvasID == o.canvasID && line.State == store.LineWaiting && !o.left && !waits[line.PlaceID] {
			end(i, store.LineFailed, cmp.Or(o.problem, errors.New("the place was removed meanwhile")))
		}
	}
	return ended
}

// keepOne records one canvas: what its file carries and what lies at its places. The records are read again, because
// an operator may have edited them meanwhile.
func (r *running) keepOne(w store.Writer, o outcome) error {
	if o.left {
		return nil
	}
	c, err := w.Canvas(o.canvasID)
	if errors.Is(err, store.ErrNotFound) {
		for _, d := range o.places {
			r.orphan(d)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if o.written != nil {
		c.Written, c.Serial = o.written, max(c.Serial, o.serial)
		if err := w.PutCanvas(&c); err != nil {
			return err
		}
	}
	places, err := w.Places(o.canvasID)
	if err != nil {
		return err
	}
	var problem error
	for _, d := range o.places {
		i := slices.IndexFunc(places, func(p store.Place) bool { return p.ID == d.place.ID && p.Target == d.place.Target })
		if i < 0 {
			r.orphan(d)
		}
		if i < 0 || d.state == store.LineWaiting {
			continue
		}
		p := places[i]
		p.CheckedAt, p.SHA256, p.Serial, p.Problem = d.place.CheckedAt, d.place.SHA256, d.place.Serial, d.place.Problem
		p.UnreachedAt = d.place.UnreachedAt
		if err := w.PutPlace(&p); err != nil {
			return err
		}
		problem = cmp.Or(problem, d.err)
	}
	if problem = cmp.Or(o.problem, problem); problem == nil && !o.delivered() {
		return nil
	}
	detail := ""
	if problem != nil {
		detail = safetext.Line(problem.Error())
	}
	return w.AddEvent(r.event("password file written", c, problem == nil, detail))
}

// delivered reports whether any place got a file.
func (o outcome) delivered() bool {
	return slices.ContainsFunc(o.places, func(d delivered) bool { return d.state == store.LineDone })
}

// end closes the run.
func (r *running) end(ctx context.Context) error {
	r.run.EndedAt = r.cfg.Now().UTC()
	err := r.cfg.Store.Update(ctx, func(w store.Writer) error { return w.PutRun(&r.run) })
	if err != nil {
		return fmt.Errorf("record the end of the run: %w", err)
	}
	return nil
}
