package accounts_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// some ticks only these boxes.
func some(scopes ...string) sandbox.Consent { return sandbox.Consent{Scopes: scopes} }

func TestAFirstGrantThatLacksPermissionsIsCurrentAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	result := r.authorize(t, everything("sales"), some("reports.read", "spreadsheets"))
	if result.End != accounts.EndPartial || result.Reauthorized || len(result.Missing) != 2 {
		t.Fatalf("%+v", result)
	}
	c := check(t, result.Checks, accounts.CheckPermissions)
	for _, words := range []string{"See and download your Analytics data", "See information about your files", "tick every box"} {
		if c.State != accounts.CheckFailed || !strings.Contains(c.Detail, words) {
			t.Errorf("%s: %q does not say %q", c.State, c.Detail, words)
		}
	}
	a := r.look(t, result.AccountID)
	if a.Health.State != accounts.MissingPermissions || a.Candidate != nil || a.Generation != 1 || len(a.Missing) != 2 {
		t.Errorf("%s %+v", a.Health.State, a.Account)
	}
	if c := check(t, result.Checks, accounts.CheckReadBack); c.State != accounts.CheckOK {
		t.Errorf("read back: %+v", c)
	}
	r.must(t, a.ID, accounts.Now(true)) // it works as far as it goes
}

func TestReauthorizing(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	before := r.authorized(t, "sales")
	was, seq := r.secrets(t, before.ID)
	result := r.authorize(t, accounts.AuthorizeRequest{Name: "sales", Kind: "browser"}, sandbox.Consent{All: true})
	if result.End != accounts.EndAuthorized || !result.Reauthorized || result.AccountID != before.ID {
		t.Fatalf("%+v", result)
	}
	a := r.look(t, before.ID)
	now, newSeq := r.secrets(t, a.ID)
	if a.Generation != before.Generation+1 || newSeq <= seq || now.Refresh == was.Refresh || a.Health.State != accounts.Healthy {
		t.Errorf("generation %d, seq %d → %d, %s", a.Generation, seq, newSeq, a.Health.State)
	}
	if got := r.actions(t, a.ID); !slices.Contains(got, "re-authorize") {
		t.Errorf("history %v", got)
	}
	if live := r.server.Stats().LiveGrants; live != 2 {
		t.Errorf("%d grants live at the provider: the former one must not be revoked", live)
	}
}

// shrunk is an account whose re-authorization came back with fewer permissions.
func shrunk(t *testing.T) (*rig, accounts.Account, accounts.FlowResult) {
	t.Helper()
	r := newRig(t, sandbox.Options{})
	first := r.authorize(t, everything("sales"), sandbox.Consent{All: true})
	before := r.look(t, first.AccountID)
	return r, before, r.authorize(t, everything("sales"), some("reports.read"))
}

func TestAGrantWithFewerPermissionsWaits(t *testing.T) {
	t.Parallel()
	r, before, result := shrunk(t)
	was, seq := r.secrets(t, before.ID)
	if result.End != accounts.EndWaitingDecision || !strings.Contains(result.Why, "See and download your Analytics data") {
		t.Fatalf("%+v", result)
	}
	a := r.look(t, before.ID)
	if a.Health.State != accounts.Healthy || a.Generation != before.Generation || len(a.Missing) != 0 {
		t.Errorf("the live grant changed: %s %+v", a.Health.State, a.Account)
	}
	if a.Candidate == nil || !a.Candidate.SameOwner || len(a.Candidate.Missing) != 3 || a.Candidate.WhyWaiting != result.Why {
		t.Fatalf("candidate %+v", a.Candidate)
	}
	if err := r.Decide(t.Context(), a.ID, accounts.DecideKeep); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.grant(t, a.ID, store.Candidate); ok {
		t.Error("the candidate is still there")
	}
	if now, same := r.secrets(t, a.ID); now.Refresh != was.Refresh || now.Access != was.Access || same != seq {
		t.Error("keeping changed the live grant")
	}
	if n := r.count("/revoke"); n != 0 {
		t.Errorf("%d revocations: a candidate must never be revoked", n)
	}
	if err := r.Decide(t.Context(), a.ID, accounts.DecideUseNew); !errors.Is(err, accounts.ErrNoCandidate) {
		t.Errorf("deciding twice: %v", err)
	}
}

func TestTheOperatorMayUseTheNewGrant(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	if err := r.Decide(t.Context(), before.ID, "burn"); err == nil {
		t.Error("an unknown decision was accepted")
	}
	if err := r.Decide(t.Context(), before.ID, accounts.DecideUseNew); err != nil {
		t.Fatal(err)
	}
	a := r.look(t, before.ID)
	if a.Generation != before.Generation+1 || a.Health.State != accounts.MissingPermissions || a.Candidate != nil {
		t.Errorf("%s %+v", a.Health.State, a.Account)
	}
	r.must(t, a.ID, accounts.Now(true))
}

func TestRepeatingTheChecksOfAWaitingGrant(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	result, err := r.RepeatChecks(t.Context(), before.ID, nil)
	if err != nil || result.End != accounts.EndWaitingDecision {
		t.Fatalf("nothing changed, yet %+v, %v", result, err)
	}
	r.clock.pass(2 * time.Hour) // its access token is dead: the provider is not asked
	calls := r.server.Stats().API
	if result, err = r.RepeatChecks(t.Context(), before.ID, nil); err != nil || result.End != accounts.EndWaitingDecision {
		t.Fatalf("%+v, %v", result, err)
	}
	if n := r.server.Stats().API - calls; n != 0 {
		t.Errorf("%d calls with an expired token", n)
	}
}

func TestADeadGrantIsReplacedWithoutAsking(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	first := r.authorize(t, everything("sales"), sandbox.Consent{All: true})
	r.server.RevokeEverything("")
	if _, err := r.Refresh(t.Context(), first.AccountID, accounts.Now(true)); err == nil {
		t.Fatal("a revoked grant was refreshed")
	}
	if a := r.look(t, first.AccountID); a.Health.State != accounts.NeedsSignIn {
		t.Fatalf("health %s", a.Health.State)
	}
	r.clock.pass(time.Minute)
	result := r.authorize(t, everything("sales"), some("reports.read"))
	if result.End != accounts.EndPartial {
		t.Fatalf("%+v", result)
	}
	if a := r.look(t, first.AccountID); a.Health.State != accounts.MissingPermissions || a.Generation != 2 {
		t.Errorf("%s, generation %d", a.Health.State, a.Generation)
	}
}

func TestAProviderThatSupersedesLeavesNoChoice(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{}, "supersedes = true")
	first := r.authorize(t, everything("sales"), sandbox.Consent{All: true})
	if result := r.authorize(t, everything("sales"), some("reports.read")); result.End != accounts.EndPartial {
		t.Fatalf("%+v", result)
	}
	if a := r.look(t, first.AccountID); a.Generation != 2 {
		t.Errorf("generation %d", a.Generation)
	}
}

var ben = sandbox.Consent{All: true, User: "ben@example.org"}

func TestAnotherIdentityIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	before := r.authorized(t, "sales")
	was, _ := r.secrets(t, before.ID)
	result := r.authorize(t, request("sales"), ben)
	if result.End != accounts.EndWaitingDecision || !strings.Contains(result.Why, "ben@example.org") || !strings.Contains(result.Why, "ana@example.org") {
		t.Fatalf("%+v", result)
	}
	if c := check(t, result.Checks, accounts.CheckIdentity); c.State != accounts.CheckFailed || c.Diagnosis == nil {
		t.Errorf("%+v", c)
	}
	a := r.look(t, before.ID)
	if a.Candidate == nil || a.Candidate.SameOwner || a.Candidate.Identity != "ben@example.org" || a.Health.State != accounts.Healthy {
		t.Errorf("%+v, health %s", a.Candidate, a.Health.State)
	}
	var other *accounts.IdentityError
	if err := r.Decide(t.Context(), a.ID, accounts.DecideUseNew); !errors.As(err, &other) || other.Got.Email != "ben@example.org" {
		t.Errorf("used another person's grant: %v", err)
	}
	if now, _ := r.secrets(t, a.ID); now.Refresh != was.Refresh {
		t.Error("the live grant changed")
	}
	if err := r.Decide(t.Context(), a.ID, accounts.DecideSwitch); err != nil {
		t.Fatal(err)
	}
	a = r.look(t, before.ID)
	if a.Identity.Email != "ben@example.org" || a.Generation != 2 || a.Health.State != accounts.Healthy {
		t.Errorf("%s %+v", a.Health.State, a.Account)
	}
	if got := r.actions(t, a.ID); !slices.Contains(got, "switch identity") {
		t.Errorf("history %v", got)
	}
}

func TestSwitchingTheIdentityOnPurpose(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	before := r.authorized(t, "sales")
	req := request("sales")
	req.SwitchIdentity = true
	if result := r.authorize(t, req, ben); result.End != accounts.EndAuthorized {
		t.Fatalf("%+v", result)
	}
	if a := r.look(t, before.ID); a.Identity.Email != "ben@example.org" || a.Generation != 2 {
		t.Errorf("%+v", a.Account)
	}
}

func TestTheSamePersonWithANewAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	err := r.store.Update(t.Context(), func(w store.Writer) error {
		s, err := w.Account(a.ID)
		if err != nil {
			return err
		}
		s.Identity.Email = "ana.formerly@example.org"
		return w.PutAccount(&s)
	})
	if err != nil {
		t.Fatal(err)
	}
	if result := r.authorize(t, request("sales"), sandbox.Consent{All: true}); result.End != accounts.EndAuthorized {
		t.Fatalf("%+v", result)
	}
	if b := r.look(t, a.ID); b.Identity.Email != "ana@example.org" {
		t.Errorf("e-mail %s", b.Identity.Email)
	}
	if got := r.actions(t, a.ID); !slices.Contains(got, "e-mail changed") {
		t.Errorf("history %v", got)
	}
}

func TestAnIdentityNobodyKnowsIsAskedAbout(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{}, `identity = { subject = "nothing.there" }`)
	first := r.authorize(t, request("sales"), sandbox.Consent{All: true})
	if first.End != accounts.EndAuthorized {
		t.Fatalf("%+v", first)
	}
	if c := check(t, first.Checks, accounts.CheckIdentity); c.State != accounts.CheckWarning || !strings.Contains(c.Detail, "does not say") {
		t.Errorf("%+v", c)
	}
	result := r.authorize(t, request("sales"), sandbox.Consent{All: true})
	if result.End != accounts.EndWaitingDecision || !strings.Contains(result.Why, "same person") {
		t.Fatalf("%+v", result)
	}
	if err := r.Decide(t.Context(), first.AccountID, accounts.DecideUseNew); err != nil {
		t.Error(err)
	}
}

func TestTroubleThatMayPassDoesNotBlock(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	r.authorized(t, "sales")
	flow := r.start(t, request("sales"))
	result, _, err := r.drive(t, flow.FlowID, func(p *accounts.Prompt, paste chan<- string) {
		r.consents(t, sandbox.Consent{All: true})(p, paste)
		r.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetAPI})
	})
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("%+v, %v", result, err)
	}
	if c := check(t, result.Checks, accounts.CheckProbe); c.State != accounts.CheckWarning || c.Diagnosis == nil {
		t.Errorf("%+v", c)
	}
	if a := r.look(t, result.AccountID); a.Generation != 2 || a.Health.State != accounts.Unreachable {
		t.Errorf("generation %d, %s", a.Generation, a.Health.State)
	}
}

func TestNothingToSeeIsAFindingOfItsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	req := request("nora")
	req.Services = []string{"analytics"}
	result := r.authorize(t, req, sandbox.Consent{All: true, User: "nora@example.org"})
	c := check(t, result.Checks, accounts.CheckResources)
	if result.End != accounts.EndAuthorized || c.State != accounts.CheckWarning || !strings.Contains(c.Detail, "no Demo Analytics accounts found") {
		t.Errorf("%s, %+v", result.End, c)
	}
	if a := r.look(t, result.AccountID); a.Health.State != accounts.NoResources {
		t.Errorf("health %s", a.Health.State)
	}
}

func TestNoRefreshTokenWhereOneIsNeeded(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	before := r.authorized(t, "sales")
	r.server.DropScope("offline_access")
	result := r.authorize(t, request("sales"), sandbox.Consent{All: true})
	if result.End != accounts.EndWaitingDecision || !strings.Contains(result.Why, "no refresh token") {
		t.Fatalf("%+v", result)
	}
	if a := r.look(t, before.ID); !a.HasRefresh {
		t.Error("the refresh token is gone")
	}
	first := r.authorize(t, request("new"), sandbox.Consent{All: true})
	if c := check(t, first.Checks, accounts.CheckRefreshToken); first.End != accounts.EndPartial || c.State != accounts.CheckFailed {
		t.Errorf("%s, %+v", first.End, c)
	}
}

func TestCandidatesAreDroppedAfterADay(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	r.clock.pass(23 * time.Hour)
	if err := r.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.grant(t, before.ID, store.Candidate); !ok {
		t.Fatal("dropped too early")
	}
	r.clock.pass(2 * time.Hour)
	if err := r.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.grant(t, before.ID, store.Candidate); ok {
		t.Error("still there after a day")
	}
	if n := r.count("/revoke"); n != 0 {
		t.Errorf("%d revocations", n)
	}
}

func TestPromotionWaitsForARefreshUnderWay(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	gate := r.server.Faults.HoldAnswers(sandbox.TargetToken)
	refreshed := make(chan error, 1)
	go func() {
		_, err := r.Refresh(t.Context(), before.ID, accounts.Now(true))
		refreshed <- err
	}()
	<-gate.Arrived()
	candidate, _ := r.grant(t, before.ID, store.Candidate)
	decided := make(chan error, 1)
	go func() { decided <- r.Decide(t.Context(), before.ID, accounts.DecideUseNew) }()
	gate.Open()
	if err := errors.Join(<-refreshed, <-decided); err != nil {
		t.Fatal(err)
	}
	a := r.look(t, before.ID)
	if g, ok := r.grant(t, a.ID, store.Current); !ok || g.Seq <= candidate.Seq || a.Generation != before.Generation+1 || len(a.Missing) == 0 {
		t.Errorf("the refresh overwrote the promotion: %+v", a.Account)
	}
}

func TestAServiceThatRefusesTheNewGrantIsAskedAbout(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	before := r.authorized(t, "sales")
	refusal := sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetAPI, Status: 403, Code: "accessNotConfigured"}
	result, _, err := r.drive(t, r.start(t, request("sales")).FlowID, func(p *accounts.Prompt, paste chan<- string) {
		r.consents(t, sandbox.Consent{All: true})(p, paste)
		r.fault(t, refusal)
	})
	if err != nil || result.End != accounts.EndWaitingDecision || !strings.Contains(result.Why, "Demo Reports") {
		t.Fatalf("%+v, %v", result, err)
	}
	r.server.Faults.Clear()
	if result, err = r.RepeatChecks(t.Context(), before.ID, nil); err != nil || result.End != accounts.EndAuthorized {
		t.Errorf("once it answers again: %+v, %v", result, err)
	}
	if a := r.look(t, before.ID); a.Generation != 2 || a.Candidate != nil || a.Health.State != accounts.Healthy {
		t.Errorf("%s %+v", a.Health.State, a.Account)
	}
}

func TestAGrantPastItsTermIsReplacedWithoutAsking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		opts  sandbox.Options
		extra string
		drop  bool
	}{
		{name: "the provider's term is over", extra: "max_days = 7"},
		{name: "the stated end is past", opts: sandbox.Options{RefreshTTL: 7 * 24 * time.Hour}},
		{name: "only an access token, and it has ended", drop: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.opts, c.extra)
			if c.drop {
				r.server.DropScope("offline_access")
			}
			first := r.authorize(t, everything("sales"), sandbox.Consent{All: true})
			r.clock.pass(8 * 24 * time.Hour)
			r.authorize(t, everything("sales"), some("reports.read"))
			if a := r.look(t, first.AccountID); a.Generation != 2 || a.Candidate != nil {
				t.Errorf("it waits: %+v", a.Candidate)
			}
		})
	}
}

func TestALongAccessTokenNeedsNoRefreshToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{AccessTTL: 60 * 24 * time.Hour})
	r.server.DropScope("offline_access")
	result := r.authorize(t, request("sales"), sandbox.Consent{All: true})
	c := check(t, result.Checks, accounts.CheckRefreshToken)
	if result.End != accounts.EndAuthorized || c.State != accounts.CheckWarning || !strings.Contains(c.Detail, "sign in again before") {
		t.Errorf("%s, %+v", result.End, c)
	}
}

// meanwhile is a store beside which something happens after one of its views.
type meanwhile struct {
	store.Store
	views int    // to let pass first
	then  func() // what happens
}

func (m *meanwhile) View(ctx context.Context, fn func(store.Reader) error) error {
	err := m.Store.View(ctx, fn)
	if m.views--; m.views == 0 {
		m.then()
	}
	return err
}

// The operator decides about the credential that was shown, and not about one that came since.
func TestADecisionIsAboutTheCredentialThatWasSeen(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	other := *r
	stranger := func() {
		// In another process Ben signs in for the same account.
		if result := other.authorize(t, everything("sales"), sandbox.Consent{All: true, User: "ben@example.org"}); result.End != accounts.EndWaitingDecision {
			t.Errorf("%+v", result)
		}
	}
	for _, d := range []accounts.Decision{accounts.DecideUseNew, accounts.DecideKeep} {
		r.config.Store = &meanwhile{Store: r.store, views: 1, then: stranger}
		if err := accounts.New(r.config).Decide(t.Context(), before.ID, d); !isA[*store.ConflictError](err) {
			t.Errorf("%s: %v", d, err)
		}
	}
	if _, waits := r.grant(t, before.ID, store.Candidate); !waits {
		t.Error("the credential that came meanwhile is gone")
	}
	if now := r.look(t, before.ID); !now.Identity.Same(before.Identity) {
		t.Errorf("the account belongs to %+v now", now.Identity)
	}
}

// Checks take seconds. The credential that they are about may be dropped meanwhile, and another one come in its place.
func TestChecksOfADroppedCredentialConcludeNothing(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	var came store.Grant
	_, err := r.RepeatChecks(t.Context(), before.ID, func(c accounts.Check) {
		if c.ID != accounts.CheckProbe || c.State != accounts.CheckRunning || came.Seq != 0 {
			return
		}
		if err := r.Decide(t.Context(), before.ID, accounts.DecideKeep); err != nil {
			t.Error(err)
		}
		r.authorize(t, everything("sales"), some("reports.read"))
		came, _ = r.grant(t, before.ID, store.Candidate)
	})
	if came.Seq == 0 || !isA[*store.ConflictError](err) {
		t.Errorf("%v, with %+v in its place", err, came.Seq)
	}
	if now, ok := r.grant(t, before.ID, store.Candidate); !ok || !bytes.Equal(now.Blob, came.Blob) {
		t.Errorf("the credential that came meanwhile is gone: %t", ok)
	}
}

// Whoever was killed between keeping a first credential and checking it is not sent to sign in once more.
func TestAnUncheckedCredentialIsToBeChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.unchecked(t, "sales")
	if h := a.Health; h.State != accounts.NeedsSignIn || !strings.Contains(h.Title, "not checked") || !strings.Contains(h.Detail, "fettle decide sales repeat") {
		t.Errorf("%+v", h.Finding)
	}
	if result, err := r.RepeatChecks(t.Context(), a.ID, nil); err != nil || result.End != accounts.EndAuthorized {
		t.Errorf("%+v, %v", result, err)
	}
	if h := r.look(t, a.ID).Health; h.State != accounts.Healthy {
		t.Errorf("%+v", h.Finding)
	}
}
