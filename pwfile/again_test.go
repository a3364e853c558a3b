package pwfile_test

import (
	"context"
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
