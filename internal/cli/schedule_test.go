package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

type printedSchedule struct {
	Warnings []string
	Files    []struct{ Path, Content string }
}

// schedule is what `fettle schedule print` says, in a home whose name no shell and no unit takes as it is.
func schedule(t *testing.T, w *world, args ...string) printedSchedule {
	t.Helper()
	var p printedSchedule
	if err := json.Unmarshal([]byte(w.mustRun(t, append([]string{"schedule", "print", "--json"}, args...)...)), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// oddWorld lives in a folder with a space, a quote, a dollar and a per cent sign in its name.
func oddWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(filepath.Join(t.TempDir(), `it's 5% of $HOME`))
	if err := w.folders(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	w.mustRun(t, "vault", "init", "--holder", "file")
	return w
}

// systemd itself takes the units, for the system and for a user.
func TestPrintedUnitsAreTakenBySystemd(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	w := oddWorld(t)
	for _, kind := range []string{"--user=false", "--user"} {
		p := schedule(t, w, "systemd", kind)
		if len(p.Files) != 6 || len(p.Warnings) > 0 {
			t.Fatalf("%d files, warnings %q", len(p.Files), p.Warnings)
		}
		dir := t.TempDir()
		command := []string{"verify", "--man=no", "--recursive-errors=no"}
		for _, f := range p.Files {
			path := filepath.Join(dir, filepath.Base(f.Path))
			if err := os.WriteFile(path, []byte(f.Content), 0o600); err != nil {
				t.Fatal(err)
			}
			command = append(command, path)
		}
		if said, err := exec.Command(analyze, command...).CombinedOutput(); err != nil || strings.Contains(string(said), dir) {
			t.Errorf("%s: %v\n%s", kind, err, said)
		}
	}
}

// A line of the crontab does on the book what it says, as cron would run it.
func TestPrintedCrontabRuns(t *testing.T) {
	t.Parallel()
	w := oddWorld(t)
	p := schedule(t, w, "cron", "--data", filepath.Join(w.dir, "data", "fettle"))
	tasks := 0
	for line := range strings.Lines(p.Files[0].Content) {
		_, command, ok := strings.Cut(line, " * * out=")
		if !ok {
			continue
		}
		command = "out=" + command
		tasks++
		cmd := exec.Command("/bin/sh", "-xc", strings.ReplaceAll(command, `\%`, "%")) // cron's own rule
		cmd.Env = w.command().Env
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", line, err, said)
		}
		if traced := string(said); !strings.Contains(traced, "it's 5% of $HOME") || strings.Contains(traced, "fettle: ") {
			t.Errorf("%s said\n%s", line, traced)
		}
	}
	if tasks != 3 {
		t.Errorf("%d tasks", tasks)
	}
}

// What would keep a timer from working is said; no password gets into a file that others may read.
func TestScheduleSaysWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	w.vars = append(w.vars, "HTTPS_PROXY=http://me:hush@proxy.example:3128")
	p := schedule(t, w, "systemd")
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "HTTPS_PROXY") {
		t.Errorf("%q", p.Warnings)
	}
	for _, f := range p.Files {
		if strings.Contains(f.Content, "hush") {
			t.Errorf("%s holds the proxy's password", f.Path)
		}
	}
	w.vars = w.vars[:len(w.vars)-1]
	if err := os.WriteFile(filepath.Join(w.dir, "config", "fettle", "config.toml"), []byte("[vault]\nkey = \"passphrase\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p = schedule(t, w, "cron"); len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "passphrase") {
		t.Errorf("%q", p.Warnings)
	}
	for _, args := range [][]string{{"at"}, {"cron", "--user"}, {}} {
		if r, err := w.run(append([]string{"schedule", "print"}, args...)...); err != nil || r.code != 2 {
			t.Errorf("%q ended with %d, %v", args, r.code, err)
		}
	}
}

// A proxy and its exceptions are as often named in small letters, and Go reads both.
func TestProxiesInSmallLettersReachTheTimers(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	w.vars = append(w.vars, "https_proxy=http://proxy.example:3128", "no_proxy=intranet.example")
	text := schedule(t, w, "cron").Files[0].Content
	for _, line := range []string{`https_proxy="http://proxy.example:3128"`, `no_proxy="intranet.example"`} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	w.vars = append(w.vars, "https_proxy=http://me:hush@proxy.example:3128")
	p := schedule(t, w, "cron")
	if len(p.Warnings) != 1 || strings.Contains(p.Files[0].Content, "hush") {
		t.Errorf("warnings %q in\n%s", p.Warnings, p.Files[0].Content)
	}
}
