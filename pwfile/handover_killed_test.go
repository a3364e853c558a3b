package pwfile_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

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
