package pwfile_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

// What a run has seen before it gets a canvas's lock may be different once it has it.

// lockedLate is a store in which something happens before a canvas's lock is waited for.
type lockedLate struct {
	store.Store
	before func()
}

func (l lockedLate) Lock(ctx context.Context, name string) (func(), error) {
	if strings.HasPrefix(name, "canvas-") {
		l.before()
	}
	return l.Store.Lock(ctx, name)
}

func TestTheSecondOfTwoRunsFindsTheCredentialHandedOver(t *testing.T) {
	t.Parallel()
	r, job, path := strictBook(t)
	r.authorize(t, "strict@nightly")
	s, err := store.Open(t.Context(), r.data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	first := ""
	late := lockedLate{s, sync.OnceFunc(func() { first = states(r.generate(t, pwfile.Selection{})) })}
	second := pwfile.New(pwfile.Config{Book: r.Book, Store: late, Dir: r.data, Actor: "second"})
	plan, err := second.Plan(t.Context(), pwfile.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	run, err := second.Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil)
	if err != nil || first != "done" || states(run) != "unchanged" {
		t.Errorf("after %q: %+v, %v", first, run.Lines, err)
	}
	if err := works(t, job, path); err != nil {
		t.Errorf("the job: %v", err)
	}
}

// talkative is a book in which something happens while it is asked for its accounts.
type talkative struct {
	*book
	after func()
}

func (b talkative) Snapshot(ctx context.Context) (accounts.Snapshot, error) {
	s, err := b.book.Snapshot(ctx)
	b.after()
	return s, err
}

func TestAFileWrittenDuringALookIsNotTakenForALaterBooks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.book.add("a")
	b.canvas("nightly", nil, "a")
	b.generate(pwfile.Selection{})
	// Between the two looks that make one view the account is repaired and its file written.
	during := talkative{b.book, sync.OnceFunc(func() {
		b.book.renew(id)
		b.generate(pwfile.Selection{})
	})}
	k := pwfile.New(pwfile.Config{Book: during, Store: b.store, Dir: b.data, Now: b.clock.Now})
	c, err := k.ByName(t.Context(), "nightly")
	if err != nil || codes(c) != "" {
		t.Errorf("stale: %+v, %v", c.Stale, err)
	}
}

// A place that is taken away while its file is written is nobody's any more: whoever reads the run learns what lies there.
func TestAPlaceThatIsRemovedWhileItIsWritten(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(t *testing.T, b *bench, c pwfile.Canvas) error{
		"the canvas": func(t *testing.T, b *bench, c pwfile.Canvas) error {
			_, err := b.Remove(t.Context(), c.ID)
			return err
		},
		"the place": func(t *testing.T, b *bench, c pwfile.Canvas) error {
			other := filepath.Join(b.home, "other.age")
			_, err := b.Edit(t.Context(), c.ID, pwfile.Change{PasswordFile: &other})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.book.add("a")
			c := b.canvas("nightly", nil, "a")
			var told []store.RunLine
			run, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{Underway: func(store.RunLine) {
				if err := meanwhile(t, b, c); err != nil {
					t.Error(err)
				}
			}}, func(p pwfile.Progress) { told = append(told, p.Line) })
			if err != nil || states(run) != "failed" || !strings.Contains(run.Lines[0].Cause, "still opens") {
				t.Errorf("%+v, %v", run.Lines, err)
			}
			if compactAny(t, told) != compactAny(t, run.Lines) {
				t.Errorf("told of %+v", told)
			}
			last, err := b.LastRun(t.Context())
			if err != nil || compactAny(t, last.Lines) != compactAny(t, run.Lines) {
				t.Errorf("recorded: %+v, %v", last.Lines, err)
			}
		})
	}
}
