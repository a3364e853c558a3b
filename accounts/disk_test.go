package accounts_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
)

var errDisk = errors.New("input/output error")

// failing is a store whose operations fail on demand: a look, the beginning of a write, its commit, and
// the word that a commit went through.
type failing struct {
	store.Store

	mu   sync.Mutex
	seen int
	fail func(n int) bool // n counts operations from 1
}

func (f *failing) next() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen++
	if f.fail(f.seen) {
		return errDisk
	}
	return nil
}

func (f *failing) order(fail func(n int) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen, f.fail = 0, fail
}

func (f *failing) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

func (f *failing) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.Store.View(ctx, fn)
}

func (f *failing) Update(ctx context.Context, fn func(store.Writer) error) error {
	if err := f.next(); err != nil {
		return err
	}
	err := f.Store.Update(ctx, func(w store.Writer) error {
		if err := fn(w); err != nil {
			return err
		}
		return f.next() // rolls back
	})
	if err != nil {
		return err
	}
	return f.next() // committed, and an error all the same
}

func (f *failing) Lock(ctx context.Context, name string) (func(), error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.Store.Lock(ctx, name)
}

func (f *failing) TryLock(name string) (func(), error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.Store.TryLock(name)
}

func never(int) bool { return false }

// wrap puts a failing store between the book and SQLite.
func (r *rig) wrap() *failing {
	f := &failing{Store: r.store, fail: never}
	r.config.Store = f
	r.Book = accounts.New(r.config)
	return f
}

// The 1st, 2nd, 3rd … operation of a refresh fails, until a refresh gets through without meeting the
// fault. Each time the account is as good as before, and nothing was sent without its trace.
func TestEveryOperationMayFail(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	disk := r.wrap()
	id := r.plant(t, 1)[0]
	for n := 1; ; n++ {
		r.clock.pass(2 * time.Hour)
		disk.order(func(seen int) bool { return seen == n })
		before := r.refreshes()
		o, err := r.Refresh(t.Context(), id, accounts.Now(true))
		reached := disk.count() >= n
		disk.order(never)
		if sent := r.refreshes() - before; o.Requested != (sent == 1) || sent > 1 {
			t.Errorf("operation %d failed: outcome %+v after %d requests", n, o, sent)
		}
		if o.Requested && err != nil && !errors.Is(err, errDisk) {
			t.Errorf("operation %d failed: %v", n, err)
		}
		if s := r.server.Stats(); s.LiveGrants != 1 || s.RevokedFamilies != 0 {
			t.Fatalf("operation %d failed: stats %+v", n, s)
		}
		again := r.must(t, id, accounts.Now(true))
		if !again.Requested || len(r.intents(t)) != 0 || r.look(t, id).Health.State != accounts.Healthy || len(r.Unstored()) != 0 {
			t.Fatalf("operation %d failed: afterwards %+v, %+v", n, again, r.look(t, id).Health)
		}
		if !reached {
			if n < 10 || err != nil {
				t.Errorf("only %d operations were met, the last refresh said %v", n-1, err)
			}
			return
		}
	}
}

// The same with every operation failing from the Nth on: what was answered is held in memory until the disk is back.
func TestDiskFailsForGood(t *testing.T) {
	t.Parallel()
	heldInAll := 0
	for n := 1; n < 40; n++ {
		r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
		var alarm alarms
		r.config.Alarm = alarm.ring
		disk := r.wrap()
		id := r.plant(t, 1)[0]
		disk.order(func(seen int) bool { return seen >= n })
		ctx, cancel := context.WithCancel(t.Context())
		alarm.then = cancel // a caller that gives up does not end the attempts
		o, err := r.Refresh(ctx, id, accounts.Now(true))
		unstored, isHeld := errors.AsType[*accounts.UnstoredError](err)
		if isHeld {
			heldInAll++
			if held := r.Unstored(); len(held) != 1 || held[0].AccountID != id || unstored.Account != "account-0000" || !errors.Is(err, errDisk) || !errors.Is(held[0].Err, errDisk) {
				t.Errorf("from operation %d: held %+v, error %v", n, held, err)
			}
			if err := r.Drain(ctx); !isA[*accounts.UnstoredError](err) || !errors.Is(err, errDisk) {
				t.Errorf("from operation %d: a drain that gives up said %v", n, err)
			}
		} else if err != nil && o.Requested && r.refreshes() == 1 && !errors.Is(err, errDisk) {
			t.Errorf("from operation %d: %v", n, err)
		}
		disk.order(never)
		if err := r.Drain(t.Context()); err != nil || len(r.Unstored()) != 0 {
			t.Errorf("from operation %d: drain %v, held %v", n, err, r.Unstored())
		}
		r.Book = accounts.New(r.config) // another process
		if again := r.must(t, id, accounts.Now(true)); r.server.Stats().RevokedFamilies != 0 || !again.Requested {
			t.Fatalf("from operation %d: %+v, stats %+v", n, again, r.server.Stats())
		}
		cancel()
		if err == nil {
			break
		}
	}
	if heldInAll == 0 {
		t.Error("no answer was ever held in memory")
	}
}

// A vault that is locked while the answer is on its way costs nothing either.
func TestVaultLockedMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	rung := make(chan error, 16)
	r.config.Alarm = func(_ accounts.Unstored, err error) { rung <- err }
	r.Book = accounts.New(r.config)
	gate := r.server.Faults.HoldAnswers(sandbox.TargetToken)
	done := make(chan error, 1)
	go func() {
		_, err := r.Refresh(context.Background(), id, accounts.Now(true))
		done <- err
	}()
	<-gate.Arrived()
	r.vault.Lock()
	gate.Open()
	if err := <-rung; !isA[*vault.LockedError](err) {
		t.Errorf("alarm %v", err)
	} else if held := (&accounts.UnstoredError{Account: "a", Err: err}).Error(); !strings.Contains(held, "open the vault") || strings.Contains(held, "disk") {
		t.Errorf("the operator is told: %s", held)
	}
	if err := r.vault.Unlock(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, seq := r.secrets(t, id); seq != 2 {
		t.Errorf("seq %d", seq)
	}
}

// alarms runs then at the first alarm.
type alarms struct {
	once sync.Once
	then func()
}

func (a *alarms) ring(_ accounts.Unstored, err error) {
	if err != nil {
		a.once.Do(a.then)
	}
}

// Files cannot grow beyond a limit, wherever in a refresh that begins to bite. What was sent is held and
// stored when there is room again; what cannot be noted down is not sent; no account is lost.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	const many, parallel = 12, 2
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Clock: time.Now})
	ids := r.plant(t, many)
	held, unsent := 0, 0
	for limit := 8 << 10; limit <= 72<<10; limit += 8 << 10 {
		r.close(t) // the last to close empties the log; the database itself stays larger than the limit
		p := r.spawn(t, modeMany, ids, childParallel+"="+strconv.Itoa(parallel), childFileSize+"="+strconv.Itoa(limit))
		for range many { // held answers keep their permits, so the run may stand still
			l := p.next(t)
			if strings.Contains(l.Err, "nothing was sent") {
				unsent++
			}
			if l.Held {
				held++
				break
			}
		}
		if err := p.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.finish(t); err != nil && !strings.Contains(p.stderr.String(), "accounts failed") {
			t.Fatalf("files of %d bytes: %v: %s", limit, err, p.stderr)
		}
		r.open(t)
		if alive, lost := r.settleAll(t, ids); lost != 0 || len(alive) != many {
			t.Fatalf("files of %d bytes: %d lost", limit, lost)
		}
	}
	if held == 0 || unsent == 0 {
		t.Errorf("%d answers held and %d requests withheld: the limit never bit where it should", held, unsent)
	}
	if grants := r.server.Grants(); slices.ContainsFunc(grants, func(g sandbox.Grant) bool { return !g.Live }) {
		t.Error("a grant was revoked")
	}
}
