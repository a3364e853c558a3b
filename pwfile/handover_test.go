package pwfile_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
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

// The process that writes the file is killed before, between and after the two steps of the hand-over. Whenever that
// is, the same command again ends with a job that works, one live credential, and none left in the book.
func TestAHandOverThatIsKilled(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"before Lend", "after Lend", "before the record", "before HandOver", "after HandOver"} {
		for _, used := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, used %v", at, used), func(t *testing.T) {
				t.Parallel()
				r, job, path := strictBook(t)
				id := r.authorize(t, "strict@nightly")
				r.kill(t, at, path)
				_, missing := os.Stat(path)
				if used && missing == nil { // the job does not wait for the operator
					if err := works(t, job, path); err != nil {
						t.Fatal(err)
					}
				}
				if at != "before Lend" {
					if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); !errors.As(err, new(*accounts.HeldError)) {
						t.Errorf("the book used a credential that the file may have: %v", err)
					}
				}
				r.generate(t, pwfile.Selection{})
				now := r.account(t, "strict@nightly")
				if now.HeldBy() == "" || now.HasRefresh || now.Generation != 1 {
					t.Errorf("%+v", now.Account)
				}
				if err := works(t, job, path); err != nil {
					t.Errorf("the job: %v", err)
				}
				c, err := r.ByName(t.Context(), "nightly")
				if err != nil || c.NeedsWriting() {
					t.Errorf("%+v, %v", c.Stale, err)
				}
				if s := r.server.Stats(); s.RevokedFamilies != 0 || s.LiveGrants != 2 {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

const (
	killAt     = "FETTLE_TEST_KILL_AT"
	killDir    = "FETTLE_TEST_KILL_DIR"
	killPath   = "FETTLE_TEST_KILL_PATH"
	killConfig = "FETTLE_TEST_KILL_CONFIG"
)

// mortal is a book whose process dies at one point of the hand-over.
type mortal struct {
	*accounts.Book
	at string
}

func (m mortal) die(at string) {
	if m.at == at {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill() // nothing of this process is left to tell
		}
		select {}
	}
}

func (m mortal) Lend(ctx context.Context, id, holder string) (accounts.Exported, error) {
	m.die("before Lend")
	defer m.die("after Lend")
	return m.Book.Lend(ctx, id, holder)
}

func (m mortal) HandOver(ctx context.Context, id, holder string, generation int64, where string) error {
	m.die("before HandOver")
	defer m.die("after HandOver")
	return m.Book.HandOver(ctx, id, holder, generation, where)
}

// mortalStore dies before anything is recorded of a file that was written.
type mortalStore struct {
	store.Store
	path string
}

func (m mortalStore) Update(ctx context.Context, fn func(store.Writer) error) error {
	if _, err := os.Stat(m.path); err == nil {
		mortal{at: "before the record"}.die("before the record")
	}
	return m.Store.Update(ctx, fn)
}

// kill generates all files in a process of its own that dies at that point.
func (r *realBook) kill(t *testing.T, at, path string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test binary itself
	cmd.Env = append(os.Environ(), killAt+"="+at, killDir+"="+r.data, killPath+"="+path, killConfig+"="+r.server.ProviderTOML("demo"))
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said, _ := bufio.NewReader(stdout).ReadString('\n')
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != -1 && code != 1 { // by a signal, or where there are none
		t.Fatalf("it was not killed: %v, %s", err, said)
	}
}

// generateMortally is that process.
func generateMortally() int {
	ctx := context.Background()
	s, err := store.Open(ctx, os.Getenv(killDir))
	if err != nil {
		return 2
	}
	v, err := vault.Load(vault.Settings{Dir: os.Getenv(killDir)})
	if err == nil {
		err = v.Unlock(ctx, nil)
	}
	builtin, builtinErr := provider.Builtin()
	if err = errors.Join(err, builtinErr); err != nil {
		return 3
	}
	catalogue, err := builtin.With("config.toml", []byte(os.Getenv(killConfig)))
	if err != nil {
		return 4
	}
	b := mortal{accounts.New(accounts.Config{Store: s, Vault: v, Catalogue: catalogue, Actor: "child"}), os.Getenv(killAt)}
	var records store.Store = s
	if b.at == "before the record" {
		records = mortalStore{s, os.Getenv(killPath)}
	}
	k := pwfile.New(pwfile.Config{Book: b, Store: records, Dir: os.Getenv(killDir), Actor: "child"})
	p, err := k.Plan(ctx, pwfile.Selection{})
	if err != nil {
		return 5
	}
	run, err := k.Generate(ctx, p, pwfile.GenerateOptions{}, nil)
	fmt.Println(run.Lines, err)
	return 0
}
