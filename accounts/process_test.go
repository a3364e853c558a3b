//go:build unix

package accounts_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/sandbox"
)

// Run by hand for the full count: go test ./accounts -run TestKilledRefreshes -kills 200
var kills = flag.Int("kills", 40, "how many processes TestKilledRefreshes kills")

// Sixty-four processes refresh one account of a provider that revokes everything when a used token comes again.
func TestSixtyFourProcessesMakeOneRequest(t *testing.T) {
	t.Parallel()
	const processes = 64
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Clock: time.Now})
	ids := r.plant(t, 1)
	r.change(t, ids[0], aged)
	children := make([]*process, processes)
	var starting sync.WaitGroup
	for i := range children {
		starting.Go(func() { children[i] = r.spawn(t, modeNow, ids) })
	}
	starting.Wait()
	for _, p := range children {
		if _, err := p.stdin.Write([]byte("go\n")); err != nil {
			t.Fatal(err)
		}
	}
	requested, adopted := 0, 0
	for _, p := range children {
		lines, err := p.finish(t)
		if err != nil || len(lines) != 1 || lines[0].Err != "" {
			t.Errorf("child said %+v, %v: %s", lines, err, p.stderr)
			continue
		}
		if lines[0].Requested {
			requested++
		}
		if lines[0].Adopted {
			adopted++
		}
	}
	if requested != 1 || adopted != processes-1 || r.refreshes() != 1 {
		t.Errorf("%d requested, %d adopted, the provider saw %d requests", requested, adopted, r.refreshes())
	}
	if s := r.server.Stats(); s.RevokedFamilies != 0 || s.LiveGrants != 1 {
		t.Errorf("stats %+v", s)
	}
}

// Processes are killed while they refresh many accounts, one at a time. Each kill loses at most the one
// account in flight, and the next refresh names each loss; nothing is lost in silence.
func TestKilledRefreshes(t *testing.T) {
	t.Parallel()
	many := 20 + *kills // each kill may cost one
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Clock: time.Now})
	ids := r.plant(t, many)
	alive, lostInAll := ids, 0
	for kill := range *kills {
		if len(alive) < 8 {
			t.Fatalf("only %d accounts are left after %d kills", len(alive), kill)
		}
		p := r.spawn(t, modeMany, alive, childParallel+"=1")
		// At a random instant of the run: after some answers, and some way into the next one.
		for range rand.IntN(8) {
			if _, err := p.stdout.ReadString('\n'); err != nil {
				t.Fatalf("kill %d: %v: %s", kill, err, p.stderr)
			}
		}
		<-time.After(time.Duration(rand.IntN(4000)) * time.Microsecond) // nothing is awaited: the instant is random
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = p.finish(t) // killed
		var open []string
		for _, i := range r.intents(t) {
			open = append(open, i.AccountID)
		}
		survivors, lost := r.settleAll(t, open)
		if lost > 1 {
			t.Fatalf("kill %d lost %d accounts with one in flight", kill, lost)
		}
		alive = slices.DeleteFunc(slices.Clone(alive), func(id string) bool {
			return slices.Contains(open, id) && !slices.Contains(survivors, id)
		})
		lostInAll += lost
	}
	if _, lost := r.settleAll(t, alive); lost != 0 {
		t.Errorf("%d accounts were lost without a trace", lost)
	}
	t.Logf("%d kills, %d accounts lost in flight, each named", *kills, lostInAll)
}

// settleAll refreshes every account and demands that each works or is named as interrupted.
func (r *rig) settleAll(t *testing.T, ids []string) (alive []string, lost int) {
	t.Helper()
	open := map[string]bool{}
	for _, i := range r.intents(t) {
		open[i.AccountID] = true
	}
	err := r.RefreshMany(t.Context(), ids, accounts.Now(true), func(id string, o accounts.Outcome, err error) {
		if err == nil {
			alive = append(alive, id)
			return
		}
		failed, ok := errors.AsType[*accounts.RefreshError](err)
		if !ok || failed.Diagnosis.Cause != "interrupted" || !open[id] {
			t.Errorf("account %s was lost without a name: %v (open before: %v)", id, err, open[id])
		}
		lost++
	})
	if err != nil && lost == 0 {
		t.Fatal(err)
	}
	if len(r.intents(t)) != 0 {
		t.Errorf("still open: %v", r.intents(t))
	}
	return alive, lost
}

// HUP and TERM in the middle of a run over many accounts: what is in flight is stored, the rest is not begun.
func TestSignalsDrain(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			const many, parallel = 200, 8
			r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Clock: time.Now})
			ids := r.plant(t, many)
			p := r.spawn(t, modeMany, ids, childParallel+"=8")
			for range many / 4 {
				if _, err := p.stdout.ReadString('\n'); err != nil {
					t.Fatalf("%v: %s", err, p.stderr)
				}
			}
			gate := r.server.Faults.HoldAnswers(sandbox.TargetToken)
			for range parallel { // the provider has rotated all of these, and holds its answers
				<-gate.Arrived()
			}
			if err := p.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			gate.Open()
			if _, err := p.finish(t); err != nil {
				t.Fatalf("%v: %s", err, p.stderr)
			}
			sent := r.refreshes()
			if sent >= many || len(r.intents(t)) != 0 {
				t.Errorf("%d of %d sent, open: %v", sent, many, r.intents(t))
			}
			if _, lost := r.settleAll(t, ids); lost != 0 || r.server.Stats().RevokedFamilies != 0 {
				t.Errorf("%d lost, %d revoked", lost, r.server.Stats().RevokedFamilies)
			}
		})
	}
}
