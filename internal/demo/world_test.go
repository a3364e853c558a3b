package demo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/demo"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	w := build(t)
	book, keeper := enter(t, w)
	t.Run("leaves every account in its state", func(t *testing.T) { states(t, book) })
	t.Run("leaves files stale for each reason", func(t *testing.T) { staleFiles(t, keeper) })
	t.Run("tells a story", func(t *testing.T) { story(t, book) })
	t.Run("keeps to its folder", func(t *testing.T) { folder(t, w) })
	t.Run("has a notice for eighty columns", func(t *testing.T) { notice(t, w) })
}

func states(t *testing.T, book *accounts.Book) {
	snapshot, err := book.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name, provider string
		state          accounts.State
		severity       accounts.Severity
		cause          string
		rotation       provider.Rotation
		generation     int64
	}{
		{"sales-ga", "suite", accounts.NeedsSignIn, accounts.SeverityCritical, "revoked", provider.RotationNone, 1},
		{"finance-sheets", "suite", accounts.MissingPermissions, accounts.SeverityCritical, "missing_permissions", provider.RotationNone, 2},
		{"ads-eu", "ads", accounts.Expiring, accounts.SeverityWarning, "expired", provider.RotationReplace, 1},
		{"press", "suite", accounts.NoResources, accounts.SeverityWarning, "no_resources", provider.RotationNone, 1},
		{"archive", "archive", accounts.Unreachable, accounts.SeverityWarning, "unreachable", provider.RotationReplace, 1},
		{"hr-sheets", "suite", accounts.Unproven, accounts.SeverityWarning, "unproven", provider.RotationNone, 1},
		{"ads-us", "ads", accounts.Healthy, accounts.SeverityOK, "", provider.RotationReplace, 1},
		{"board-reports", "suite", accounts.Healthy, accounts.SeverityOK, "", provider.RotationNone, 1},
		{"crm", "crm", accounts.Healthy, accounts.SeverityOK, "", provider.RotationSingleUse, 1},
		{"support-desk", "crm", accounts.Healthy, accounts.SeverityOK, "", provider.RotationSingleUse, 1},
		{"warehouse", "suite", accounts.Healthy, accounts.SeverityOK, "", provider.RotationNone, 1},
		{"web-ga", "suite", accounts.Healthy, accounts.SeverityOK, "", provider.RotationNone, 2},
	}
	if len(snapshot.Accounts) != len(want) {
		t.Fatalf("%d accounts, want %d", len(snapshot.Accounts), len(want))
	}
	for i, w := range want {
		a := snapshot.Accounts[i]
		got := w
		got.name, got.provider, got.rotation, got.generation = a.Name, a.Provider, a.Rotation, a.Generation
		got.state, got.severity, got.cause = a.Health.State, a.Health.Severity, a.Health.Cause
		if got != w {
			t.Errorf("account %d is %+v, want %+v", i, got, w)
		}
		if a.Health.LastGoodAt.IsZero() || !a.Identity.Known() {
			t.Errorf("%s: last good %v, identity %v", a.Name, a.Health.LastGoodAt, a.Identity)
		}
	}
	if dies := snapshot.Accounts[2].Health.DiesAt; !dies.After(snapshot.TakenAt) {
		t.Errorf("ads-eu dies at %v, which is no date ahead", dies)
	}
}

func staleFiles(t *testing.T, keeper *pwfile.Keeper) {
	canvases, err := keeper.Canvases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]pwfile.StaleCode{
		"ads-spend": "", "daily-sales": "", "month-close": pwfile.StaleGeneration, "press-clippings": pwfile.StaleMissing,
		"stock-sync": pwfile.StalePlaceDiffers, "weekly-board": pwfile.StaleGeneration,
	}
	if len(canvases) != len(want) {
		t.Fatalf("%d canvases, want %d", len(canvases), len(want))
	}
	for _, c := range canvases {
		code := pwfile.StaleCode("")
		if c.NeedsWriting() {
			code = c.Stale[0].Code
		}
		if code != want[c.Name] {
			t.Errorf("%s is stale because %q, want %q", c.Name, code, want[c.Name])
		}
		if _, err := os.Stat(c.Path); err != nil || c.Written == nil {
			t.Errorf("%s: written %v, canvas file: %v", c.Name, c.Written, err)
		}
	}
}

func story(t *testing.T, book *accounts.Book) {
	events, err := book.Events(t.Context(), store.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var newestFirst []string
	for _, e := range events {
		newestFirst = append(newestFirst, e.Action+" "+e.Subject)
	}
	for _, want := range []string{"authorize sales-ga", "password file written daily-sales", "re-authorize web-ga", "refresh archive", "refresh crm"} {
		if !slices.Contains(newestFirst, want) {
			t.Errorf("the history lacks %q", want)
		}
	}
	if span := events[0].At.Sub(events[len(events)-1].At); span.Hours() < 50*24 {
		t.Errorf("the history spans %v only", span)
	}
}

func folder(t *testing.T, w *demo.World) {
	for path, mode := range map[string]os.FileMode{w.Dir: 0o700, w.Data: 0o700, w.Canvases: 0o700, w.Config: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != mode || !strings.HasPrefix(path, w.Dir) {
			t.Errorf("%s has mode %v, want %v below %s", path, info.Mode().Perm(), mode, w.Dir)
		}
	}
}

func notice(t *testing.T, w *demo.World) {
	const how = "curl -d user_code=CODE -d allow=all URL"
	if n := w.Notice(); len(n) > 78 || !strings.Contains(n, how) || !strings.Contains(n, w.Dir) {
		t.Errorf("the notice has %d columns: %s", len(n), n)
	}
	elsewhere := demo.World{Dir: "/a/folder/with/a/name/that/has/no/room/beside/a/command/line"}
	if n := elsewhere.Notice(); len(n) > 78 || !strings.Contains(n, how) {
		t.Errorf("the notice has %d columns: %s", len(n), n)
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := demo.Build(ctx, filepath.Join(t.TempDir(), "world")); !errors.Is(err, context.Canceled) {
		t.Errorf("Build says %v", err)
	}
}

// BenchmarkBuild is how long a person waits for the demo.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		w, err := demo.Build(b.Context(), b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		w.Close()
	}
}
