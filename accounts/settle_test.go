package accounts_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

// After these failures a strict provider may, or cannot, have used the token up.
func TestMayHaveArrived(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		err     oauthflow.Error
		arrived bool
	}{
		{"refused", oauthflow.Error{Status: 400, Code: "invalid_grant"}, false},
		{"refused in a 200 answer", oauthflow.Error{Status: 200, Code: "bad_refresh_token"}, false},
		{"too many requests", oauthflow.Error{Status: 429}, false},
		{"an answer that cannot be read", oauthflow.Error{Status: 200, Code: oauthflow.CodeInvalidResponse}, true},
		{"a fault of the server", oauthflow.Error{Status: 500}, true},
		{"a fault that says invalid_grant", oauthflow.Error{Status: 500, Code: "invalid_grant"}, true},
		{"a proxy's time ran out", oauthflow.Error{Status: 504}, true},
		{"the server's time ran out", oauthflow.Error{Status: 408}, true},
		{"our time ran out", oauthflow.Error{Err: context.DeadlineExceeded}, true},
		{"cut", oauthflow.Error{Err: io.ErrUnexpectedEOF}, true},
		{"reset", oauthflow.Error{Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, true},
		{"nobody listens", oauthflow.Error{Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, false},
		{"the proxy refused", oauthflow.Error{Err: &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}}, false},
		{"no such host", oauthflow.Error{Err: &net.DNSError{IsNotFound: true}}, false},
		{"unknown authority", oauthflow.Error{Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := accounts.MayHaveArrived(&tt.err); got != tt.arrived {
				t.Errorf("got %v, want %v", got, tt.arrived)
			}
		})
	}
}

// The nastiest case: the provider rotates and its answer never arrives.
func TestLostAnswerIsNamed(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]sandbox.Quirks{"invalid_grant": {}, "invalid_request": {RotatedInvalidRequest: true}} {
		t.Run("a used token answers "+name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Quirks: quirks})
			id := r.plant(t, 1)[0]
			if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDropAfter, On: sandbox.TargetToken, Times: 1}); err != nil {
				t.Fatal(err)
			}
			r.clock.pass(2 * time.Hour)
			cut := r.clock.now()
			if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil {
				t.Fatal("an answer that was cut off was taken")
			}
			open := r.look(t, id)
			if !open.OpenSince.Equal(cut) || open.Health.State == accounts.NeedsSignIn {
				t.Fatalf("open since %v, health %+v", open.OpenSince, open.Health)
			}
			r.clock.pass(10 * time.Minute)
			if due, err := r.Due(t.Context()); err != nil || len(due) != 1 {
				t.Errorf("due: %v, %v", due, err)
			}
			o, err := r.Refresh(t.Context(), id, accounts.Fresh(0))
			failed, ok := errors.AsType[*accounts.RefreshError](err)
			named := "interrupted at " + cut.Local().Format("15:04")
			if !ok || failed.Diagnosis.Cause != "interrupted" || !strings.Contains(err.Error(), named) || !strings.Contains(o.Settled, named) {
				t.Fatalf("error %v, outcome %+v", err, o)
			}
			h := r.look(t, id).Health
			if h.State != accounts.NeedsSignIn || h.Cause != "interrupted" || !strings.Contains(h.Title, named) || len(r.intents(t)) != 0 {
				t.Errorf("health %+v, intents %v", h, r.intents(t))
			}
		})
	}
}

// A request that was cut before the provider saw it is repeated, even for a caller that a stored token would satisfy.
func TestInterruptedRefreshIsRecovered(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute)
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil || len(r.intents(t)) != 1 {
		t.Fatalf("%v, intents %v", err, r.intents(t))
	}
	o := r.must(t, id, accounts.Fresh(0))
	if !o.Requested || o.Settled == "" || len(r.intents(t)) != 0 || r.look(t, id).Health.State != accounts.Healthy {
		t.Errorf("outcome %+v", o)
	}
}

// Where using a token does not use it up, an interruption does no harm and needs no request.
func TestInterruptionWithoutRotationIsCleared(t *testing.T) {
	t.Parallel()
	for _, rotation := range []sandbox.Rotation{sandbox.RotationNone, sandbox.RotationReplace} {
		r := newRig(t, sandbox.Options{Rotation: rotation})
		id := r.plant(t, 1)[0]
		token, _ := r.secrets(t, id)
		r.leave(t, store.Intent{AccountID: id, Seq: 1, TokenHash: token.Refresh.Hash(), At: r.clock.now(), PID: 1})
		if o := r.must(t, id, accounts.Fresh(0)); !o.Adopted || o.Settled == "" || len(r.intents(t)) != 0 {
			t.Errorf("%s: outcome %+v, intents %v", rotation, o, r.intents(t))
		}
	}
}

// The stored token is another than the one that was about to be sent: the answer, or a new grant, was stored.
func TestStaleIntentIsCleared(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	r.leave(t, store.Intent{AccountID: id, Seq: 1, TokenHash: "another", At: r.clock.now(), PID: 1})
	if o := r.must(t, id, accounts.Fresh(0)); !o.Adopted || o.Settled == "" || len(r.intents(t)) != 0 || r.refreshes() != 0 {
		t.Errorf("outcome %+v, intents %v", o, r.intents(t))
	}
}

// A client that is refused while settling settles nothing: the grant was not looked at.
func TestRefusedClientDoesNotSettle(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	token, _ := r.secrets(t, id)
	cut := r.clock.now()
	r.leave(t, store.Intent{AccountID: id, Seq: 1, TokenHash: token.Refresh.Hash(), At: cut, PID: 1})
	r.clock.pass(time.Hour)
	if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultOAuthError, Code: "invalid_client", Status: 401, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil {
		t.Fatal("refreshed")
	}
	if open := r.intents(t); len(open) != 1 || !open[0].At.Equal(cut) {
		t.Errorf("intents %+v, want the first one with its time", open)
	}
	if h := r.look(t, id).Health; h.State != accounts.Blocked || h.Remedy != "fix_client" {
		t.Errorf("health %+v", h)
	}
	r.must(t, id, accounts.Now(false))
}

// leave is the trace of a process that died.
func (r *rig) leave(t testing.TB, i store.Intent) {
	t.Helper()
	if err := r.store.Update(t.Context(), func(w store.Writer) error { return w.PutIntent(i) }); err != nil {
		t.Fatal(err)
	}
}
