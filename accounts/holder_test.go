package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// strictRig has an account of a provider whose tokens work once, and a canvas that uses it.
func strictRig(t *testing.T) (r *rig, base accounts.Account) {
	t.Helper()
	r = newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	base = r.authorized(t, "sales")
	c := store.Canvas{ID: "c1", FileID: "f1", Name: "Nightly.v2", Path: "/srv/x.acc", AccountIDs: []string{base.ID}, CreatedAt: r.clock.now()}
	if err := r.store.Update(t.Context(), func(w store.Writer) error { return w.PutCanvas(&c) }); err != nil {
		t.Fatal(err)
	}
	return r, base
}

// dedicated authorizes the account for the canvas's password file, from its name alone.
func (r *rig) dedicated(t *testing.T) accounts.Account {
	t.Helper()
	result := r.authorize(t, accounts.AuthorizeRequest{Name: "sales@Nightly.v2", Kind: "browser"}, sandbox.Consent{All: true})
	if result.End != accounts.EndAuthorized {
		t.Fatalf("%+v", result)
	}
	return r.look(t, result.AccountID)
}

const nightly = "file:f1"

func TestADedicatedAccountIsMadeAfterItsModel(t *testing.T) {
	t.Parallel()
	r, base := strictRig(t)
	d := r.dedicated(t)
	if d.Provider != base.Provider || d.ClientID != base.ClientID || strings.Join(d.Services, " ") != strings.Join(base.Services, " ") || d.Holder != store.HolderBook || d.Generation != 1 {
		t.Errorf("%+v", d)
	}
	if r.server.Stats().LiveGrants != 2 {
		t.Error("it has no grant of its own")
	}
	shared := newRig(t, sandbox.Options{})
	shared.authorized(t, "sales")
	for name, want := range map[string]string{
		"sale@Nightly.v2":   "there is no account sale",
		"sales@Nightly":     "there is no canvas Nightly",
		"sales@Nightly.v2@": "cannot be a reference name",
		"@Nightly.v2":       "cannot be a reference name",
		"sales@":            "cannot be a reference name",
		"sales@../etc":      "cannot be a reference name",
	} {
		if _, err := r.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.authorized(t, "other")
	if _, err := r.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: "other@Nightly.v2"}); !errors.As(err, new(*accounts.DedicatedError)) {
		t.Errorf("an account that the canvas does not use: %v", err)
	}
	if _, err := r.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: "sales@Nightly.v2", Provider: "google"}); err == nil {
		t.Error("it was started at another provider")
	}
	if err := shared.store.Update(t.Context(), func(w store.Writer) error {
		a, err := w.AccountByName("sales")
		if err != nil {
			return err
		}
		return w.PutCanvas(&store.Canvas{ID: "c1", FileID: "f1", Name: "nightly", Path: "/x", AccountIDs: []string{a.ID}})
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: "sales@nightly"}); err == nil || !strings.Contains(err.Error(), "can lie in several places") {
		t.Errorf("a credential that can be shared: %v", err)
	}
}

func TestAHandOver(t *testing.T) {
	t.Parallel()
	r, base := strictRig(t)
	d := r.dedicated(t)
	if _, err := r.Lend(t.Context(), base.ID, nightly); !errors.As(err, new(*accounts.SingleUseError)) {
		t.Errorf("the book's own grant was lent: %v", err)
	}
	if _, err := r.Export(t.Context(), d.ID); !errors.As(err, new(*accounts.SingleUseError)) {
		t.Errorf("a token that works once was exported: %v", err)
	}
	if err := r.HandOver(t.Context(), d.ID, nightly, 1, "x"); !errors.As(err, new(*store.ConflictError)) {
		t.Errorf("handed over without having been lent: %v", err)
	}
	first, err := r.Lend(t.Context(), d.ID, nightly)
	if err != nil || first.Refresh.Empty() || first.Name != "sales@Nightly.v2" || first.Holder != nightly {
		t.Fatalf("%+v, %v", first, err)
	}
	// From here on every crash leaves the token to the file alone.
	if f := r.look(t, d.ID).Health; f.Severity != accounts.SeverityWarning || !strings.Contains(f.Detail, "fettle pwfile generate Nightly.v2") {
		t.Errorf("%+v", f)
	}
	r.expectHeld(t, d)
	again, err := r.Lend(t.Context(), d.ID, nightly)
	if err != nil || again.Refresh != first.Refresh || again.Generation != first.Generation {
		t.Errorf("it cannot be gone on with: %v", err)
	}
	if _, err := r.Lend(t.Context(), d.ID, "file:f2"); !errors.As(err, new(*accounts.HeldError)) {
		t.Errorf("a second file got it: %v", err)
	}
	for range 2 { // the second time as after a crash between this and what follows
		if err := r.HandOver(t.Context(), d.ID, nightly, first.Generation, "/srv/nightly.pwfile.age"); err != nil {
			t.Fatal(err)
		}
	}
	now := r.look(t, d.ID)
	if kept, _ := r.secrets(t, d.ID); !kept.Refresh.Empty() || !kept.Access.Empty() || now.HasRefresh {
		t.Error("the book still has the tokens")
	}
	if f := now.Health; f.Cause != "held" || f.Severity != accounts.SeverityOK || !strings.HasPrefix(f.Title, "Held by /srv/nightly.pwfile.age since 20") || now.HeldBy() != "the password file of canvas Nightly.v2" {
		t.Errorf("%+v", f)
	}
	r.expectHeld(t, now)
	if _, err := r.Lend(t.Context(), d.ID, nightly); !errors.As(err, new(*accounts.HeldError)) {
		t.Errorf("lent after it was handed over: %v", err)
	}
}

// expectHeld makes sure that nothing in the book uses a credential that a file holds.
func (r *rig) expectHeld(t *testing.T, d accounts.Account) {
	t.Helper()
	before := r.refreshes()
	r.clock.pass(60 * 24 * time.Hour)
	if _, err := r.Refresh(t.Context(), d.ID, accounts.Now(true)); !errors.As(err, new(*accounts.HeldError)) || !strings.Contains(err.Error(), "the password file of canvas Nightly.v2") {
		t.Errorf("refresh: %v", err)
	}
	if _, err := r.Token(t.Context(), d.ID, 0); !errors.As(err, new(*accounts.HeldError)) {
		t.Errorf("token: %v", err)
	}
	if report, err := r.Verify(t.Context(), d.ID, nil); err != nil || report.OK {
		t.Errorf("verify: %+v, %v", report, err)
	}
	due, err := r.Due(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range due {
		if a.ID == d.ID {
			t.Error("it is due")
		}
	}
	if r.refreshes() != before {
		t.Error("the token was used")
	}
}

func TestAuthorizingAgainTakesACredentialBack(t *testing.T) {
	t.Parallel()
	r, _ := strictRig(t)
	d := r.dedicated(t)
	lent, err := r.Lend(t.Context(), d.ID, nightly)
	if err == nil {
		err = r.HandOver(t.Context(), d.ID, nightly, lent.Generation, "x")
	}
	if err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute)
	d = r.dedicated(t)
	if d.Holder != store.HolderBook || d.Generation != 2 || d.Health.State != accounts.Healthy {
		t.Errorf("%+v", d)
	}
	// Whoever was still handing over the former one is told, and erases nothing.
	if err := r.HandOver(t.Context(), d.ID, nightly, lent.Generation, "x"); !errors.As(err, new(*store.ConflictError)) {
		t.Errorf("%v", err)
	}
	next, err := r.Lend(t.Context(), d.ID, nightly)
	if err != nil || next.Refresh == lent.Refresh || next.Generation != 2 {
		t.Errorf("%v", err)
	}
	if err := r.HandOver(t.Context(), d.ID, nightly, lent.Generation, "x"); !errors.As(err, new(*store.ConflictError)) {
		t.Errorf("the former generation was handed over: %v", err)
	}
}

func TestWhatIsNotLent(t *testing.T) {
	t.Parallel()
	r, _ := strictRig(t)
	d := r.dedicated(t)
	if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Refresh(t.Context(), d.ID, accounts.Now(true)); err == nil {
		t.Fatal("refreshed")
	}
	if _, err := r.Lend(t.Context(), d.ID, nightly); !errors.As(err, new(*accounts.DedicatedError)) || !strings.Contains(err.Error(), "fettle refresh sales@Nightly.v2") {
		t.Errorf("a token that may be used up: %v", err)
	}
	r.clock.pass(time.Minute)
	r.must(t, d.ID, accounts.Now(true))
	r.server.RevokeEverything("")
	r.clock.pass(time.Minute)
	if _, err := r.Refresh(t.Context(), d.ID, accounts.Now(true)); err == nil {
		t.Fatal("refreshed")
	}
	if _, err := r.Lend(t.Context(), d.ID, nightly); !errors.As(err, new(*accounts.DeadAccountError)) {
		t.Errorf("a revoked credential: %v", err)
	}
	if r.look(t, d.ID).Holder != store.HolderBook {
		t.Error("a refused loan changed the holder")
	}
}

func TestDedicatedAccountsFollowARename(t *testing.T) {
	t.Parallel()
	r, base := strictRig(t)
	d := r.dedicated(t)
	if err := r.Rename(t.Context(), d.ID, "else"); !errors.As(err, new(*accounts.DedicatedError)) {
		t.Errorf("%v", err)
	}
	if err := r.Rename(t.Context(), base.ID, "revenue"); err != nil {
		t.Fatal(err)
	}
	if got := r.look(t, d.ID).Name; got != "revenue@Nightly.v2" {
		t.Error(got)
	}
}
