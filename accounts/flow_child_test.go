package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
)

const (
	modeDrive = "drive" // drive the flow until killed, saying the prompt
	modeDie   = "die"   // drive the flow and die by SIGKILL when the first check begins
)

// childDrive drives one flow; a person outside answers through the listener.
func childDrive(book *accounts.Book, flowID string, out *json.Encoder) int {
	_, err := book.DriveFlow(context.Background(), flowID, accounts.FlowIO{Report: func(e accounts.FlowEvent) {
		switch {
		case e.Kind == accounts.FlowPrompt:
			if _, err := os.Stdout.WriteString("ready\n"); err != nil {
				os.Exit(1)
			}
			if err := out.Encode(e.Prompt); err != nil {
				os.Exit(1)
			}
		case e.Kind == accounts.FlowChecking && os.Getenv(childMode) == modeDie:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing comes after
		}
	}})
	if err != nil {
		return complain(err)
	}
	return 0
}

// driveElsewhere lets another process drive a flow and returns when it shows the prompt.
func (r *rig) driveElsewhere(t testing.TB, mode, flowID string) (*process, accounts.Prompt) {
	t.Helper()
	p := r.spawn(t, mode, []string{flowID})
	var prompt accounts.Prompt
	text, err := p.stdout.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &prompt)
	}
	if err != nil {
		t.Fatalf("the child's prompt %q: %v", text, err)
	}
	return p, prompt
}

func TestOneProcessDrivesAFlow(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	flow := r.start(t, request("sales"))
	p, prompt := r.driveElsewhere(t, modeDrive, flow.FlowID)

	if _, _, err := r.drive(t, flow.FlowID, nil); !errors.Is(err, accounts.ErrFlowDriven) {
		t.Errorf("driving it twice: %v", err)
	}
	if err := r.AbandonFlow(t.Context(), flow.FlowID); !errors.Is(err, accounts.ErrFlowDriven) {
		t.Errorf("abandoning it under the other's feet: %v", err)
	}
	if pending, err := r.PendingFlow(t.Context(), "sales"); err != nil || !pending.Driven {
		t.Errorf("%+v, %v", pending, err)
	}
	back, err := r.server.Approve(prompt.AuthorizationURL, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := visit(t.Context(), back); err != nil {
		t.Fatalf("the other process's listener: %v", err)
	}
	if _, err := p.finish(t); err != nil {
		t.Fatalf("the other process: %v: %s", err, p.stderr)
	}
	s, err := r.Snapshot(t.Context())
	if err != nil || len(s.Accounts) != 1 || s.Accounts[0].Generation != 1 {
		t.Fatalf("%+v, %v", s.Accounts, err)
	}
}

func TestAFlowGoesOnAfterItsProcessWasKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []provider.FlowKind{provider.Browser, provider.Device} {
		for _, taken := range []bool{false, true} {
			if kind == provider.Device && taken {
				continue
			}
			t.Run(string(kind)+" taken="+strconv.FormatBool(taken), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, sandbox.Options{Interval: 1e9})
				req := request("sales")
				req.Kind = kind
				flow := r.start(t, req)
				p, began := r.driveElsewhere(t, modeDrive, flow.FlowID)
				if err := p.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = p.Wait() // it was killed
				if taken {
					l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(began.ListenPort)))
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = l.Close() }() // the test is over
				}
				result, events, err := r.drive(t, flow.FlowID, func(p *accounts.Prompt, paste chan<- string) {
					if p.AuthorizationURL != began.AuthorizationURL || p.UserCode != began.UserCode || p.RedirectURI != began.RedirectURI {
						t.Errorf("went on with %+v, began with %+v", p, began)
					}
					if want := began.ListenPort; !taken && p.ListenPort != want || taken && p.ListenPort != 0 {
						t.Errorf("port %d, began with %d", p.ListenPort, want)
					}
					r.consents(t, sandbox.Consent{All: true})(p, paste)
				})
				if err != nil || result.End != accounts.EndAuthorized || events[0].PasteOnly != taken {
					t.Errorf("%+v, %v, paste only %t", result, err, events[0].PasteOnly)
				}
				if n := r.count("/device_authorization"); n > 1 {
					t.Errorf("%d device authorization requests", n)
				}
			})
		}
	}
}

func TestAGrantSurvivesDeathBeforeItsChecks(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		t.Run("reauthorization="+strconv.FormatBool(again), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			if again {
				r.authorized(t, "sales")
			}
			flow := r.start(t, request("sales"))
			p, prompt := r.driveElsewhere(t, modeDie, flow.FlowID)
			back, err := r.server.Approve(prompt.AuthorizationURL, sandbox.Consent{All: true})
			if err != nil {
				t.Fatal(err)
			}
			_ = visit(t.Context(), back) // the page is cut off with the process
			if _, err := p.finish(t); err == nil {
				t.Fatal("the child lived on")
			}
			a, err := r.Account(t.Context(), "sales")
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := r.grant(t, a.ID, store.Candidate); !ok || a.Candidate == nil {
				t.Fatal("the answer was not stored before it was checked")
			}
			if len(r.pending(t)) != 0 {
				t.Error("the flow is still there")
			}
			result, err := r.RepeatChecks(t.Context(), a.ID, nil)
			if err != nil || result.End != accounts.EndAuthorized {
				t.Fatalf("%+v, %v", result, err)
			}
			want := int64(1)
			if again {
				want = 2
			}
			if a := r.look(t, a.ID); a.Generation != want || a.Health.State != accounts.Healthy || a.Candidate != nil {
				t.Errorf("%s %+v", a.Health.State, a.Account)
			}
			if n := r.count("/oauth/token"); n != int(want) {
				t.Errorf("%d token requests", n)
			}
		})
	}
}

func TestNothingSecretLiesInTheOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Interval: 1e9})
	a := r.authorized(t, "sales")
	r.start(t, request("sales")) // state, verifier
	req := request("other")
	req.Kind = provider.Device
	r.start(t, req) // device code
	r.authorize(t, request("third"), sandbox.Consent{All: true})
	if _, err := r.Verify(t.Context(), a.ID, nil); err != nil {
		t.Fatal(err)
	}
	found := leaks(t, r.dir, sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, sandbox.DeviceCodePrefix, sandbox.CodePrefix)
	if len(found) > 0 {
		t.Errorf("in the data folder: %v", slices.Sorted(slices.Values(found)))
	}
}
