package accounts_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
)

// The test binary, run again with these in its environment, is another fettle process on the same data.
const (
	childMode     = "FETTLE_TEST_CHILD" // what to do
	childDir      = "FETTLE_TEST_DIR"
	childIDs      = "FETTLE_TEST_IDS"
	childParallel = "FETTLE_TEST_PARALLEL"
	childFileSize = "FETTLE_TEST_FILE_SIZE"
)

const (
	modeNow  = "now"  // wait for a line on stdin, then refresh the accounts with Now
	modeMany = "many" // RefreshMany; on HUP and TERM cancel, drain and leave

)

// line is what a child says about one account.
type line struct {
	ID        string
	Requested bool
	Adopted   bool
	Held      bool // an answer is held in memory
	Err       string
}

// child is the main function of such a process.
func child() int {
	book, err := openBook(context.Background())
	if err != nil {
		return complain(err)
	}
	ids := strings.Split(os.Getenv(childIDs), ",")
	out := json.NewEncoder(os.Stdout)
	switch os.Getenv(childMode) {
	case modeNow:
		return childNow(book, ids, out)
	case modeDrive, modeDie:
		return childDrive(book, ids[0], out)
	}
	return childMany(book, ids, out)
}

func complain(err error) int {
	_, _ = fmt.Fprintln(os.Stderr, err) // nobody to tell otherwise
	return 1
}

func openBook(ctx context.Context) (*accounts.Book, error) {
	dir := os.Getenv(childDir)
	s, err := store.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	v, err := vault.Load(vault.Settings{Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := v.Unlock(ctx, nil); err != nil {
		return nil, err
	}
	catalogue, err := loadCatalogue(dir)
	if err != nil {
		return nil, err
	}
	parallel, _ := strconv.Atoi(os.Getenv(childParallel)) // absent: the defaults
	return accounts.New(accounts.Config{
		Store: s, Vault: v, Catalogue: catalogue, Actor: "child", Parallel: parallel, StrictParallel: parallel,
		Alarm: func(u accounts.Unstored, err error) {
			if err != nil {
				_ = json.NewEncoder(os.Stdout).Encode(line{ID: u.AccountID, Held: true}) // one write, so it does not mix with others
			}
		},
	}), nil
}

func childNow(book *accounts.Book, ids []string, out *json.Encoder) int {
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return complain(err)
	}
	for _, id := range ids {
		o, err := book.Refresh(context.Background(), id, accounts.Now(false))
		if out.Encode(toLine(id, o, err)) != nil || err != nil {
			return 1
		}
	}
	return 0
}

func childMany(book *accounts.Book, ids []string, out *json.Encoder) int {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM)
	drained := make(chan error, 1)
	go func() {
		<-signals
		cancel()
		draining, done := context.WithTimeout(context.Background(), 35*time.Second)
		defer done()
		drained <- book.Drain(draining)
	}()
	if limit, err := strconv.ParseUint(os.Getenv(childFileSize), 10, 64); err == nil {
		if err := boundFiles(limit); err != nil {
			return complain(err)
		}
	}
	fmt.Println("ready")
	var encoding error
	err := book.RefreshMany(ctx, ids, accounts.Now(true), func(id string, o accounts.Outcome, err error) {
		encoding = errors.Join(encoding, out.Encode(toLine(id, o, err)))
	})
	if ctx.Err() != nil {
		err = <-drained
	}
	if err := errors.Join(err, encoding); err != nil {
		return complain(err)
	}
	return 0
}

// boundFiles makes every write beyond the limit fail, until a line comes on stdin.
func boundFiles(limit uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	var former syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &former); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: former.Max}); err != nil {
		return err
	}
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // its end means the same
		_ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &former)
	}()
	return nil
}

func toLine(id string, o accounts.Outcome, err error) line {
	l := line{ID: id, Requested: o.Requested, Adopted: o.Adopted}
	if err != nil {
		l.Err = err.Error()
	}
	return l
}

// process is a running child.
type process struct {
	*exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *strings.Builder
}

// spawn starts a child on the rig's data and waits until it is ready to work.
func (r *rig) spawn(t testing.TB, mode string, ids []string, env ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0]), stderr: &strings.Builder{}} //nolint:gosec // this test binary itself
	p.Env = append(os.Environ(), childMode+"="+mode, childDir+"="+r.dir, childIDs+"="+strings.Join(ids, ","))
	p.Env = append(p.Env, env...)
	p.Stderr = p.stderr
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	if p.stdin, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill() // it has mostly ended
		_ = p.Wait()
	})
	if said, err := p.stdout.ReadString('\n'); err != nil || said != "ready\n" {
		t.Fatalf("child said %q (%v): %s", said, err, p.stderr)
	}
	return p
}

// finish reads what the child says until it ends.
func (p *process) finish(t testing.TB) ([]line, error) {
	t.Helper()
	var lines []line
	for {
		text, err := p.stdout.ReadBytes('\n')
		if err != nil {
			return lines, p.Wait()
		}
		lines = append(lines, parse(t, text))
	}
}

// next reads one line.
func (p *process) next(t testing.TB) line {
	t.Helper()
	text, err := p.stdout.ReadBytes('\n')
	if err != nil {
		t.Fatalf("child ended: %v: %s", err, p.stderr)
	}
	return parse(t, text)
}

func parse(t testing.TB, text []byte) line {
	t.Helper()
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatalf("child said %q: %v", text, err)
	}
	return l
}

func member(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}
