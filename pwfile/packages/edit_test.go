package packages_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

func TestWhatAPackageCannotHold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	b.canvas("stock")
	file := b.file("rates.csv", "1")
	to := filepath.Join(t.TempDir(), "dest")
	good := packages.NewPackage{Name: "nightly", Canvases: []packages.Member{{Name: "sales"}}, Target: to}
	for words, edit := range map[string]func(*packages.NewPackage){
		"1 to 63 letters":              func(n *packages.NewPackage) { n.Name = "../nightly" },
		"at least one canvas":          func(n *packages.NewPackage) { n.Canvases = nil },
		"named twice":                  func(n *packages.NewPackage) { n.Canvases = append(n.Canvases, packages.Member{Name: "sales", As: "x"}) },
		"objects or plain":             func(n *packages.NewPackage) { n.Layout = "zip" },
		"there is no canvas":           func(n *packages.NewPackage) { n.Canvases[0].Name = "x\x1b[31m" },
		"no plain path":                func(n *packages.NewPackage) { n.Canvases[0].As = "../up" },
		"cannot lie beside each other": func(n *packages.NewPackage) { n.Files = []packages.Member{{Name: file, As: "SALES.acc"}} },
		"keeps for itself":             func(n *packages.NewPackage) { n.Files = []packages.Member{{Name: file, As: "manifest.json"}} },
		"no path":                      func(n *packages.NewPackage) { n.Files = []packages.Member{{Name: ""}} },
		"no kind of destination":       func(n *packages.NewPackage) { n.Target = "gopher://x" },
	} {
		n := good
		n.Canvases = slices.Clone(good.Canvases)
		edit(&n)
		_, err := b.Add(t.Context(), n)
		if err == nil || !strings.Contains(err.Error(), words) || strings.ContainsRune(err.Error(), 0x1b) {
			t.Errorf("error %v does not say %q", err, words)
		}
	}
	if all, err := b.Packages(t.Context()); err != nil || len(all) != 0 || all == nil {
		t.Errorf("%v, %v", all, err)
	}
}

func TestEditingAPackage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	to := filepath.Join(t.TempDir(), "dest")
	p := b.pack(to, nil, "sales")
	b.sync(p)
	now, err := b.ByName(t.Context(), "nightly")
	must(t, err)
	name := "weekly"
	_, err = b.Edit(t.Context(), p.ID, packages.Change{Revision: p.Revision, Name: &name})
	if _, ok := errors.AsType[*store.ConflictError](err); !ok {
		t.Errorf("error %v, want a conflict: the sync has written the record", err)
	}
	now, err = b.Edit(t.Context(), p.ID, packages.Change{Revision: now.Revision, Name: &name})
	if err != nil || now.Name != name || now.Synced == nil || len(now.Behind) != 0 {
		t.Errorf("%+v, %v", now, err)
	}
	if r := b.sync(p); r.Uploaded != 0 {
		t.Errorf("another name is nothing to bring: %+v", r)
	}

	// Another destination: nothing is known of it, and what lies at the former stays.
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	now, err = b.Edit(t.Context(), p.ID, packages.Change{Target: &elsewhere})
	if err != nil || now.Synced != nil || len(now.Behind) != 1 {
		t.Errorf("%+v, %v", now, err)
	}
	b.sync(p)
	b.fetch(to, t.TempDir())
	b.fetch(elsewhere, t.TempDir())

	must(t, b.Remove(t.Context(), p.ID))
	if _, err := b.ByName(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if _, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("synced what is gone: %v", err)
	}
	b.fetch(to, t.TempDir())
	must(t, b.store.View(t.Context(), func(r store.Reader) error {
		events, err := r.Events(store.EventFilter{})
		actions := []string{}
		for _, e := range events {
			if strings.HasPrefix(e.Action, "package") {
				actions = append(actions, e.Action)
			}
		}
		if want := "package removed,package synced,package changed,package changed,package synced,package added"; strings.Join(actions, ",") != want {
			t.Errorf("history: %v", actions)
		}
		return err
	}))
}

// Progress never goes back within a step, never runs over, and ends where it said it would.
func TestProgressAddsUp(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		p := b.five(to, store.LayoutObjects)
		b.file("f0.txt", strings.Repeat("a long file ", 100_000))
		var last packages.Progress
		steps := []packages.Step{}
		report := func(p packages.Progress) {
			if len(steps) == 0 || steps[len(steps)-1] != p.Step {
				if last.Done != last.Total && last.Step != packages.StepClean {
					t.Errorf("a step ended at %+v", last)
				}
				steps, last = append(steps, p.Step), packages.Progress{}
			}
			if p.Done < last.Done || p.Bytes < last.Bytes || p.Bytes > p.TotalBytes && p.TotalBytes > 0 {
				t.Errorf("%+v after %+v", p, last)
			}
			last = p
		}
		_, err := b.Sync(t.Context(), p.ID, packages.Options{}, report)
		must(t, err)
		if want := []packages.Step{packages.StepLook, packages.StepUpload, packages.StepVerify, packages.StepSwitch, packages.StepClean}; !slices.Equal(steps, want) {
			t.Errorf("steps %v", steps)
		}
		steps, last = nil, packages.Progress{}
		_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: t.TempDir(), Connection: packages.Connection{SSHConfig: b.ssh}}, report)
		must(t, err)
		if want := []packages.Step{packages.StepLook, packages.StepDownload, packages.StepSwitch}; !slices.Equal(steps, want) {
			t.Errorf("steps %v", steps)
		}
	})
}

// Whatever paths a package is given, those that are taken stay inside a folder and can lie beside each other in one.
func TestTakenPathsAreSafe(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"a", "A", "b", "..", ".", "", "é", "e\u0301", "x:y", "a.", ".fettle", "manifest.json", "\x1b", "c d", "/"})
		paths := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), "/")
		}), 1, 5).Draw(t, "paths")
		if packages.CheckPaths(paths) != nil {
			return
		}
		for i, p := range paths {
			if !filepath.IsLocal(p) || strings.ContainsAny(p, "\x1b\\") || strings.HasPrefix(strings.ToLower(p), ".fettle") {
				t.Fatalf("%q was taken", p)
			}
			for _, q := range paths[i+1:] {
				if strings.EqualFold(p, q) || strings.HasPrefix(strings.ToLower(q), strings.ToLower(p)+"/") || strings.HasPrefix(strings.ToLower(p), strings.ToLower(q)+"/") {
					t.Fatalf("%q and %q were taken together", p, q)
				}
			}
		}
	})
}
