package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"

	"fettle/internal/otheras"
	"fettle/internal/sandbox"
)

// The commands that scripts have beside testscript's own.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// sandbox ID [rotation=R] [client=C] [ttl=D] [LINE…] starts a demo provider; lines go into its block of config.toml.
	"sandbox": func(ts *testscript.TestScript, _ bool, args []string) {
		opts := sandbox.Options{Interval: time.Second}
		client := sandbox.PublicClient
		var extra []string
		for _, arg := range args[1:] {
			key, value, _ := strings.Cut(arg, "=")
			switch key {
			case "rotation":
				opts.Rotation = sandbox.Rotation(value)
			case "client":
				client = value
			case "ttl":
				d, err := time.ParseDuration(value)
				ts.Check(err)
				opts.AccessTTL = d
			default:
				extra = append(extra, arg)
			}
		}
		s, err := worldOf(ts).start(args[0], opts, client, extra...)
		ts.Check(err)
		ts.Setenv("URL", s.URL())
	},
	// other ID starts the second authorization server, known to fettle by config.toml alone.
	"other": func(ts *testscript.TestScript, _ bool, args []string) {
		s, err := otheras.Start()
		ts.Check(err)
		w := worldOf(ts)
		w.others[args[0]] = s
		ts.Check(w.configure(s.ProviderTOML(args[0])))
	},
	// code N COMMAND ARG… runs a command that must end with that code.
	"code": func(ts *testscript.TestScript, _ bool, args []string) {
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		err = ts.Exec(args[1], args[2:]...)
		got := 0
		var ended *exec.ExitError
		switch {
		case errors.As(err, &ended):
			got = ended.ExitCode()
		case err != nil:
			ts.Fatalf("%v", err)
		}
		stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
		if !wantsToken(args[2:]) {
			worldOf(ts).record(stdout, stderr)
		}
		if got != want {
			ts.Fatalf("code %d, not %d", got, want)
		}
	},
	// signin ID [user=E-MAIL] [scopes=S,…] [deny] [code=N] -- ARG… runs `fettle authorize --json ARG…` with a person who
	// answers. The events go to the file events, what was said beside to the file said.
	"signin": func(ts *testscript.TestScript, _ bool, args []string) {
		w := worldOf(ts)
		p := person{world: w, provider: args[0], consent: sandbox.Consent{All: true}}
		want := 0
		for i, arg := range args[1:] {
			if arg == "--" {
				args = args[i+2:]
				break
			}
			key, value, _ := strings.Cut(arg, "=")
			switch key {
			case "user":
				p.consent.User = value
			case "scopes":
				p.consent.All, p.consent.Scopes = false, strings.Split(value, ",")
			case "deny":
				p.deny = true
			case "code":
				n, err := strconv.Atoi(value)
				ts.Check(err)
				want = n
			default:
				ts.Fatalf("signin: %s?", arg)
			}
		}
		r, err := p.authorize(args...)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs("events"), []byte(r.stdout), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs("said"), []byte(r.stderr), 0o600))
		if r.code != want {
			ts.Fatalf("fettle authorize ended with %d, not %d\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	},
	// fault ID kind=K [on=T] [grant=G] [times=N] lets requests go wrong; fault ID clear ends that.
	"fault": func(ts *testscript.TestScript, _ bool, args []string) {
		s := worldOf(ts).servers[args[0]]
		if args[1] == "clear" {
			s.Faults.Clear()
			return
		}
		var f sandbox.Fault
		for _, arg := range args[1:] {
			key, value, _ := strings.Cut(arg, "=")
			switch key {
			case "kind":
				f.Kind = sandbox.FaultKind(value)
			case "on":
				f.On = sandbox.Target(value)
			case "grant":
				f.Grant = value
			case "times":
				n, err := strconv.Atoi(value)
				ts.Check(err)
				f.Times = n
			}
		}
		ts.Check(s.Faults.Add(f))
	},
	// later NAME D makes everything about an account D older.
	"later": func(ts *testscript.TestScript, _ bool, args []string) {
		d, err := time.ParseDuration(args[1])
		ts.Check(err)
		ts.Check(worldOf(ts).later(args[0], d))
	},
	// storage starts S3-compatible storage with a bucket, and gives the script the credentials for it.
	"storage": func(ts *testscript.TestScript, _ bool, args []string) {
		backend := s3mem.New()
		ts.Check(backend.CreateBucket(args[0]))
		server := httptest.NewServer(gofakes3.New(backend).Server())
		ts.Defer(server.Close)
		ts.Setenv("S3", server.URL)
		ts.Setenv("AWS_ACCESS_KEY_ID", "key")
		ts.Setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-key")
	},
	// google starts a provider that fettle takes for Google.
	"google": func(ts *testscript.TestScript, _ bool, _ []string) {
		ts.Check(worldOf(ts).startGoogle())
	},
	// revoke ID USER takes everything back at the provider.
	"revoke": func(ts *testscript.TestScript, _ bool, args []string) {
		if worldOf(ts).servers[args[0]].RevokeEverything(args[1]) == 0 {
			ts.Fatalf("%s has no grant at %s", args[1], args[0])
		}
	},
	// requests ID GRANT N says how many requests of a grant type the token endpoint has seen.
	"requests": func(ts *testscript.TestScript, _ bool, args []string) {
		got := worldOf(ts).servers[args[0]].Stats().Tokens[args[1]]
		if fmt.Sprint(got) != args[2] {
			ts.Fatalf("%d requests, not %s", got, args[2])
		}
	},
	// json FILE PATH VALUE looks at one member of a JSON document; a path is like accounts.0.name, len is a list's length.
	"json": func(ts *testscript.TestScript, neg bool, args []string) {
		got, err := member(ts.ReadFile(args[0]), args[1])
		ts.Check(err)
		if (got == args[2]) == neg {
			ts.Fatalf("%s is %s", args[1], got)
		}
	},
	// event KIND PATH VALUE is json on the one event of that kind in the file events.
	"event": func(ts *testscript.TestScript, _ bool, args []string) {
		for line := range strings.Lines(ts.ReadFile("events")) {
			if kind, err := member(line, "event"); err == nil && kind == args[0] {
				got, err := member(line, args[1])
				ts.Check(err)
				if got == args[2] {
					return
				}
			}
		}
		ts.Fatalf("no event %s whose %s is %s", args[0], args[1], args[2])
	},
	// env-stdout NAME keeps the last output's line in a variable.
	"env-stdout": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
	},
	// flip FROM TO copies a file with one byte changed.
	"flip": func(ts *testscript.TestScript, _ bool, args []string) {
		content := []byte(ts.ReadFile(args[0]))
		content[len(content)-5] ^= 1
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), content, 0o600))
	},
	// noleaks searches everything that was said and kept for secrets.
	"noleaks": func(ts *testscript.TestScript, _ bool, _ []string) {
		w := worldOf(ts)
		found := leaks("the output", w.said.String())
		for _, name := range []string{"data", "state", "argv"} {
			err := filepath.WalkDir(filepath.Join(w.dir, name), func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() || d.Name() == "vault.key" || d.Name() == "server.key" {
					return ignoreMissing(err)
				}
				content, err := os.ReadFile(path)
				found = append(found, leaks(path, string(content))...)
				return err
			})
			ts.Check(err)
		}
		if len(found) > 0 {
			ts.Fatalf("%s", strings.Join(found, "\n"))
		}
	},
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// wantsToken reports whether a command line asks for a token on stdout.
func wantsToken(args []string) bool {
	return slices.Contains(args, "token") || slices.Contains(args, "exec")
}

// member finds a member of a JSON document and returns it as JSON, strings without their quotes.
func member(text, path string) (string, error) {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return "", fmt.Errorf("%w in %s", err, text)
	}
	for _, step := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[step]
			if !ok {
				return "", fmt.Errorf("there is no %s in %s", step, text)
			}
			v = next
		case []any:
			if step == "len" {
				v = len(in)
				continue
			}
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(in) {
				return "", fmt.Errorf("there is no element %s in %s", step, text)
			}
			v = in[i]
		default:
			return "", fmt.Errorf("%s has no members", path)
		}
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	out, err := json.Marshal(v)
	return string(out), err
}
