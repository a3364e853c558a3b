package accounts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

func TestADeviceFlowMakesAnAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Interval: time.Second})
	req := everything("sales")
	req.Kind = provider.Device
	flow := r.start(t, req)
	if n := r.count("/device_authorization"); n != 1 {
		t.Errorf("%d device authorization requests", n)
	}
	result, events, err := r.drive(t, flow.FlowID, func(p *accounts.Prompt, _ chan<- string) {
		if p.UserCode == "" || p.VerificationURI == "" || p.VerificationURIComplete == "" || p.ExpiresAt.IsZero() || !p.Flow.Driven {
			t.Errorf("the prompt lacks something: %+v", p)
		}
		r.consents(t, sandbox.Consent{All: true})(p, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []accounts.FlowEventKind{accounts.FlowPrompt, accounts.FlowWaiting, accounts.FlowChecking, accounts.FlowAuthorized}; !slices.Equal(kinds(events), want) {
		t.Errorf("events %v, want %v", kinds(events), want)
	}
	for _, id := range []accounts.CheckID{accounts.CheckRefreshToken, accounts.CheckPermissions, accounts.CheckIdentity, accounts.CheckProbe, accounts.CheckResources, accounts.CheckReadBack} {
		if c := check(t, result.Checks, id); c.State != accounts.CheckOK {
			t.Errorf("check %s: %s %s", id, c.State, c.Detail)
		}
	}
	a := r.look(t, result.AccountID)
	if a.Name != "sales" || a.Health.State != accounts.Healthy || a.Generation != 1 || a.Identity.Email != "ana@example.org" || !a.HasRefresh {
		t.Errorf("account %+v, health %s", a.Account, a.Health.State)
	}
	if a.Pending != nil || a.Candidate != nil || len(r.pending(t)) != 0 {
		t.Error("something is still pending")
	}
	if got := r.actions(t, a.ID); !slices.Contains(got, "authorize") {
		t.Errorf("history: %v", got)
	}
	list, err := r.Resources(t.Context(), a.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Services {
		if len(s.Items) == 0 || s.Items[0].FirstSeen.IsZero() {
			t.Errorf("no resources cached for %s", s.Service)
		}
	}
}

func TestABrowserFlowByItsListener(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	done := make(chan error, 1)
	result, events, err := r.drive(t, r.start(t, request("sales")).FlowID, func(p *accounts.Prompt, _ chan<- string) {
		if p.ListenPort == 0 || p.RedirectURI == "" {
			t.Errorf("no listener: %+v", p)
		}
		back, err := r.server.Approve(p.AuthorizationURL, sandbox.Consent{All: true})
		if err != nil {
			t.Error(err)
		}
		go func() { done <- visit(t.Context(), back) }()
	})
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("%+v, %v", result, err)
	}
	if err := <-done; err != nil {
		t.Errorf("the browser's page: %v", err)
	}
	if events[0].PasteOnly {
		t.Error("said to be paste only while it listened")
	}
}

func TestAWrongPasteNeverEndsTheWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	result, events, err := r.drive(t, r.start(t, request("sales")).FlowID, func(p *accounts.Prompt, paste chan<- string) {
		paste <- p.AuthorizationURL
		paste <- p.RedirectURI + "?code=sandbox-code-x&state=wrong"
		r.consents(t, sandbox.Consent{All: true})(p, paste)
		close(paste) // the end of stdin does not end the wait either
	})
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("%+v, %v", result, err)
	}
	rejected := 0
	for _, e := range events {
		if e.Kind == accounts.FlowRejected {
			rejected++
			if e.Reason == "" || e.Hint == "" {
				t.Errorf("rejected without saying why: %+v", e)
			}
		}
	}
	if rejected != 2 {
		t.Errorf("%d pastes were rejected, want 2", rejected)
	}
}

func TestLeavingPausesAFlow(t *testing.T) {
	t.Parallel()
	for _, kind := range []provider.FlowKind{provider.Browser, provider.Device} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Interval: time.Second})
			req := request("sales")
			req.Kind = kind
			flow := r.start(t, req)
			ctx, leave := context.WithCancel(t.Context())
			var first *accounts.Prompt
			_, err := r.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Report: func(e accounts.FlowEvent) {
				if e.Kind == accounts.FlowPrompt {
					first = e.Prompt
					leave()
				}
			}})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("leaving gave %v", err)
			}
			pending, err := r.PendingFlow(t.Context(), "sales")
			if err != nil || pending.FlowID != flow.FlowID || pending.Driven {
				t.Fatalf("pending %+v, %v", pending, err)
			}
			result, _, err := r.drive(t, flow.FlowID, func(p *accounts.Prompt, paste chan<- string) {
				if p.UserCode != first.UserCode || p.AuthorizationURL != first.AuthorizationURL || p.ListenPort != first.ListenPort {
					t.Errorf("continued with %+v, began with %+v", p, first)
				}
				r.consents(t, sandbox.Consent{All: true})(p, paste)
			})
			if err != nil || result.End != accounts.EndAuthorized {
				t.Fatalf("%+v, %v", result, err)
			}
			if n := r.count("/device_authorization"); n > 1 {
				t.Errorf("%d device authorization requests", n)
			}
		})
	}
}

func TestAPendingFlowReservesItsName(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	other := r.authorized(t, "other")
	flow := r.start(t, request("sales"))

	var pending *accounts.FlowPendingError
	if _, err := r.StartFlow(t.Context(), request("sales")); !errors.As(err, &pending) || pending.Flow.FlowID != flow.FlowID || !strings.Contains(err.Error(), `"sales"`) {
		t.Errorf("a second flow of that name: %v", err)
	}
	var taken *store.NameTakenError
	if err := r.Rename(t.Context(), other.ID, "sales"); !errors.As(err, &taken) {
		t.Errorf("renaming onto a reserved name: %v", err)
	}
	if err := r.AbandonFlow(t.Context(), flow.FlowID); err != nil {
		t.Fatal(err)
	}
	if err := r.Rename(t.Context(), other.ID, "sales"); err != nil {
		t.Errorf("an abandoned flow keeps its name: %v", err)
	}
	if err := r.AbandonFlow(t.Context(), flow.FlowID); !errors.Is(err, accounts.ErrNoPendingFlow) {
		t.Errorf("abandoning twice: %v", err)
	}
}

func TestOfManyStartsOneGetsTheName(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	var mu sync.Mutex
	started, refused := 0, 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := r.StartFlow(t.Context(), request("sales"))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				started++
			case errors.As(err, new(*accounts.FlowPendingError)):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if started != 1 || refused != 7 {
		t.Errorf("%d started, %d were refused", started, refused)
	}
}

func TestRenamingAccountsAndTheirFlows(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.start(t, request("sales"))
	for _, name := range []string{"", "Sales", "1a", "a b", "-a", strings.Repeat("a", 64), "a\x1b[2J"} {
		if err := r.Rename(t.Context(), a.ID, name); !errors.As(err, new(*accounts.NameFormError)) || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := r.Rename(t.Context(), a.ID, "revenue"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.PendingFlow(t.Context(), "revenue"); err != nil {
		t.Errorf("the re-authorization did not follow: %v", err)
	}
	if b := r.look(t, a.ID); b.Name != "revenue" || b.Generation != a.Generation {
		t.Errorf("%+v", b.Account)
	}
}

func TestAnExpiredFlowFreesItsName(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	flow := r.start(t, request("sales"))
	r.clock.pass(25 * time.Hour)
	_, events, err := r.drive(t, flow.FlowID, nil)
	if !errors.Is(err, accounts.ErrFlowExpired) {
		t.Fatalf("driving an expired flow: %v", err)
	}
	if got := kinds(events); !slices.Equal(got, []accounts.FlowEventKind{accounts.FlowExpired}) {
		t.Errorf("events %v", got)
	}
	flow = r.start(t, request("sales")) // the name is free
	r.clock.pass(25 * time.Hour)
	if _, err := r.PendingFlow(t.Context(), "sales"); !errors.Is(err, accounts.ErrNoPendingFlow) {
		t.Errorf("an expired flow is shown: %v", err)
	}
	if next := r.start(t, request("sales")); next.FlowID == flow.FlowID {
		t.Error("the expired flow was taken up again")
	}
}

func TestADeniedFlowEnds(t *testing.T) {
	t.Parallel()
	for _, kind := range []provider.FlowKind{provider.Browser, provider.Device} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Interval: time.Second})
			req := request("sales")
			req.Kind = kind
			result, events, err := r.drive(t, r.start(t, req).FlowID, func(p *accounts.Prompt, paste chan<- string) {
				if kind == provider.Device {
					if err := r.server.DenyDevice(p.UserCode); err != nil {
						t.Error(err)
					}
					return
				}
				back, err := r.server.Deny(p.AuthorizationURL)
				if err != nil {
					t.Error(err)
				}
				paste <- back
			})
			var failed *accounts.FlowFailedError
			if !errors.As(err, &failed) || failed.Resumable || failed.Diagnosis.Remedy == "" || !strings.Contains(err.Error(), failed.Diagnosis.Title) || !errors.Is(err, oauthflow.ErrDenied) {
				t.Fatalf("%+v", err)
			}
			if result.End != accounts.EndFailed || events[len(events)-1].Kind != accounts.FlowFailed || events[len(events)-1].Diagnosis == nil {
				t.Errorf("%+v, last event %+v", result, events[len(events)-1])
			}
			if len(r.pending(t)) != 0 {
				t.Error("the name is still reserved")
			}
			if s, err := r.Snapshot(t.Context()); err != nil || len(s.Accounts) != 0 {
				t.Errorf("an account came of it: %+v, %v", s.Accounts, err)
			}
		})
	}
}

func TestAnOutageKeepsTheFlow(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	flow := r.start(t, request("sales"))
	r.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetToken, Times: 1})
	_, _, err := r.drive(t, flow.FlowID, func(p *accounts.Prompt, _ chan<- string) {
		back, err := r.server.Approve(p.AuthorizationURL, sandbox.Consent{All: true})
		if err != nil {
			t.Error(err)
		}
		go func() { _ = visit(t.Context(), back) }() // the page may be cut off
	})
	var failed *accounts.FlowFailedError
	if !errors.As(err, &failed) || !failed.Resumable {
		t.Fatalf("%v", err)
	}
	result, _, err := r.drive(t, flow.FlowID, r.consents(t, sandbox.Consent{All: true}))
	if err != nil || result.End != accounts.EndAuthorized {
		t.Errorf("continuing: %+v, %v", result, err)
	}
}

func TestRequestsThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	for what, change := range map[string]func(*accounts.AuthorizeRequest){
		"no name":          func(q *accounts.AuthorizeRequest) { q.Name = "" },
		"unknown provider": func(q *accounts.AuthorizeRequest) { q.Provider = "nobody" },
		"unknown service":  func(q *accounts.AuthorizeRequest) { q.Services = []string{"mail"} },
		"no service":       func(q *accounts.AuthorizeRequest) { q.Services = nil },
		"unknown client":   func(q *accounts.AuthorizeRequest) { q.ClientID = "none" },
		"unknown flow":     func(q *accounts.AuthorizeRequest) { q.Kind = "telepathy" },
		"other provider":   func(q *accounts.AuthorizeRequest) { q.Name, q.Provider = a.Name, "google" },
	} {
		req := request("new")
		change(&req)
		if _, err := r.StartFlow(t.Context(), req); err == nil {
			t.Errorf("%s: started", what)
		}
	}
	r.vault.Lock()
	before := len(r.server.Requests())
	if _, err := r.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: "new", Provider: "demo", Services: []string{"reports"}, Kind: provider.Device}); err == nil {
		t.Error("started with a locked vault")
	}
	if n := len(r.server.Requests()); n != before {
		t.Errorf("%d requests were sent although nothing could be stored", n-before)
	}
	if len(r.pending(t)) != 0 {
		t.Error("something was reserved")
	}
}

func TestWhichFlowIsOfferedFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{}, `device_scopes = ["reports.read", "openid", "email", "offline_access"]`)
	web, err := r.AddClient(t.Context(), accounts.NewClient{
		Provider: "demo", Label: "web", OAuthID: sandbox.PostClient, Secret: secret.New(sandbox.PostSecret), Kind: "web",
		Redirects: []string{sandbox.PasteRedirect},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		services []string
		client   string
		ssh      bool
		first    provider.FlowKind
		usable   int
	}{
		{"over SSH a code on any device", []string{"reports"}, "", true, provider.Device, 2},
		{"otherwise the provider's order", []string{"reports"}, "", false, provider.Device, 2},
		{"not with scopes that device flows may not carry", []string{"sheets"}, "", true, provider.Browser, 1},
		{"not with a web client", []string{"reports"}, web.ID, true, provider.Browser, 1},
	} {
		choices, err := r.FlowChoices(t.Context(), accounts.AuthorizeRequest{Name: "new", Provider: "demo", Services: c.services, ClientID: c.client, OverSSH: c.ssh})
		if err != nil {
			t.Fatal(err)
		}
		usable := 0
		for i, choice := range choices {
			if choice.Preferred != (i == 0) || (choice.Unavailable == "") == (choice.Why == "") {
				t.Errorf("%s: %+v", c.name, choice)
			}
			if choice.Unavailable == "" {
				usable++
			}
		}
		if choices[0].Kind != c.first || usable != c.usable {
			t.Errorf("%s: %+v", c.name, choices)
		}
		if c.usable == 1 {
			req := accounts.AuthorizeRequest{Name: "new", Provider: "demo", Services: c.services, ClientID: c.client, Kind: provider.Device}
			if _, err := r.StartFlow(t.Context(), req); !errors.As(err, new(*accounts.FlowUnavailableError)) || !strings.Contains(err.Error(), "device flow") {
				t.Errorf("%s: the other one started: %v", c.name, err)
			}
		}
	}
	req := accounts.AuthorizeRequest{Name: "web", Provider: "demo", Services: []string{"reports"}, ClientID: web.ID}
	result, events, err := r.drive(t, r.start(t, req).FlowID, r.consents(t, sandbox.Consent{All: true}))
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("a web client with a page of its own: %+v, %v", result, err)
	}
	if p := events[0].Prompt; p.RedirectURI != sandbox.PasteRedirect || p.ListenPort != 0 || !events[0].PasteOnly {
		t.Errorf("prompt %+v", p)
	}
}

// pending are the names that flows have reserved.
func (r *rig) pending(t testing.TB) []string {
	t.Helper()
	var names []string
	err := r.store.View(t.Context(), func(s store.Reader) error {
		flows, err := s.Flows()
		for _, f := range flows {
			names = append(names, f.Name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// count is how many requests reached a path of the provider.
func (r *rig) count(path string) int {
	n := 0
	for _, q := range r.server.Requests() {
		if q.Path == path {
			n++
		}
	}
	return n
}

func TestAnAnswerIsStoredEvenWhileTheProgramEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	result, _, err := r.drive(t, r.start(t, request("sales")).FlowID, func(p *accounts.Prompt, paste chan<- string) {
		if err := r.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		r.consents(t, sandbox.Consent{All: true})(p, paste)
	})
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, ok := r.grant(t, result.AccountID, store.Current); !ok {
		t.Error("nothing was stored")
	}
}

func TestLeavingDuringTheChecksLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	flow := r.start(t, request("sales"))
	ctx, leave := context.WithCancel(t.Context())
	paste := make(chan string, 1)
	result, err := r.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: paste, Report: func(e accounts.FlowEvent) {
		switch e.Kind {
		case accounts.FlowPrompt:
			r.consents(t, sandbox.Consent{All: true})(e.Prompt, paste)
		case accounts.FlowChecking:
			leave()
		}
	}})
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("%+v, %v", result, err)
	}
	if c := check(t, result.Checks, accounts.CheckProbe); c.State != accounts.CheckWarning {
		t.Errorf("a check that was cut off: %+v", c)
	}
	if a := r.look(t, result.AccountID); a.Generation != 1 || !a.HasRefresh {
		t.Errorf("%+v", a.Account)
	}
}

func TestAFlowSendsNothingWhereTheConfigMoved(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	r.authorized(t, "sales")
	flow := r.start(t, request("sales"))
	sent := len(r.server.Requests())
	r.configure(t, r.server.ProviderTOML("demo", `token_endpoint = "https://evil.example/token"`))
	var blocked *accounts.BlockedError
	if _, _, err := r.drive(t, flow.FlowID, nil); !errors.As(err, &blocked) || len(blocked.Drift) == 0 {
		t.Errorf("driving: %v", err)
	}
	if err := r.AbandonFlow(t.Context(), flow.FlowID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.StartFlow(t.Context(), request("sales")); !errors.As(err, &blocked) {
		t.Errorf("re-authorizing: %v", err)
	}
	if n := len(r.server.Requests()) - sent; n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestSlowDownOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Interval: time.Second})
	req := request("sales")
	req.Kind = provider.Device
	flow := r.start(t, req)
	r.fault(t, sandbox.Fault{Kind: sandbox.FaultSlowDown, Times: 1})
	ctx, leave := context.WithCancel(t.Context())
	var first time.Time
	_, err := r.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Report: func(e accounts.FlowEvent) {
		switch {
		case e.Kind == accounts.FlowWaiting && e.Reason != "":
			leave()
		case e.Kind == accounts.FlowWaiting && first.IsZero():
			first = e.NextPollAt
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ctx, leave = context.WithCancel(t.Context())
	var again time.Time
	_, err = r.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Report: func(e accounts.FlowEvent) {
		if e.Kind == accounts.FlowWaiting {
			again = e.NextPollAt
			leave()
		}
	}})
	if !errors.Is(err, context.Canceled) || again.Sub(first) < 5*time.Second {
		t.Errorf("polls every %s longer, %v", again.Sub(first), err)
	}
}
