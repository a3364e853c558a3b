package pwfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/sandbox"
	"fettle/pwfile"
)

// strictBook has an account whose tokens work once, and a canvas that uses it for one other server.
func strictBook(t *testing.T) (r *realBook, job string, path string) {
	t.Helper()
	r = newRealBook(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	r.authorize(t, "strict")
	job = filepath.Join(t.TempDir(), "data")
	recipient, _, err := pwfile.InitServer(job)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	writeFile(t, filepath.Join(home, "nightly.acc"), []byte("canvas"))
	if _, err := r.Add(t.Context(), pwfile.NewCanvas{
		Name: "nightly", Path: filepath.Join(home, "nightly.acc"), AccountNames: []string{"strict"}, Recipients: []string{recipient},
	}); err != nil {
		t.Fatal(err)
	}
	return r, job, filepath.Join(home, "nightly.pwfile.age")
}

func (r *realBook) plan(t *testing.T, sel pwfile.Selection) pwfile.PlanItem {
	t.Helper()
	p, err := r.Plan(t.Context(), sel)
	if err != nil || len(p.Items) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	return p.Items[0]
}

func (r *realBook) account(t *testing.T, name string) accounts.Account {
	t.Helper()
	a, err := r.Account(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// works runs a job on the file, as the machine with that data folder.
func works(t *testing.T, dir, path string) error {
	t.Helper()
	f, err := pwfile.Open(t.Context(), path, pwfile.ReaderOptions{Dir: dir})
	if err != nil {
		return err
	}
	_, err = f.Token(t.Context(), "strict")
	return err
}

func TestAFileGetsACredentialOfItsOwn(t *testing.T) {
	t.Parallel()
	r, job, path := strictBook(t)
	item := r.plan(t, pwfile.Selection{})
	if item.Refused == nil || item.Refused.Kind != pwfile.RefusedNeedsDedicated || strings.Join(item.NeedsDedicated(), " ") != "strict@nightly" ||
		!strings.Contains(item.Refused.Remedy, "fettle authorize --name strict@nightly") {
		t.Fatalf("%+v", item.Refused)
	}
	if got := states(r.generate(t, pwfile.Selection{})); got != "failed" {
		t.Fatal(got)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("a file was written with the book's own credential")
	}

	own := r.authorize(t, "strict@nightly")
	if got := states(r.generate(t, pwfile.Selection{Stale: true})); got != "done" {
		t.Fatal(got)
	}
	held := r.account(t, "strict@nightly")
	if held.HeldBy() == "" || held.HasRefresh || !strings.HasPrefix(held.Health.Title, "Held by "+path+" since ") {
		t.Errorf("%+v", held.Health)
	}
	if err := works(t, job, path); err != nil {
		t.Errorf("the job: %v", err)
	}
	if _, err := r.Refresh(t.Context(), r.account(t, "strict").ID, accounts.Now(true)); err != nil {
		t.Errorf("the book's own credential: %v", err)
	}
	if err := works(t, job, path); err != nil || r.server.Stats().RevokedFamilies != 0 {
		t.Errorf("after both were used: %v, %+v", err, r.server.Stats())
	}

	// The file stands: there is nothing to be done, and nothing can be done but by a new sign-in.
	if got := states(r.generate(t, pwfile.Selection{})); got != "unchanged" {
		t.Error(got)
	}
	if item := r.plan(t, pwfile.Selection{Force: true}); item.Refused == nil || item.NeedsDedicated()[0] != "strict@nightly" {
		t.Errorf("%+v", item.Refused)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if item := r.plan(t, pwfile.Selection{Stale: true}); item.Refused == nil || item.Refused.Kind != pwfile.RefusedNeedsDedicated {
		t.Errorf("a lost file: %+v", item.Refused)
	}
	r.authorize(t, "strict@nightly")
	if got := states(r.generate(t, pwfile.Selection{Stale: true})); got != "done" {
		t.Fatal(got)
	}
	if err := works(t, job, path); err != nil || r.account(t, "strict@nightly").ID != own {
		t.Errorf("after the repair: %v", err)
	}
	_, err := r.Export(t.Context(), own)
	if !errors.As(err, new(*accounts.HeldError)) {
		t.Errorf("%v", err)
	}
}

func TestOnePlaceOneReader(t *testing.T) {
	t.Parallel()
	r, job, path := strictBook(t)
	c, err := r.ByName(t.Context(), "nightly")
	if err != nil {
		t.Fatal(err)
	}
	r.authorize(t, "strict@nightly")
	mine, none := c.Recipients[0], []string{}
	other := newIdentity(t).Recipient().String()
	for says, change := range map[string]pwfile.Change{
		"has several":             {Copies: &[]string{filepath.Join(t.TempDir(), "copy.pwfile.age")}},
		"opens on several":        {Recipients: &[]string{mine, other}},
		"opens this file on any ": {Recipients: &none, Passphrase: new(bool)},
	} {
		back := pwfile.Change{Copies: &none, Recipients: &[]string{mine}, Passphrase: new(bool)}
		if change.Passphrase != nil {
			*change.Passphrase = true
		}
		if _, err := r.Edit(t.Context(), c.ID, change); err != nil {
			t.Fatal(err)
		}
		if item := r.plan(t, pwfile.Selection{}); item.Refused == nil || item.Refused.Kind != pwfile.RefusedSeveral || !strings.Contains(item.Refused.Why, says) {
			t.Errorf("%s: %+v", says, item.Refused)
		}
		if _, err := r.Edit(t.Context(), c.ID, back); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Edit(t.Context(), c.ID, pwfile.Change{AccountNames: &[]string{"strict@nightly"}}); err == nil {
		t.Error("a dedicated account was put into a canvas")
	}
	name := "weekly"
	if _, err := r.Edit(t.Context(), c.ID, pwfile.Change{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if got := states(r.generate(t, pwfile.Selection{})); got != "done" {
		t.Fatalf("under another name: %s", got)
	}
	if err := works(t, job, path); err != nil || r.account(t, "strict@weekly").HeldBy() == "" {
		t.Errorf("%v", err)
	}
}

// A job asks for the name that the file has: another name makes the file stale, and here a new one needs a new sign-in.
func TestARenamedAccountsOwnFileIsNoticed(t *testing.T) {
	t.Parallel()
	r, job, path := strictBook(t)
	r.authorize(t, "strict@nightly")
	r.generate(t, pwfile.Selection{})
	if err := r.Rename(t.Context(), r.account(t, "strict").ID, "renamed"); err != nil {
		t.Fatal(err)
	}
	c, err := r.ByName(t.Context(), "nightly")
	if err != nil || codes(c) != "renamed" || !c.NeedsWriting() {
		t.Errorf("stale: %+v, %v", c.Stale, err)
	}
	if err := works(t, job, path); err != nil {
		t.Errorf("a job that asks for the former name: %v", err)
	}
	item := r.plan(t, pwfile.Selection{Stale: true})
	if item.Refused == nil || strings.Join(item.NeedsDedicated(), " ") != "renamed@nightly" {
		t.Fatalf("%+v", item.Refused)
	}
	r.authorize(t, "renamed@nightly")
	if got := states(r.generate(t, pwfile.Selection{Stale: true})); got != "done" {
		t.Fatal(got)
	}
	f, err := pwfile.Open(t.Context(), path, pwfile.ReaderOptions{Dir: job})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Token(t.Context(), "renamed"); err != nil || r.account(t, "renamed@nightly").HeldBy() == "" {
		t.Errorf("under the new name: %v", err)
	}
}
