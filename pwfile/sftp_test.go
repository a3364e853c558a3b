package pwfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
	"fettle/internal/sshtest"
	"fettle/pwfile"
)

// over makes the bench reach other machines through the network.
func (b *bench) over(n *sshtest.Network) {
	b.Keeper = pwfile.New(pwfile.Config{Book: b.book, Store: b.store, Dir: b.data, Actor: "tester", Now: b.clock.Now, Remote: pwfile.Remote{Config: n.Config}})
}

// away is a folder on another machine, and its address at a host.
func (b *bench) away(host string) (dir, address string) {
	b.Helper()
	dir = filepath.Join(b.TempDir(), host)
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	return dir, "sftp://" + host + dir + "/"
}

// look looks at the places elsewhere, too.
func (b *bench) look(name string) pwfile.Canvas {
	b.Helper()
	if err := b.CheckRemote(b.Context(), pwfile.RemoteOptions{}, nil); err != nil {
		b.Fatal(err)
	}
	return b.now(name)
}

func entries(t testing.TB, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func failedPlaces(run store.Run) (ids []string) {
	for _, l := range run.Lines {
		if l.State == store.LineFailed {
			ids = append(ids, l.PlaceID)
		}
	}
	return ids
}

func TestThreeServersOneDownAndOneWithAnotherKey(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	servers, dirs, addresses := map[string]*sshtest.Server{}, map[string]string{}, []string{}
	for _, host := range []string{"good", "down", "changed"} {
		servers[host] = n.Start(host)
		dir, address := b.away(host)
		dirs[host], addresses = dir, append(addresses, address)
	}
	b.book.add("a")
	for _, name := range []string{"one", "two"} {
		b.canvas(name, func(c *pwfile.NewCanvas) { c.Copies = addresses }, "a")
	}
	servers["down"].Down()
	servers["changed"].Down()
	servers["changed"].NewHostKey()
	servers["changed"].Up()

	var underway atomic.Int64
	run, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{Underway: func(store.RunLine) { underway.Add(1) }}, nil)
	if err != nil || states(run) != "done done failed failed done done failed failed" {
		t.Fatalf("%v: %s", err, states(run))
	}
	if underway.Load() != 8 {
		t.Errorf("told of %d deliveries under way, want 8", underway.Load())
	}
	for _, i := range []int{2, 6} {
		if l := run.Lines[i]; l.Code != string(sshconn.Unreachable) || !l.Transient {
			t.Errorf("the host that is down: %+v", l)
		}
		if l := run.Lines[i+1]; l.Code != string(sshconn.ChangedHostKey) || l.Transient || !strings.Contains(l.Cause, servers["changed"].Fingerprint()) {
			t.Errorf("the host with another key: %+v", l)
		}
	}
	if got := entries(t, dirs["good"]); got != "one.pwfile.age two.pwfile.age" {
		t.Errorf("on the good host: %q", got)
	}
	if got := entries(t, dirs["changed"]) + entries(t, dirs["down"]); got != "" {
		t.Errorf("something reached a host that was not to be trusted: %q", got)
	}
	if got := codes(b.now("one")); got != "place_differs place_differs" {
		t.Errorf("stale: %s", got)
	}

	// Repaired, the rest is finished, with the file that the others have.
	servers["down"].Up()
	n.Know(servers["changed"])
	good, exports := filepath.Join(dirs["good"], "one.pwfile.age"), b.book.exports
	before := readFile(t, good)
	retry := b.generate(pwfile.Selection{PlaceIDs: failedPlaces(run)})
	if states(retry) != "done done done done" || b.book.exports != exports {
		t.Errorf("retried: %+v", retry.Lines)
	}
	for _, dir := range dirs {
		if got := readFile(t, filepath.Join(dir, "one.pwfile.age")); !bytes.Equal(got, before) {
			t.Errorf("%s holds another file", dir)
		}
	}
	if got := codes(b.look("one")) + codes(b.look("two")); got != "" {
		t.Errorf("still stale: %s", got)
	}
}

func TestAPlaceElsewhereIsLookedAtOnDemand(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	server := n.Start("host")
	dir, address := b.away("host")
	b.book.add("a")
	b.canvas("nightly", func(c *pwfile.NewCanvas) { c.Copies = []string{address} }, "a")
	path := filepath.Join(dir, "nightly.pwfile.age")
	b.generate(pwfile.Selection{})
	for name, c := range map[string]struct {
		spoil func() error
		want  string
	}{
		"changed":       {func() error { return os.WriteFile(path, []byte("x"), 0o600) }, "place_differs"},
		"missing":       {func() error { return os.Remove(path) }, "missing"},
		"open to all":   {func() error { return os.Chmod(path, 0o644) }, "place_differs"},
		"a link":        {func() error { return errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path)) }, "place_differs"},
		"gone for good": {func() error { return os.RemoveAll(dir) }, "missing"},
	} {
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		if got := codes(b.now("nightly")); got != "" {
			t.Fatalf("%s: noticed without a look: %q", name, got)
		}
		b.clock.advance(time.Hour)
		got := b.look("nightly")
		if codes(got) != c.want || !got.NeedsWriting() || !got.Places[1].CheckedAt.Equal(b.clock.Now()) {
			t.Errorf("%s: %q, want %q, looked at %v", name, codes(got), c.want, got.Places[1].CheckedAt)
		}
		_ = os.Mkdir(dir, 0o700) // there already, mostly
		if name == "a link" {    // it is refused, and removed by hand
			if got := states(b.generate(pwfile.Selection{})); got != "unchanged failed" {
				t.Errorf("a link was written: %s", got)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if got := states(b.generate(pwfile.Selection{})); got != "unchanged done" {
			t.Errorf("%s: mended: %s", name, got)
		}
	}

	// Out of reach is no reason to write again: what was seen counts, with its age.
	b.look("nightly")
	seen := b.clock.Now()
	server.Down()
	b.clock.advance(72 * time.Hour)
	got := b.look("nightly")
	if codes(got) != "unreachable" || got.NeedsWriting() || !strings.Contains(got.Stale[0].Text, "as of 2026-11-22") ||
		!got.Places[1].CheckedAt.Equal(seen) || !got.Places[1].UnreachedAt.Equal(b.clock.Now()) {
		t.Errorf("%+v, %+v", got.Stale, got.Places[1])
	}
	server.Up()
	if got := codes(b.look("nightly")); got != "" {
		t.Errorf("after it came back: %q", got)
	}
}

func TestAKeyIsUnlockedOnceForAllHosts(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	key, places := n.NewKey("locked", canary+"passphrase"), []string{}
	for _, host := range []string{"one", "two"} {
		n.Start(host)
		n.Use(host, key)
		_, address := b.away(host)
		places = append(places, address)
	}
	b.book.add("a")
	b.canvas("nightly", func(c *pwfile.NewCanvas) { c.Copies = places }, "a")
	run := b.generate(pwfile.Selection{})
	if states(run) != "done failed failed" || run.Lines[1].Code != string(sshconn.NeedsPassphrase) {
		t.Fatalf("with nobody to ask: %+v", run.Lines)
	}
	asked := 0
	run, err := b.Generate(t.Context(), b.plan(pwfile.Selection{Stale: true}), pwfile.GenerateOptions{
		Unlock: func(context.Context, sshconn.Question) (secret.Text, error) {
			asked++
			return secret.New(canary + "passphrase"), nil
		},
	}, nil)
	if err != nil || states(run) != "unchanged done done" || asked != 1 {
		t.Errorf("asked %d times: %v, %+v", asked, err, run.Lines)
	}
}

func TestACancelledRunToAnotherMachineIsContinued(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	n.Start("host")
	dir, address := b.away("host")
	b.book.add("a")
	const many = 12
	for i := range many {
		b.canvas(fmt.Sprintf("c%02d", i), func(c *pwfile.NewCanvas) { c.PasswordFile = address }, "a")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, err := b.Generate(ctx, b.plan(pwfile.Selection{}), pwfile.GenerateOptions{}, func(p pwfile.Progress) {
		if p.Done == 3 {
			cancel()
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// What was cut in the middle left no half of a file: whatever lies there opens.
	for _, name := range strings.Fields(entries(t, dir)) {
		if strings.HasSuffix(name, ".pwfile.age") {
			b.open(filepath.Join(dir, name))
		}
	}
	b.generate(pwfile.Selection{Stale: true})
	if got := entries(t, dir); len(strings.Fields(got)) != many || strings.Contains(got, ".tmp") {
		t.Errorf("after %s: %s", states(first), got)
	}
	b.look("c00")
	all, err := b.Canvases(t.Context())
	if err != nil || pwfile.StaleFiles(all) != 0 {
		t.Errorf("%d are still stale, %v", pwfile.StaleFiles(all), err)
	}
}

func TestAReaderElsewhereNeverSeesHalfAFile(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	n.Start("host")
	dir, address := b.away("host")
	b.book.add("a")
	var paths, copies []string
	for i := range 10 {
		name := fmt.Sprintf("copy-%d.age", i)
		paths, copies = append(paths, filepath.Join(dir, name)), append(copies, address+name)
	}
	b.canvas("nightly", func(c *pwfile.NewCanvas) { c.Copies = copies }, "a")
	b.generate(pwfile.Selection{})
	key := filepath.Join(b.data, "server.key")
	stock, err := exec.LookPath("age")
	if err != nil {
		t.Log("there is no age program: the sample is opened by the library only")
	}
	var (
		stop  atomic.Bool
		reads atomic.Int64
		wg    sync.WaitGroup
	)
	readers := pwfile.ReaderOptions{Dir: b.data + "-reader", Identities: identities(t, b.data)}
	wg.Go(func() {
		for i := 0; !stop.Load(); i++ {
			path := paths[i%len(paths)]
			if info, err := pwfile.Inspect(t.Context(), path, readers); err != nil || info.Problem != nil {
				t.Errorf("%v, %v", err, info.Problem)
				return
			}
			if i%500 == 0 && stock != "" {
				if out, err := exec.CommandContext(t.Context(), stock, "-d", "-i", key, path).CombinedOutput(); err != nil {
					t.Errorf("age: %v %s", err, out)
					return
				}
			}
			reads.Add(1)
		}
	})
	const rounds = 8
	for range rounds {
		if got := states(b.generate(pwfile.Selection{Force: true})); strings.Count(got, "done") != 11 {
			t.Error(got)
		}
	}
	stop.Store(true)
	wg.Wait()
	if reads.Load() < rounds*10 {
		t.Errorf("only %d reads", reads.Load())
	}
	t.Logf("%d reads during %d replacements", reads.Load(), rounds*10)
}

func TestAnUnattendedMachineWithoutSSH(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Keeper = pwfile.New(pwfile.Config{Book: b.book, Store: b.store, Dir: b.data, Now: b.clock.Now, Remote: pwfile.Remote{Program: "/no/such/ssh"}})
	b.book.add("a")
	b.canvas("nightly", func(c *pwfile.NewCanvas) { c.Copies = []string{"sftp://host/srv/"} }, "a")
	run := b.generate(pwfile.Selection{})
	if states(run) != "done failed" || run.Lines[1].Code != string(sshconn.NoProgram) || !strings.Contains(run.Lines[1].Cause, "install") {
		t.Errorf("%+v", run.Lines)
	}
	if i := slices.IndexFunc(b.now("nightly").Stale, func(r pwfile.Reason) bool { return r.Code == pwfile.StalePlaceDiffers }); i < 0 {
		t.Error("a place that never got the file is not stale")
	}
}

func TestABrokenConnectionIsMadeAgain(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	server := n.Start("host")
	_, address := b.away("host")
	b.book.add("a")
	for i := range 6 {
		b.canvas(fmt.Sprintf("c%d", i), func(c *pwfile.NewCanvas) { c.PasswordFile = address }, "a")
	}
	cuts := 0
	var mu sync.Mutex
	run, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{Underway: func(store.RunLine) {
		mu.Lock()
		defer mu.Unlock()
		if cuts == 0 { // once, before the first file travels
			cuts = server.Cut()
		}
	}}, nil)
	if err != nil || strings.Contains(states(run), "failed") {
		t.Errorf("%v: %+v", err, run.Lines)
	}
	if cuts == 0 {
		t.Error("no connection was cut")
	}
}

func TestADiskElsewhereThatTakesNothing(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("full and read-only disks: only root can make them")
	}
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	n.Start("host")
	b.book.add("a")
	for option, code := range map[string]string{"ro": "failed", "size=16k": "disk_full"} {
		dir, address := b.away("host")
		b.canvas(option[:2], func(c *pwfile.NewCanvas) { c.Copies = []string{address} }, "a")
		if err := mountMemory(t, dir, option); err != nil {
			t.Skipf("%s: cannot be made here: %v", option, err)
		}
		_ = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600) // fails when full, or at once
		run := b.generate(pwfile.Selection{Stale: true})
		line := run.Lines[len(run.Lines)-1]
		if line.State != store.LineFailed || line.Code != code || !strings.Contains(line.Cause, dir) {
			t.Errorf("%s: %+v", option, line)
		}
		if left := strings.TrimSuffix(entries(t, dir), "filler"); left != "" {
			t.Errorf("%s: left %q", option, left)
		}
		if err := b.forget(option[:2]); err != nil {
			t.Error(err)
		}
	}
}

// forget removes a canvas, so that it takes no part in what follows.
func (b *bench) forget(name string) error {
	c, err := b.ByName(b.Context(), name)
	if err == nil {
		_, err = b.Remove(b.Context(), c.ID)
	}
	return err
}

// A delivery that the operator cuts has not failed: its line waits, and the run goes on with it.
func TestADeliveryThatIsCutByTheOperatorGoesOnWaiting(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	n.Start("host")
	dir, address := b.away("host")
	b.book.add("a")
	b.canvas("nightly", func(c *pwfile.NewCanvas) { c.Copies = []string{address} }, "a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, err := b.Generate(ctx, b.plan(pwfile.Selection{}), pwfile.GenerateOptions{Underway: func(l store.RunLine) {
		if strings.HasPrefix(l.Target, "sftp://") {
			cancel()
		}
	}}, nil)
	if !errors.Is(err, context.Canceled) || states(first) != "done waiting" || !first.EndedAt.IsZero() {
		t.Fatalf("%v: %+v", err, first.Lines)
	}
	if got := b.now("nightly").Places[1]; got.Problem != "" || !got.CheckedAt.IsZero() {
		t.Errorf("what is not known of the place was recorded: %+v", got)
	}
	second := b.generate(pwfile.Selection{Stale: true})
	if second.ID != first.ID || states(second) != "unchanged done" || entries(t, dir) != "nightly.pwfile.age" {
		t.Errorf("after %s: %s: %+v", first.ID, second.ID, second.Lines)
	}
}

// Nobody has to look at another machine to know that the file there has the former group.
func TestAnotherGroupIsNewsForAPlaceElsewhere(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	n.Start("host")
	dir, address := b.away("host")
	b.book.add("a")
	c := b.canvas("nightly", func(c *pwfile.NewCanvas) { c.PasswordFile = address }, "a")
	b.generate(pwfile.Selection{})
	group, path := fmt.Sprint(os.Getegid()), filepath.Join(dir, "nightly.pwfile.age")
	before, exports := readFile(t, path), b.book.exports
	if _, err := b.Edit(t.Context(), c.ID, pwfile.Change{Group: &group}); err != nil {
		t.Fatal(err)
	}
	if got := codes(b.now("nightly")); got != "place_differs" {
		t.Errorf("after the group was set: %q", got)
	}
	if got := states(b.generate(pwfile.Selection{Stale: true})); got != "done" || b.book.exports != exports || !bytes.Equal(readFile(t, path), before) {
		t.Errorf("mended: %s", got)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 || codes(b.look("nightly")) != "" {
		t.Errorf("%v, %v, stale: %s", info.Mode(), err, codes(b.look("nightly")))
	}
}

func TestAServerThatCannotReplaceAFileKeepsTheFormerOne(t *testing.T) {
	t.Parallel()
	n, b := sshtest.New(t), newBench(t)
	b.over(n)
	n.StartPlain("plain")
	dir, address := b.away("plain")
	id := b.book.add("a")
	b.canvas("nightly", func(c *pwfile.NewCanvas) { c.Copies = []string{address} }, "a")
	if got := states(b.generate(pwfile.Selection{})); got != "done done" {
		t.Fatalf("a new file: %s", got)
	}
	former := readFile(t, filepath.Join(dir, "nightly.pwfile.age"))
	b.book.renew(id)
	run := b.generate(pwfile.Selection{})
	if l := run.Lines[1]; states(run) != "done failed" || l.Code != string(sshconn.Unsupported) || l.Transient || !strings.Contains(l.Cause, "posix-rename") {
		t.Errorf("over a former one: %+v", run.Lines)
	}
	if got := readFile(t, filepath.Join(dir, "nightly.pwfile.age")); !bytes.Equal(got, former) || entries(t, dir) != "nightly.pwfile.age" {
		t.Errorf("left: %s", entries(t, dir))
	}
	if got := codes(b.now("nightly")); got != "place_differs" {
		t.Errorf("stale: %s", got)
	}
}
