package packages_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/internal/sshtest"
	"fettle/oauthflow/provider"
	"fettle/pwfile/packages"
)

// everywhere runs a test against each kind of destination.
func everywhere(t *testing.T, run func(t *testing.T, b *bench, to string)) {
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		run(t, newBench(t), filepath.Join(t.TempDir(), "dest"))
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		run(t, newBench(t), newStorage(t).target("auto/nightly"))
	})
	t.Run("sftp", func(t *testing.T) {
		t.Parallel()
		n := sshtest.New(t)
		n.Start("one")
		b := newBench(t)
		b.Keeper = b.keeper(n.Config)
		b.ssh = n.Config
		run(t, b, "sftp://one"+filepath.Join(t.TempDir(), "dest"))
	})
}

func TestAPackageTravelsAndArrivesWhole(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		b.canvas("sales")
		b.canvas("stock")
		rates := b.file("rates.csv", "1,2,3")
		p := b.pack(to, func(n *packages.NewPackage) {
			n.Files = []packages.Member{{Name: rates, As: "tables/rates.csv"}}
			n.Canvases[1].As = "second"
		}, "sales", "stock")
		if plan, err := b.Plan(t.Context(), p.ID, packages.Options{}); err != nil || !plan.First || !plan.Work() ||
			states(plan.Items) != "sales.acc=new sales.pwfile.age=new second/stock.acc=new second/stock.pwfile.age=new tables/rates.csv=new" {
			t.Fatalf("plan %v, %v", plan, err)
		}
		r := b.sync(p)
		if r.Uploaded != 5 || r.Serial != 2 {
			t.Errorf("result %+v", r)
		}
		dir := t.TempDir()
		f := b.fetch(to, dir)
		want := map[string]string{
			"sales.acc": "canvas sales", "second/stock.acc": "canvas stock", "tables/rates.csv": "1,2,3",
			"sales.pwfile.age": readFile(t, filepath.Join(b.home, "sales.pwfile.age")), "second/stock.pwfile.age": readFile(t, filepath.Join(b.home, "stock.pwfile.age")),
		}
		if got := tree(t, dir); !maps.Equal(got, want) || len(f.Changed) != 5 || f.Package != "nightly" {
			t.Errorf("fetched %+v: %v", f, got)
		}

		// Nothing changed: nothing travels, and no vault is needed.
		b.book.locked = errors.New("the vault is locked")
		if r := b.sync(p); r.Uploaded != 0 || r.Serial != 2 {
			t.Errorf("an unchanged package travelled: %+v", r)
		}
		b.write(filepath.Join(b.home, "sales.acc"), "canvas sales, second edition")
		if _, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil); !errors.Is(err, b.book.locked) {
			t.Errorf("synced without a key: %v", err)
		}
		b.book.locked = nil

		// One file changes, one goes.
		none := []packages.Member{}
		_, err := b.Edit(t.Context(), p.ID, packages.Change{Files: &none})
		must(t, err)
		plan, err := b.Plan(t.Context(), p.ID, packages.Options{})
		must(t, err)
		if got := states(plan.Items); got != "sales.acc=changed sales.pwfile.age=unchanged second/stock.acc=unchanged second/stock.pwfile.age=unchanged tables/rates.csv=gone" {
			t.Errorf("plan: %s", got)
		}
		if r := b.sync(p); r.Uploaded != 1 || r.Serial != 3 {
			t.Errorf("result %+v", r)
		}
		f = b.fetch(to, dir)
		delete(want, "tables/rates.csv")
		want["sales.acc"] = "canvas sales, second edition"
		if got := tree(t, dir); !maps.Equal(got, want) || strings.Join(f.Changed, " ") != "sales.acc" || strings.Join(f.Removed, " ") != "tables/rates.csv" || f.Unchanged != 3 {
			t.Errorf("fetched %+v: %v", f, got)
		}
	})
}

func TestPlainFilesKeepTheirNames(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		b.canvas("sales")
		extra := b.file("extra.txt", "x")
		p := b.pack(to, func(n *packages.NewPackage) {
			n.Layout, n.Files = store.LayoutPlain, []packages.Member{{Name: extra}}
		}, "sales")
		b.sync(p)
		b.write(extra, "y")
		if r := b.sync(p); r.Uploaded != 1 {
			t.Errorf("result %+v", r)
		}
		none := []packages.Member{}
		_, err := b.Edit(t.Context(), p.ID, packages.Change{Files: &none})
		must(t, err)
		if r := b.sync(p); r.Uploaded != 0 || r.Removed != 1 {
			t.Errorf("result %+v", r)
		}
		dir := t.TempDir()
		b.fetch(to, dir)
		if got := tree(t, dir); len(got) != 2 || got["sales.acc"] != "canvas sales" {
			t.Errorf("fetched %v", got)
		}
		if base, ok := strings.CutPrefix(to, "sftp://one"); ok || filepath.IsAbs(to) {
			if !ok {
				base = to
			}
			if got := tree(t, base); len(got) != 3 || got["sales.acc"] != "canvas sales" {
				t.Errorf("at the destination: %v", got)
			}
		}
	})
}

func TestOnlyWhatChangedTravels(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	for i := range 20 {
		b.canvas(fmt.Sprintf("c%02d", i))
	}
	names := []string{}
	for i := range 20 {
		names = append(names, fmt.Sprintf("c%02d", i))
	}
	p := b.pack(s.target("p"), nil, names...)
	b.sync(p)
	if got := s.reset(); got["PUT object"] != 40 || got["PUT manifest"] != 2 {
		t.Errorf("first sync: %v", got)
	}
	b.sync(p)
	if got := s.reset(); got["PUT object"]+got["PUT manifest"]+got["GET object"] != 0 || got["GET manifest"] != 1 {
		t.Errorf("nothing changed: %v", got)
	}
	b.write(filepath.Join(b.home, "c07.acc"), "another canvas")
	b.sync(p)
	if got := s.reset(); got["PUT object"] != 1 || got["PUT manifest"] != 1 || got["GET object"] != 1 {
		t.Errorf("one changed: %v", got)
	}
	if r, err := b.Sync(t.Context(), p.ID, packages.Options{Verify: true}, nil); err != nil || r.Uploaded != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := s.reset(); got["GET object"] != 40 {
		t.Errorf("everything was to be read back: %v", got)
	}
}

func TestWhatNobodyNeedsGoesAfterADay(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		b.canvas("sales")
		p := b.pack(to, nil, "sales")
		edition := func(n int) packages.Result {
			b.write(filepath.Join(b.home, "sales.acc"), fmt.Sprintf("edition %d", n))
			return b.sync(p)
		}
		edition(1)
		edition(2)
		b.clock.advance(48 * time.Hour)
		if r := b.sync(p); r.Removed != 0 {
			t.Errorf("what the last but one manifest names was removed: %+v", r)
		}
		if r := edition(3); r.Removed != 1 {
			t.Errorf("edition 1 is two manifests and two days old: %+v", r)
		}
		if r := edition(4); r.Removed != 0 {
			t.Errorf("edition 2 was dropped a moment ago: %+v", r)
		}
		b.clock.advance(23 * time.Hour)
		if r := b.sync(p); r.Removed != 0 {
			t.Errorf("removed too early: %+v", r)
		}
		b.clock.advance(2 * time.Hour)
		if r := b.sync(p); r.Removed != 1 || len(r.Notes) > 0 {
			t.Errorf("edition 2 has had its day: %+v", r)
		}
		b.fetch(to, t.TempDir())
	})
}

func TestWhatWouldNotRunIsNotSynced(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to := filepath.Join(t.TempDir(), "dest")
	b.canvas("sales")
	rates := b.file("rates.csv", "1")
	p := b.pack(to, func(n *packages.NewPackage) { n.Files = []packages.Member{{Name: rates}} }, "sales")
	b.sync(p)

	blocked := func(words ...string) {
		t.Helper()
		_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
		e, ok := errors.AsType[*packages.BlockedError](err)
		if !ok {
			t.Fatalf("error %v, want a BlockedError", err)
		}
		for _, w := range words {
			if !strings.Contains(e.Error(), w) {
				t.Errorf("%q does not say %q", e, w)
			}
		}
		got, err := b.ByName(t.Context(), "nightly")
		must(t, err)
		if got.Problem == "" || got.Synced == nil {
			t.Errorf("not noted: %+v", got)
		}
	}
	b.write(filepath.Join(b.home, "sales.pwfile.age"), "somebody else's")
	blocked("password file of sales", "fettle pwfile generate sales")
	b.generate(false)
	remove(t, rates)
	blocked("rates.csv cannot be read")
	b.write(rates, "1")
	if r := b.sync(p); len(r.Notes) > 0 {
		t.Errorf("notes %v", r.Notes)
	}

	// A stale password file goes along, and is named.
	b.book.mu.Lock()
	b.book.accounts[0].Generation++
	b.book.mu.Unlock()
	plan, err := b.Plan(t.Context(), p.ID, packages.Options{})
	must(t, err)
	if got := plan.Stale(); len(got) != 1 || got[0] != "sales" {
		t.Errorf("stale: %v", got)
	}
	if r := b.sync(p); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "fettle pwfile generate sales") {
		t.Errorf("notes %v", r.Notes)
	}

	// A provider whose refresh tokens turn out to work once.
	b.book.mu.Lock()
	b.book.accounts[0].Rotation = provider.RotationSingleUse
	b.book.mu.Unlock()
	blocked("one place only")
	_, err = b.Add(t.Context(), packages.NewPackage{Name: "other", Canvases: []packages.Member{{Name: "sales"}}, Target: to + "2"})
	wantCode(t, err, "single_use", "ana", "leave this canvas out")

	c, err := b.files.ByName(t.Context(), "sales")
	must(t, err)
	_, err = b.files.Remove(t.Context(), c.ID)
	must(t, err)
	blocked("canvas sales is no longer here")
}

func TestAListSaysWhatIsBehind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	p := b.pack(filepath.Join(t.TempDir(), "dest"), nil, "sales")
	behind := func(want string) {
		t.Helper()
		all, err := b.Packages(t.Context())
		must(t, err)
		texts := []string{}
		for _, l := range all[0].Behind {
			texts = append(texts, l.Text)
		}
		if got := strings.Join(texts, ", "); got != want {
			t.Errorf("behind: %q, want %q", got, want)
		}
	}
	behind("it was never synced")
	b.sync(p)
	behind("")
	b.generate(true)
	behind("the password file of sales was written again since")
	b.sync(p)
	behind("")
	b.canvas("stock")
	_, err := b.Edit(t.Context(), p.ID, packages.Change{Canvases: &[]packages.Member{{Name: "stock"}}})
	must(t, err)
	behind("a canvas that was taken out is still at the destination, canvas stock is not at the destination yet")
}

// The manifest has to be replaced in one step: a server that cannot is told before anything travels.
func TestAServerThatCannotReplaceAFileTakesNoPackage(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	n.StartPlain("plain")
	b.Keeper = b.keeper(n.Config)
	dest := t.TempDir()
	p := b.pack("sftp://plain"+dest, nil, b.canvas("sales").Name)
	_, err := b.Plan(t.Context(), p.ID, packages.Options{})
	wantCode(t, err, packages.WrongServer, "posix-rename", dest)
	_, err = b.Sync(t.Context(), p.ID, packages.Options{}, nil)
	wantCode(t, err, packages.WrongServer, "posix-rename", dest)
	if got := tree(t, dest); len(got) > 0 {
		t.Errorf("something travelled: %v", got)
	}
}

// busy is a book in which something happens while it is asked who it is.
type busy struct {
	*book
	meanwhile func()
}

func (b busy) BookID(ctx context.Context) (string, error) {
	b.meanwhile()
	return b.book.BookID(ctx)
}

// A sync that ends while somebody plans another is this book's own, and not one of a copy.
func TestASyncDuringAPlanIsNoStrangers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.five(filepath.Join(t.TempDir(), "dest"), store.LayoutObjects)
	b.sync(p)
	b.edition(1)
	other := sync.OnceFunc(func() { b.sync(p) })
	k := packages.New(packages.Config{Book: busy{b.book, other}, Store: b.store, Canvases: b.files, Now: b.clock.Now})
	if plan, err := k.Plan(t.Context(), p.ID, packages.Options{}); err != nil || plan.Work() {
		t.Errorf("%s, %v", states(plan.Items), err)
	}
}
