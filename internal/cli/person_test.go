package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"fettle/internal/sandbox"
)

// ran is how a run of fettle ended.
type ran struct {
	stdout, stderr string
	code           int
}

// command is fettle in this world.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command("fettle", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), w.vars...)
	return cmd
}

// run runs fettle with nothing on stdin.
func (w *world) run(args ...string) (ran, error) {
	cmd := w.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	code, err := exitCode(cmd.Run())
	if !wantsToken(args) {
		w.record(stdout.String(), stderr.String())
	}
	return ran{stdout.String(), stderr.String(), code}, err
}

// mustRun is run where anything but success is a mistake.
func (w *world) mustRun(t testing.TB, args ...string) string {
	t.Helper()
	r, err := w.run(args...)
	if err != nil || r.code != 0 {
		t.Fatalf("fettle %s: code %d, %v\n%s%s", strings.Join(args, " "), r.code, err, r.stdout, r.stderr)
	}
	return r.stdout
}

func exitCode(err error) (int, error) {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	return 0, err
}

// person answers the prompts of an authorization as somebody with a browser would.
type person struct {
	world    *world
	provider string
	consent  sandbox.Consent
	deny     bool
}

// authorize runs `fettle authorize --json` and answers its prompt.
func (p person) authorize(args ...string) (ran, error) {
	cmd := p.world.command(append([]string{"authorize", "--json"}, args...)...)
	var stderr, seen bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return ran{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return ran{}, err
	}
	if err := cmd.Start(); err != nil {
		return ran{}, err
	}
	answering := p.answer(io.TeeReader(stdout, &seen), stdin)
	code, err := exitCode(cmd.Wait())
	p.world.record(seen.String(), stderr.String())
	return ran{seen.String(), stderr.String(), code}, errors.Join(err, answering)
}

// answer reads the events to their end and answers the prompt among them.
func (p person) answer(events io.Reader, stdin io.WriteCloser) error {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	var failed error
	for lines.Scan() {
		var e struct {
			Event, Flow string
			UserCode    string `json:"user_code"`
			URL         string `json:"authorization_url"`
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("%w in %s", err, lines.Bytes())
		}
		if e.Event != "prompt" {
			continue
		}
		if e.Flow == "device" {
			failed = errors.Join(failed, p.device(e.UserCode))
			continue
		}
		redirect, err := p.browse(e.URL)
		if err == nil {
			_, err = io.WriteString(stdin, redirect+"\n")
		}
		failed = errors.Join(failed, err, stdin.Close()) // its end does not end the wait
	}
	return errors.Join(failed, lines.Err())
}

func (p person) device(userCode string) error {
	if p.deny {
		return p.world.servers[p.provider].DenyDevice(userCode)
	}
	return p.world.servers[p.provider].ApproveDevice(userCode, p.consent)
}

func (p person) browse(url string) (string, error) {
	if other, ok := p.world.others[p.provider]; ok {
		if p.deny {
			return other.Deny(url)
		}
		if p.consent.All {
			return other.Approve(url, nil)
		}
		return other.Approve(url, p.consent.Scopes)
	}
	if p.deny {
		return p.world.servers[p.provider].Deny(url)
	}
	return p.world.servers[p.provider].Approve(url, p.consent)
}
