package accounts_test

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
)

// request asks for the demo reports by the browser flow, which needs no waiting.
func request(name string) accounts.AuthorizeRequest {
	return accounts.AuthorizeRequest{Name: name, Provider: "demo", Services: []string{"reports"}, Kind: provider.Browser}
}

// everything asks for every service of the demo provider.
func everything(name string) accounts.AuthorizeRequest {
	req := request(name)
	req.Services = []string{"analytics", "reports", "sheets"}
	return req
}

// drive drives a flow; person acts when the prompt is shown and may paste.
func (r *rig) drive(t testing.TB, flowID string, person func(p *accounts.Prompt, paste chan<- string)) (accounts.FlowResult, []accounts.FlowEvent, error) {
	t.Helper()
	paste := make(chan string, 16)
	var events []accounts.FlowEvent
	result, err := r.DriveFlow(t.Context(), flowID, accounts.FlowIO{Pasted: paste, Report: func(e accounts.FlowEvent) {
		events = append(events, e)
		if e.Kind == accounts.FlowPrompt && person != nil {
			person(e.Prompt, paste)
		}
	}})
	return result, events, err
}

// consents is a person who signs in and pastes the address that the browser ends on.
func (r *rig) consents(t testing.TB, c sandbox.Consent) func(*accounts.Prompt, chan<- string) {
	return func(p *accounts.Prompt, paste chan<- string) {
		if p.UserCode != "" {
			if err := r.server.ApproveDevice(p.UserCode, c); err != nil {
				t.Error(err)
			}
			return
		}
		back, err := r.server.Approve(p.AuthorizationURL, c)
		if err != nil {
			t.Error(err)
		}
		paste <- back
	}
}

// start starts a flow and fails the test if that fails.
func (r *rig) start(t testing.TB, req accounts.AuthorizeRequest) accounts.PendingFlow {
	t.Helper()
	flow, err := r.StartFlow(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return flow
}

// authorize goes through a whole authorization.
func (r *rig) authorize(t testing.TB, req accounts.AuthorizeRequest, c sandbox.Consent) accounts.FlowResult {
	t.Helper()
	result, _, err := r.drive(t, r.start(t, req).FlowID, r.consents(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// authorized is authorize for an account that must come out whole.
func (r *rig) authorized(t testing.TB, name string) accounts.Account {
	t.Helper()
	result := r.authorize(t, request(name), sandbox.Consent{All: true})
	if result.End != accounts.EndAuthorized {
		t.Fatalf("%s ended as %s: %s", name, result.End, result.Why)
	}
	return r.look(t, result.AccountID)
}

// check finds the last check of a kind.
func check(t testing.TB, checks []accounts.Check, id accounts.CheckID) accounts.Check {
	t.Helper()
	for _, c := range slices.Backward(checks) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no check %s among %+v", id, checks)
	return accounts.Check{}
}

// kinds are the kinds of events, runs of the same kind as one.
func kinds(events []accounts.FlowEvent) []accounts.FlowEventKind {
	var out []accounts.FlowEventKind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return slices.Compact(out)
}

// grant reads a grant's record; ok is false if there is none.
func (r *rig) grant(t testing.TB, id string, role store.Role) (g store.Grant, ok bool) {
	t.Helper()
	err := r.store.View(t.Context(), func(s store.Reader) error {
		all, err := s.Grants(role)
		for _, each := range all {
			if each.AccountID == id {
				g, ok = each, true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, ok
}

// actions are what the history says was done, oldest first.
func (r *rig) actions(t testing.TB, id string) []string {
	t.Helper()
	events, err := r.Events(t.Context(), store.EventFilter{AccountID: id})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range slices.Backward(events) {
		if e.Actor != "tester" && e.Actor != "child" {
			t.Errorf("event %q has the actor %q", e.Action, e.Actor)
		}
		out = append(out, e.Action)
	}
	return out
}

// visit is the browser following a redirect.
func visit(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// fault orders a fault and fails the test if that is not possible.
func (r *rig) fault(t testing.TB, f sandbox.Fault) {
	t.Helper()
	if err := r.server.Faults.Add(f); err != nil {
		t.Fatal(err)
	}
}

// leaks names the files under dir that hold one of the marks of a secret.
func leaks(t testing.TB, dir string, marks ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path) //nolint:gosec // the test's own folder
		for _, mark := range marks {
			if bytes.Contains(content, []byte(mark)) {
				found = append(found, filepath.Base(path)+": "+mark)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
