package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
)

// broken are accounts whose every question is a fault in the program.
type broken struct{ Accounts }

func (broken) Refresh(context.Context, string, accounts.Want) (accounts.Outcome, error) {
	panic("canary")
}
func (broken) RemovalPlan(context.Context, string) (accounts.RemovalPlan, error) { panic("canary") }
func (broken) RefreshMany(context.Context, []string, accounts.Want, func(string, accounts.Outcome, error)) error {
	absent()["canary"] = 1
	return nil
}

// absent is a map that nothing can be written to.
func absent() map[string]int { return nil }

// TestAPanicBecomesAnError names the place and not the value, and ends neither program nor screen.
func TestAPanicBecomesAnError(t *testing.T) {
	t.Parallel()
	r := newRunner(t.Context(), Services{Accounts: broken{}, Clock: time.Now})
	in := refreshAccounts{ids: []string{"a"}}
	id, _, _ := describe(in, accounts.Snapshot{})
	e, ok := r.command(in, 1)().(jobEvent)
	if !ok || !e.ended || e.id != id || e.err == nil {
		t.Fatalf("the job ended as %+v", e)
	}
	if !strings.Contains(e.err.Error(), "tui/runner_test.go:") || strings.Contains(e.err.Error(), "canary") {
		t.Errorf("the error is %q", e.err)
	}
	if a, ok := r.command(askRemoval{"removal a", "a"}, 0)().(answer); !ok || a.err == nil {
		t.Errorf("the question is answered by %v", a)
	}
	if msg, ok := r.load()().(noticeMsg); !ok || !strings.Contains(msg.text, "fault") {
		t.Errorf("a look ends as %v", msg)
	}
	if !r.drain(time.Minute, nil) {
		t.Error("it does not drain")
	}
}

// waiting is work that goes on until it is cancelled.
func waiting(began chan<- int, run int) work {
	return func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
		began <- run
		<-ctx.Done()
		return nil, "", ctx.Err()
	}
}

// TestTheSameWorkBegunAnew has ended before the new one begins, and its end is told to nobody.
func TestTheSameWorkBegunAnew(t *testing.T) {
	t.Parallel()
	r := newRunner(t.Context(), Services{Clock: time.Now})
	began := make(chan int)
	first, second := make(chan any, 1), make(chan any, 1)
	id := jobID{jobFlow, "sales-ga"}
	go func() { first <- r.start(id, 1, waiting(began, 1))() }()
	<-began
	go func() { second <- r.start(id, 2, waiting(began, 2))() }()
	if run := <-began; run != 2 {
		t.Errorf("run %d began", run)
	}
	if msg := <-first; msg != nil {
		t.Errorf("the first is told of: %v", msg)
	}
	r.stop(id)()
	e, ok := (<-second).(jobEvent)
	if !ok || e.run != 2 || !errors.Is(e.err, context.Canceled) {
		t.Errorf("the second ended as %v", e)
	}
}

// TestDraining waits for work, begins no more, and gives up after its limit.
func TestDraining(t *testing.T) {
	t.Parallel()
	r := newRunner(t.Context(), Services{Clock: time.Now})
	began, release, told := make(chan int), make(chan struct{}), make(chan int, 1)
	stubborn := func(context.Context, *liveJob, func(jobEvent)) (any, string, error) {
		began <- 1
		<-release
		return nil, "", nil
	}
	go r.start(jobID{jobRemove, "a"}, 1, stubborn)()
	<-began
	if r.drain(time.Millisecond, func(tasks int) { told <- tasks }) {
		t.Error("it says that all is done")
	}
	if n := <-told; n != 1 {
		t.Errorf("it tells of %d tasks", n)
	}
	close(release)
	if msg := r.start(jobID{jobRemove, "b"}, 1, stubborn)(); msg != nil {
		t.Errorf("work began after the end: %v", msg)
	}
	r.wg.Wait()
}
