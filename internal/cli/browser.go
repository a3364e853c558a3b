package cli

import (
	"errors"
	"net/url"
	"os/exec"
	"runtime"
)

// quietBrowser opens addresses on this machine, for the screens.
type quietBrowser struct{}

// Open implements tui.Browser.
func (quietBrowser) Open(address string) error {
	if !hasDisplay() {
		return errors.New("there is no browser on this machine for whoever signed in")
	}
	return openBrowser(address)
}

// openBrowser starts the system's opener with the address as an argument, never through a shell, and lets none of its
// noise reach the screen.
func openBrowser(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errors.New("this is no web address")
	}
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	}
	// xdg-open may stay as long as the browser does, so it is waited for in the background only.
	cmd := exec.Command(program, u.String()) //nolint:gosec,noctx // an address checked above; it outlives this call
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // how it ends is not ours to tell
	return nil
}
