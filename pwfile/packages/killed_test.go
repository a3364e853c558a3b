package packages_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// job is what a child process does: a sync, or a fetch if From is set.
type job struct {
	Data, ID string
	From, To string
	KillAt   int // it kills itself at this report of progress; 0: it is killed from outside
	Largest  int // no file may grow beyond so many bytes; 0: any
}

// child is what the test binary does in a process of its own.
func child(text string) int {
	var j job
	if json.Unmarshal([]byte(text), &j) != nil {
		return 2
	}
	if j.Largest > 0 && limitFiles(j.Largest) != nil {
		return 2
	}
	reports := 0
	report := func(packages.Progress) {
		if reports++; reports != j.KillAt {
			return
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil && self.Kill() == nil {
			select {} // SIGKILL is on its way
		}
	}
	ctx := context.Background()
	if j.From != "" {
		return failed(second(packages.Fetch(ctx, packages.FetchOptions{From: j.From, To: j.To, Dir: "/nonexistent"}, report)))
	}
	s, err := store.Open(ctx, j.Data)
	if err != nil {
		return failed(err)
	}
	b := newBook()
	files := pwfile.New(pwfile.Config{Book: b, Store: s, Dir: j.Data})
	return failed(second(packages.New(packages.Config{Book: b, Store: s, Canvases: files}).Sync(ctx, j.ID, packages.Options{}, report)))
}

func failed(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func second[T any](_ T, err error) error { return err }

func (j job) command(t testing.TB) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	text, err := json.Marshal(j)
	must(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "PACKAGES_TEST_CHILD="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

// killed runs a child and reports whether it was killed before it was done.
func (j job) killed(t testing.TB) bool {
	t.Helper()
	err := j.command(t).Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if ok && exit.ExitCode() == 1 {
		t.Fatal("the child failed by itself")
	}
	return ok
}

// edition gives every file of a package of five a new content.
func (b *bench) edition(n int) map[string]string {
	b.Helper()
	want := map[string]string{}
	for i := range 4 {
		name := fmt.Sprintf("f%d.txt", i)
		want[name] = fmt.Sprintf("edition %d of file %d", n, i)
		b.file(name, want[name])
	}
	b.write(filepath.Join(b.home, "sales.acc"), fmt.Sprintf("edition %d", n))
	want["sales.acc"] = fmt.Sprintf("edition %d", n)
	want["sales.pwfile.age"] = readFile(b, filepath.Join(b.home, "sales.pwfile.age"))
	return want
}

// five is a package of a canvas and four files.
func (b *bench) five(to string, layout store.PackageLayout) packages.Package {
	b.Helper()
	b.canvas("sales")
	b.edition(0)
	return b.pack(to, func(n *packages.NewPackage) {
		n.Layout = layout
		for i := range 4 {
			n.Files = append(n.Files, packages.Member{Name: filepath.Join(b.home, fmt.Sprintf("f%d.txt", i))})
		}
	}, "sales")
}

// A sync that is killed at any of its steps leaves the former package; the next one completes it.
func TestASyncMayBeKilledAtEachStep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to := filepath.Join(t.TempDir(), "dest")
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	former := b.edition(0)
	kills := 0
	for n := 1; ; n++ {
		wanted := b.edition(n)
		was := job{Data: b.data, ID: p.ID, KillAt: n}.killed(t)
		dir := t.TempDir()
		b.fetch(to, dir)
		got := tree(t, dir)
		if !maps.Equal(got, former) && !maps.Equal(got, wanted) {
			t.Fatalf("killed at report %d a reader finds %v", n, got)
		}
		if !was {
			break
		}
		kills++
		if n%3 == 0 { // now and then it is completed, else the next is killed on top of it
			b.sync(p)
			got = wanted
		}
		former = got
	}
	if kills < 12 {
		t.Errorf("only %d kills", kills)
	}
	// What the killed ones left half written goes after a day.
	for _, name := range []string{".fettle-new-a", "objects/.fettle-new-b"} {
		b.write(filepath.Join(to, name), "half")
	}
	b.clock.advance(25 * time.Hour)
	b.sync(p)
	for name := range tree(t, to) {
		if strings.Contains(name, ".fettle") {
			t.Errorf("%s is still there", name)
		}
	}
}

// A fetch that is killed at any of its steps leaves the former files; a switch that has begun is completed by the next
// fetch, even if that cannot reach the package any more.
func TestAFetchMayBeKilledAtEachStep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	former := b.edition(0)
	b.sync(p)
	b.fetch(to, dir)
	kills := 0
	for n := 1; ; n++ {
		wanted := b.edition(n)
		b.sync(p)
		if !(job{From: to, To: dir, KillAt: n}).killed(t) {
			break
		}
		kills++
		// Nothing is reported between two renames: a kill in there is what TestASwitchThatIsCutIsCompleted makes up.
		if got := tree(t, dir); !maps.Equal(got, former) && !maps.Equal(got, wanted) {
			t.Fatalf("killed at report %d a job finds files of two editions: %v", n, got)
		}
		must(t, os.Rename(to, to+"-away"))
		_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir}, watch(t).report)
		wantCode(t, err, packages.NoTarget)
		must(t, os.Rename(to+"-away", to))
		if former = tree(t, dir); !maps.Equal(former, wanted) && former["f0.txt"] == wanted["f0.txt"] {
			t.Fatalf("killed at report %d there are files of two editions: %v", n, former)
		}
	}
	if got := tree(t, dir); got["f3.txt"] != fmt.Sprintf("edition %d of file 3", kills+1) {
		t.Errorf("at last: %v", got)
	}
	if kills < 8 {
		t.Errorf("only %d kills", kills)
	}
}

// What was brought before a kill does not travel again.
func TestASyncGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	const n = 24
	p := b.pack(s.target("p"), func(p *packages.NewPackage) {
		for i := range n {
			p.Files = append(p.Files, packages.Member{Name: b.file(fmt.Sprintf("f%d", i), fmt.Sprint("content ", i))})
		}
	}, b.canvas("sales").Name)

	reached, ended := make(chan struct{}), make(chan struct{})
	var puts int
	var mu sync.Mutex
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		if kind(r) != "PUT object" {
			return false
		}
		mu.Lock()
		puts++
		now := puts
		mu.Unlock()
		if now == n/2 {
			close(reached)
		}
		if now >= n/2 {
			<-ended
			return true
		}
		return false
	})
	cmd := job{Data: b.data, ID: p.ID}.command(t)
	must(t, cmd.Start())
	<-reached
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	close(ended)
	s.on(nil)
	s.reset()

	_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: s.target("p"), To: t.TempDir()}, nil)
	wantCode(t, err, packages.NotYet)
	r := b.sync(p)
	// A request may be tried again, so there can be more of them than objects that travelled, but never one for each.
	if requests := s.reset()["PUT object"]; r.Uploaded != n+2-r.Present || requests >= n+2 || r.Present < n/2-4 {
		t.Errorf("%d objects travelled by %d requests and %d were there, of %d", r.Uploaded, requests, r.Present, n+2)
	}
	b.fetch(s.target("p"), t.TempDir())
}

// However often and whenever somebody fetches while others sync, what is there afterwards is of one sync.
func TestAReaderNeverGetsAMixture(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		for _, layout := range []store.PackageLayout{store.LayoutObjects, store.LayoutPlain} {
			t.Run(string(layout), func(t *testing.T) {
				to := to + "-" + string(layout)
				if strings.HasPrefix(to, "s3://") {
					base, query, _ := strings.Cut(strings.TrimSuffix(to, "-"+string(layout)), "?")
					to = base + "-" + string(layout) + "?" + query
				}
				b := newBench(t).with(b)
				p := b.five(to, layout)
				b.sync(p)
				stop := make(chan struct{})
				var readers sync.WaitGroup
				for range 2 {
					readers.Go(func() { b.readUntil(stop, to, layout) })
				}
				editions := 12
				if b.ssh != "" {
					editions = 3 // each fetch logs in anew
				}
				for n := 1; n <= editions; n++ {
					b.edition(n)
					b.sync(p)
				}
				close(stop)
				readers.Wait()
			})
		}
	})
}

// with takes over how another bench reaches its destinations.
func (b *bench) with(other *bench) *bench {
	b.ssh, b.Keeper = other.ssh, b.keeper(other.ssh)
	return b
}

// readUntil fetches into a folder of its own, again and again, and looks that every file is of the same edition.
func (b *bench) readUntil(stop <-chan struct{}, to string, layout store.PackageLayout) {
	dir := b.TempDir()
	for done := false; !done; {
		select {
		case <-stop:
			done = true
		default:
		}
		opts := packages.FetchOptions{From: to, To: dir, Connection: packages.Connection{SSHConfig: b.ssh}}
		_, err := packages.Fetch(b.Context(), opts, nil)
		if e, ok := errors.AsType[*packages.Error](err); ok && layout == store.LayoutPlain && (e.Code == packages.Conflict || e.Code == packages.Damaged) && !done {
			err = nil // plain files: a sync was under way for as long as the reader tried
		}
		if err != nil {
			b.Error(err)
			return
		}
		got := tree(b, dir)
		editions := map[string]bool{}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			if !strings.HasSuffix(name, ".age") {
				editions[strings.Join(strings.Fields(got[name])[:2], " ")] = true
			}
		}
		if len(got) > 0 && (len(editions) != 1 || len(got) != 6) {
			b.Errorf("a mixture: %v", got)
			return
		}
	}
}
