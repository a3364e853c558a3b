//go:build unix

package childproc_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fettle/internal/childproc"
	"fettle/internal/secret"
)

const long = 20 * time.Second

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, stdin string
		argv        []string
		out, err    string
	}{
		{"echoes its input", "hello", []string{"cat"}, "hello", ""},
		{"arguments are not a shell's", "", []string{"printf", "%s", "$(id); *"}, "$(id); *", ""},
		{"its first line of stderr, and not its output", "", []string{"sh", "-c", "echo canary; echo one >&2; echo two >&2; exit 7"}, "", "sh failed with code 7: one"},
		{"its words are sanitised", "", []string{"sh", "-c", `printf 'a\033[31mb\007\n' >&2; exit 1`}, "", "sh failed with code 1: ab"},
		{"silent failure", "", []string{"false"}, "", "false failed with code 1"},
		{"ended by a signal", "", []string{"sh", "-c", "kill -9 $$"}, "", "sh failed with code -1"},
		{"no such program", "", []string{"/nowhere/at-all"}, "", "cannot run at-all"},
		{"nothing named", "", nil, "", "no program is named"},
		{"too much output", "", []string{"head", "-c", "2000000", "/dev/zero"}, "", "more than 1048576 bytes"},
		{"no terminal", "", []string{"sh", "-c", "exec 3</dev/tty || exit 9"}, "", "sh failed with code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := childproc.Run(t.Context(), long, secret.New(tt.stdin), tt.argv...)
			if tt.err == "" && (err != nil || string(out) != tt.out) {
				t.Errorf("output %q, error %v, want %q", out, err, tt.out)
			}
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestTheWholeGroupIsKilled(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]error{"at the limit": childproc.ErrTimeout, "when the caller gives up": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pids := filepath.Join(t.TempDir(), "pids")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			limit := 300 * time.Millisecond
			if errors.Is(end, context.Canceled) {
				limit = long
				time.AfterFunc(300*time.Millisecond, cancel)
			}
			_, err := childproc.Run(ctx, limit, secret.Text{}, "sh", "-c", "sleep 600 & echo $$ $! >"+pids+"; wait")
			if !errors.Is(err, end) {
				t.Fatalf("error %v, want %v", err, end)
			}
			content, err := os.ReadFile(pids)
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range strings.Fields(string(content)) {
				pid, err := strconv.Atoi(field)
				if err != nil {
					t.Fatal(err)
				}
				for start := time.Now(); alive(pid); runtime.Gosched() { // a signal takes effect when its process next runs
					if time.Since(start) > long {
						t.Fatalf("process %d lives on", pid)
					}
				}
			}
		})
	}
}

func TestSuccessDoesNotWaitForWhatItLeftBehind(t *testing.T) {
	t.Parallel()
	out, err := childproc.Run(t.Context(), long, secret.Text{}, "sh", "-c", "sleep 5 & echo done")
	if err != nil || string(out) != "done\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}

// alive treats a zombie, which an orphan is until it is reaped, as dead.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
