package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fettle/internal/sandbox"
)

// A line that drops (HUP) in the middle of a large refresh at a strict provider loses no account.
func TestHangupWhileRefreshingLosesNothing(t *testing.T) {
	t.Parallel()
	const n = 200
	w := newBook(t)
	server, err := w.start("demo", sandbox.Options{Rotation: sandbox.RotationSingleUse}, sandbox.PublicClient)
	if err != nil {
		t.Fatal(err)
	}
	w.seed(t, "demo", n)
	gate := server.Faults.HoldAnswers(sandbox.TargetToken)

	// Who runs the tests under nohup ignores HUP, and so would the child: it inherits that, unless the signal is taken here.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	cmd := w.command("refresh", "--all", "--force", "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-gate.Arrived() // the provider has rotated a token and its answer is on the way
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, said, "stopping")
	gate.Open()
	code, err := exitCode(cmd.Wait())
	if err != nil || code != 1 {
		t.Fatalf("code %d, %v\n%s", code, err, stdout.String())
	}
	var result struct {
		Summary struct{ Refreshed, Failed int }
	}
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	if result.Summary.Refreshed == 0 || result.Summary.Refreshed == n || result.Summary.Failed > 0 {
		t.Errorf("the run was not cut in the middle: %+v", result.Summary)
	}

	again := w.mustRun(t, "refresh", "--all", "--force", "--json")
	if got, err := member(again, "summary.refreshed"); err != nil || got != "200" {
		t.Errorf("afterwards %s of %d accounts refresh (%v)", got, n, err)
	}
	if killed := server.Stats().RevokedFamilies; killed != 0 {
		t.Errorf("%d grants were lost", killed)
	}
}

// An account that is removed while a monitor's check verifies the others is none that could not be verified.
func TestRemovedWhileAllAreVerified(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	server, err := w.start("demo", sandbox.Options{}, sandbox.PublicClient)
	if err != nil {
		t.Fatal(err)
	}
	names := w.seed(t, "demo", 2)
	for _, name := range names {
		if err := w.later(name, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	gate := server.Faults.HoldAnswers(sandbox.TargetToken)
	checked := make(chan ran, 1)
	go func() {
		r, err := w.run("check", "--verify")
		if err != nil {
			t.Error(err)
		}
		checked <- r
	}()
	<-gate.Arrived() // the first is being verified
	w.mustRun(t, "remove", names[1])
	gate.Open()
	if r := <-checked; r.code != 0 || !strings.Contains(r.stdout, "ok=1;") || strings.Contains(r.stdout, names[1]) {
		t.Errorf("code %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

// However many processes want a newer token at once, the provider of a single-use token is asked once.
func TestManyProcessesMakeOneRequest(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	server, err := w.start("demo", sandbox.Options{Rotation: sandbox.RotationSingleUse}, sandbox.PublicClient)
	if err != nil {
		t.Fatal(err)
	}
	name := w.seed(t, "demo", 1)[0]
	if err := w.later(name, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if r, err := w.run("refresh", name); err != nil || r.code != 0 {
				t.Errorf("code %d, %v: %s%s", r.code, err, r.stdout, r.stderr)
			}
		})
	}
	all.Wait()
	if got := server.Stats().Tokens["refresh_token"]; got != 1 {
		t.Errorf("%d requests, not 1", got)
	}
}

// Interrupted, an authorization pauses; the same command goes on with the same address, and only one process at a time.
func TestAuthorizationPausesAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	if _, err := w.start("demo", sandbox.Options{}, sandbox.PublicClient); err != nil {
		t.Fatal(err)
	}
	args := []string{"authorize", "--json", "--provider", "demo", "--service", "reports", "--name", "ana", "--flow", "browser"}
	cmd := w.command(args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	events := bufio.NewReader(stdout)
	prompt, err := events.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.run("authorize", "--name", "ana", "--json"); err != nil || r.code != 1 || !strings.Contains(r.stdout, `"code":"flow_driven"`) {
		t.Errorf("a second process: code %d, %v: %s", r.code, err, r.stdout)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(events)
	if err != nil {
		t.Fatal(err)
	}
	if code, err := exitCode(cmd.Wait()); err != nil || code != 1 || !strings.Contains(string(rest), `"code":"paused"`) {
		t.Errorf("interrupted: code %d, %v: %s", code, err, rest)
	}
	if out := w.mustRun(t, "status"); !strings.Contains(out, "fettle authorize --name ana") {
		t.Errorf("status does not say how to go on: %s", out)
	}

	r, err := person{world: w, provider: "demo", consent: sandbox.Consent{All: true}}.authorize("--name", "ana")
	if err != nil || r.code != 0 {
		t.Fatalf("code %d, %v: %s%s", r.code, err, r.stdout, r.stderr)
	}
	first, err := member(prompt, "authorization_url")
	if err != nil {
		t.Fatal(err)
	}
	if second, err := member(firstLine(r.stdout), "authorization_url"); err != nil || second != first {
		t.Errorf("the address changed (%v):\n%s\n%s", err, first, second)
	}
}

// exec hands signals to its command and ends as the command ends.
func TestExecPassesSignals(t *testing.T) {
	t.Parallel()
	w, name := newAccount(t)
	cmd := w.command("exec", "--account", name, "--", "sh", "-c", `trap 'echo ended; exit 9' TERM; echo ready; while :; do sleep 0.01; done`)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, stdout, "ready")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, stdout, "ended")
	if code, err := exitCode(cmd.Wait()); err != nil || code != 9 {
		t.Errorf("code %d, %v", code, err)
	}
}

// A reader that has seen enough ends nobody's work.
func TestClosedPipeEndsNoWork(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	server, err := w.start("demo", sandbox.Options{Rotation: sandbox.RotationSingleUse}, sandbox.PublicClient)
	if err != nil {
		t.Fatal(err)
	}
	w.seed(t, "demo", 20)
	pipe := exec.Command("sh", "-c", "fettle refresh --all --force | head -n 1")
	pipe.Dir, pipe.Env = w.dir, w.command().Env
	if out, err := pipe.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w.mustRun(t, "status") // waits for nobody, but the shell did: the pipeline's first process has ended
	w.mustRun(t, "refresh", "--all", "--force")
	if killed := server.Stats().RevokedFamilies; killed != 0 {
		t.Errorf("%d grants were lost", killed)
	}
}

// waitFor reads until a text was said.
func waitFor(t *testing.T, from io.Reader, text string) {
	t.Helper()
	var seen strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(seen.String(), text) {
		n, err := from.Read(buffer)
		seen.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%q was not said, but %q (%v)", text, seen.String(), err)
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
