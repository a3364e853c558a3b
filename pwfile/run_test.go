package pwfile_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/pwfile"
)

func TestTheSerialRisesEvenWhenAWriteFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.book.add("a")
	b.canvas("nightly", nil, "a")
	path := filepath.Join(b.home, "nightly.pwfile.age")
	b.generate(pwfile.Selection{})
	first := b.open(path).Serial
	b.book.renew(id)
	b.book.onExport = func(string) error { return errors.New("not now") }
	if got := states(b.generate(pwfile.Selection{})); got != "failed" || b.open(path).Serial != first {
		t.Fatal(got)
	}
	b.book.onExport = nil
	b.generate(pwfile.Selection{})
	if got := b.open(path).Serial; got != first+2 {
		t.Errorf("serial %d, want %d: one is spent on the failure", got, first+2)
	}
}

func TestABookRestoredFromABackupWritesLaterSerials(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	c := b.canvas("nightly", nil, "a")
	path := filepath.Join(b.home, "nightly.pwfile.age")
	for range 3 {
		b.generate(pwfile.Selection{Force: true})
	}
	before := b.open(path).Serial
	err := b.store.Update(t.Context(), func(w store.Writer) error {
		old, err := w.Canvas(c.ID)
		old.Serial, old.Written = 1, nil
		return errors.Join(err, w.PutCanvas(&old))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Hour)
	b.generate(pwfile.Selection{})
	if after := b.open(path).Serial; after <= before {
		t.Errorf("serial %d after %d", after, before)
	}
}

func TestAnInterruptedRunIsContinued(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const many = 24
	for i := range many {
		name := string(rune('a' + i))
		b.book.add("acc-" + name)
		b.canvas(name, nil, "acc-"+name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The second half waits for its credentials until the run is interrupted.
	b.book.onExport = func(id string) error {
		if id < "id-acc-m" {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
	plan := b.plan(pwfile.Selection{})
	first, err := b.Generate(ctx, plan, pwfile.GenerateOptions{}, func(p pwfile.Progress) {
		if p.Done >= 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !first.EndedAt.IsZero() {
		t.Fatalf("ended at %v with %v", first.EndedAt, err)
	}
	b.book.onExport = nil
	done := strings.Count(states(first), "done")
	if done < 3 || done == many {
		t.Fatalf("%d lines were done", done)
	}
	serials := map[string]int64{}
	for _, l := range first.Lines {
		if l.State == store.LineDone {
			serials[l.Target] = b.open(l.Target).Serial
		}
	}
	// What is left of the plan is what is stale now: it is the same run that goes on.
	second := b.generate(pwfile.Selection{Stale: true})
	if second.ID != first.ID || second.EndedAt.IsZero() || states(second) != strings.TrimSpace(strings.Repeat("done ", many)) {
		t.Errorf("run %s after %s: %s", second.ID, first.ID, states(second))
	}
	for path, serial := range serials {
		if got := b.open(path).Serial; got != serial {
			t.Errorf("%s was written again", path)
		}
	}
	if third := b.generate(pwfile.Selection{}); third.ID == first.ID {
		t.Error("a run that has ended was continued")
	}
}

func TestTwoRunsAtOnceDoNotFight(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	for _, name := range []string{"one", "two", "three"} {
		b.canvas(name, nil, "a")
	}
	plan := b.plan(pwfile.Selection{})
	var wg sync.WaitGroup
	runs := make([]store.Run, 4)
	for i := range runs {
		s, err := store.Open(t.Context(), b.data)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		wg.Go(func() {
			var err error
			if runs[i], err = b.keeper(s).Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	written := 0
	for _, r := range runs {
		if strings.Contains(states(r), "failed") {
			t.Errorf("%+v", r.Lines)
		}
		written += strings.Count(states(r), "done")
	}
	if written != 3 {
		t.Errorf("three files were written %d times", written)
	}
	for _, name := range []string{"one", "two", "three"} {
		if got := codes(b.now(name)); got != "" {
			t.Errorf("%s is stale: %s", name, got)
		}
	}
}

// A run is seen while it goes on, and has ended by the time its lock can be had: there is nothing left to continue.
func TestARunThatEndsWhileItIsLookedAtIsNotContinued(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("nightly", nil, "a")
	plan := b.plan(pwfile.Selection{})
	started, goOn := make(chan struct{}), make(chan struct{})
	waiting := pwfile.GenerateOptions{Underway: func(store.RunLine) {
		close(started)
		<-goOn
	}}
	var first store.Run
	var ended sync.WaitGroup
	ended.Go(func() {
		var err error
		if first, err = b.Generate(t.Context(), plan, waiting, nil); err != nil {
			t.Error(err)
		}
	})
	<-started
	late := &lateLocks{Store: b.store, before: sync.OnceFunc(func() { close(goOn); ended.Wait() })}
	second, err := b.keeper(late).Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil)
	if err != nil || second.ID == first.ID || states(first) != "done" || states(second) != "unchanged" {
		t.Errorf("after %s (%s): %s (%s), %v", first.ID, states(first), second.ID, states(second), err)
	}
}

// lateLocks is a store in which something happens just before a lock is tried.
type lateLocks struct {
	store.Store
	before func()
}

func (l *lateLocks) TryLock(name string) (func(), error) {
	l.before()
	return l.Store.TryLock(name)
}

func TestProgressIsReportedAfterItIsRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("one", nil, "a")
	b.canvas("two", nil, "a")
	var seen []pwfile.Progress
	_, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{}, func(p pwfile.Progress) {
		seen = append(seen, p)
		err := b.store.View(t.Context(), func(r store.Reader) error {
			c, err := r.Canvas(p.Line.CanvasID)
			if err == nil && c.Written == nil {
				t.Errorf("%s is reported and not recorded", p.Line.Canvas)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if err != nil || len(seen) != 2 || seen[1].Done != 2 || seen[1].Total != 2 {
		t.Errorf("%+v, %v", seen, err)
	}
}
