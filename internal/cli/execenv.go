package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// environment is what a job gets: variables, and a folder of credential files that goes away with it.
type environment struct {
	variables []string
	folder    string
}

// fill gets a token for each account and, for Google's, writes the file that its client libraries take.
func (e *environment) fill(ctx context.Context, w wallet, adc string) error {
	google := map[string]string{} // name → file
	for _, name := range w.names() {
		token, err := w.token(ctx, name)
		if err != nil {
			return err
		}
		e.set(variable(name)+"_ACCESS_TOKEN", token.Token.Reveal())
		if !token.ExpiresAt.IsZero() {
			e.set(variable(name)+"_EXPIRES_AT", token.ExpiresAt.UTC().Format(time.RFC3339))
		}
		user, err := w.user(ctx, name)
		if err != nil {
			return err
		}
		if user == nil {
			continue
		}
		file, err := e.write(name, *user)
		if err != nil {
			return err
		}
		e.set(variable(name)+"_CREDENTIALS_FILE", file)
		google[name] = file
	}
	// Said before the job runs: a job without its credentials would fail somewhere deep in a library.
	if adc != "" && google[adc] == "" {
		return usage("--adc names %s, which is no Google account", shown(adc, 60))
	}
	for name, file := range google {
		// Of several none is taken by chance: a job must not read one customer's data with another's account.
		if name == adc || adc == "" && len(google) == 1 {
			e.set("GOOGLE_APPLICATION_CREDENTIALS", file)
		}
	}
	return nil
}

// variable is a reference name as the beginning of a variable's name.
func variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(inert(name), "-", "_"))
}

// inert is a reference name as it is; one from a file of another program cannot lead into another folder or variable.
func inert(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}

// set adds a variable; of two of the same name the later one counts to the child.
func (e *environment) set(name, value string) { e.variables = append(e.variables, name+"="+value) }

// write makes an authorized_user file, readable by this user alone, and returns its path.
func (e *environment) write(name string, user authorizedUser) (path string, err error) {
	content, err := user.encode()
	if err != nil {
		return "", err
	}
	if e.folder == "" {
		// XDG_RUNTIME_DIR is this user's alone, in memory, and gone at logout.
		if e.folder, err = os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "fettle-exec-"); err != nil {
			return "", fmt.Errorf("make a folder for credential files: %w", err)
		}
	}
	path = filepath.Join(e.folder, inert(name)+".json")
	return path, os.WriteFile(path, content, 0o600)
}

// remove takes the credential files away.
func (e *environment) remove() error {
	if e.folder == "" {
		return nil
	}
	return os.RemoveAll(e.folder)
}
