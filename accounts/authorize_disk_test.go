package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// The 1st, 2nd, 3rd … operation of a sign-in fails. Whatever was granted is kept, nobody is told that it was not, and
// either going on with the sign-in or repeating its checks ends well.
func TestEveryOperationOfASignInMayFail(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	disk := r.wrap()
	for n := 1; ; n++ {
		name := fmt.Sprintf("sales-%d", n)
		flow := r.start(t, request(name))
		disk.order(func(seen int) bool { return seen == n })
		granted := r.server.Stats().LiveGrants
		result, _, err := r.drive(t, flow.FlowID, r.consents(t, sandbox.Consent{All: true}))
		reached := disk.count() >= n
		disk.order(never)
		if err != nil && !errors.Is(err, errDisk) {
			t.Errorf("operation %d failed: %v", n, err)
		}
		granted = r.server.Stats().LiveGrants - granted
		a, missing := r.Account(t.Context(), name)
		if kept := missing == nil; kept != (granted == 1) || kept && err != nil && strings.Contains(err.Error(), "not stored") {
			t.Fatalf("operation %d failed: %d granted, account kept: %t, %v", n, granted, kept, err)
		}
		r.finish(t, name, flow.FlowID, a.ID)
		if !reached {
			if n < 10 || result.End != accounts.EndAuthorized {
				t.Errorf("only %d operations were met, the last sign-in ended as %s", n-1, result.End)
			}
			return
		}
	}
}

// finish brings a sign-in that was interrupted to its end, as the operator would.
func (r *rig) finish(t *testing.T, name, flowID, accountID string) {
	t.Helper()
	if accountID == "" {
		if result, _, err := r.drive(t, flowID, r.consents(t, sandbox.Consent{All: true})); err != nil || result.End != accounts.EndAuthorized {
			t.Fatalf("%s: going on: %+v, %v", name, result, err)
		}
		return
	}
	if _, waits := r.grant(t, accountID, store.Candidate); waits {
		if result, err := r.RepeatChecks(t.Context(), accountID, nil); err != nil || result.End != accounts.EndAuthorized {
			t.Fatalf("%s: repeating the checks: %+v, %v", name, result, err)
		}
	}
	if a := r.look(t, accountID); a.Health.State != accounts.Healthy || a.Generation != 1 {
		t.Fatalf("%s: %s, generation %d", name, a.Health.State, a.Generation)
	}
}
