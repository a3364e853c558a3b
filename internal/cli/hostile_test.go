package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"fettle/internal/sandbox"
)

// hostile holds one of each kind of text that a terminal would obey or a person could not see.
const hostile = "A\x1b]52;c;cm0K\x07\x1b]0;t\x1b\\\x1b[2J\u009b31m\u009d8;;x\u009c\x1bPtmux;x\x1b\\\r\b\x00\x7f\u202e\u2066\u200b\ufeff\U000E0041Z"

// obeyed reports whether a terminal would do something else with it than show it.
func obeyed(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == '\u2028' || r == '\u2029')
}

// Names, e-mails and titles from a provider, and what a configuration says, reach the output as text and nothing else.
func TestOutsideTextCannotActOnTheTerminal(t *testing.T) {
	t.Parallel()
	user := sandbox.User{
		Name: hostile, Email: hostile + "@example.org", Subject: "1001",
		Reports: []sandbox.Report{{ID: "r" + hostile, Title: hostile, Folder: hostile}},
	}
	w := newBook(t)
	server, err := w.start("demo", sandbox.Options{Users: []sandbox.User{user}}, sandbox.PublicClient)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(hostile) // TOML reads JSON's escapes
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("\x7f", `\u007f`, "\u009b", `\u009b`, "\u009c", `\u009c`, "\u009d", `\u009d`).Replace(string(quoted))
	if err := w.configure("[providers.evil]\nissuer = \"https://evil.example\"\nname = " + text + "\n[providers.evil.services.x]\nname = " + text + "\nscopes = [\"x\"]"); err != nil {
		t.Fatal(err)
	}
	signedIn, err := person{world: w, provider: "demo", consent: sandbox.Consent{All: true}}.authorize("--provider", "demo", "--service", "reports", "--name", "ana", "--flow", "browser")
	if err != nil || signedIn.code != 0 {
		t.Fatalf("code %d, %v: %s", signedIn.code, err, signedIn.stderr)
	}
	outputs := map[string]ran{"authorize": signedIn}
	run := func(args ...string) {
		t.Helper()
		r, err := w.run(args...)
		if err != nil {
			t.Fatal(err)
		}
		outputs[strings.Join(args, " ")] = r
	}
	for _, args := range []string{
		"status", "status --json", "verify ana", "verify ana --json", "resources ana --refresh", "resources ana --json", "check", "check --json",
		"provider list", "provider list --json", "provider show evil", "provider show evil --json", "log", "log --json",
	} {
		run(strings.Fields(args)...)
	}
	typed := strings.ReplaceAll(hostile, "\x00", "") // an argument holds none
	run("diagnose", typed)
	run("status", typed)
	run("canvas", "add", "--name", typed, "--file", typed, "--account", "ana")
	if err := server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultOAuthError, On: sandbox.TargetToken, Code: hostile, Description: hostile, Status: 400, Times: 1}); err != nil {
		t.Fatal(err)
	}
	run("refresh", "ana", "--force")
	run("status", "ana")
	run("log")
	seen := 0
	for command, r := range outputs {
		out := r.stdout + r.stderr
		if i := strings.IndexFunc(out, obeyed); i >= 0 {
			t.Errorf("fettle %.40q says %.80q", command, out[max(0, i-20):])
		}
		seen += strings.Count(out, "A Z")
	}
	if seen < 10 {
		t.Errorf("the hostile text was met %d times only: the search proves little", seen)
	}
}
