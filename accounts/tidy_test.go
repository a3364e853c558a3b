package accounts_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/sandbox"
)

// flowLocks counts the lock files of flows.
func (r *rig) flowLocks(t testing.TB) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.dir, "locks", "flow-*.lock"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// Sign-ins leave no lock files behind, however they end; the lock of one that waits stays.
func TestTidyClearsTheLocksOfEndedFlows(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	r.authorized(t, "whole")
	abandoned := r.start(t, request("abandoned"))
	if err := r.AbandonFlow(t.Context(), abandoned.FlowID); err != nil {
		t.Fatal(err)
	}
	if n := r.flowLocks(t); n == 0 {
		t.Fatal("no lock file: the test sees none")
	}
	waiting := r.start(t, request("waiting"))
	if err := r.Tidy(t.Context()); err != nil || r.flowLocks(t) != 1 {
		t.Errorf("%d lock files are left, %v", r.flowLocks(t), err)
	}
	if _, _, err := r.drive(t, waiting.FlowID, r.consents(t, sandbox.Consent{All: true})); err != nil {
		t.Errorf("the flow that waited: %v", err)
	}
	expired := r.start(t, request("expired"))
	r.clock.pass(2 * time.Hour)
	if err := r.Tidy(t.Context()); err != nil || r.flowLocks(t) != 0 {
		t.Errorf("%d lock files are left, %v", r.flowLocks(t), err)
	}
	if _, err := r.PendingFlow(t.Context(), expired.Name); !errors.Is(err, accounts.ErrNoPendingFlow) {
		t.Errorf("the expired flow: %v", err)
	}
}

// A lock that is held is left alone, and so is whatever else lies in the folder.
func TestTidyLeavesHeldLocks(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	unlock, err := r.store.Lock(t.Context(), "flow-OVER")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(r.dir, "locks", "flow-note.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Tidy(t.Context()); err != nil || r.flowLocks(t) != 1 {
		t.Errorf("%d lock files are left, %v", r.flowLocks(t), err)
	}
	unlock()
	if err := r.Tidy(t.Context()); err != nil || r.flowLocks(t) != 0 {
		t.Errorf("%d lock files are left, %v", r.flowLocks(t), err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}
