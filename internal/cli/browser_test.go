//go:build linux

package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// opener puts a program in the place of the system's opener. What it is started with comes out of the pipe.
func opener(t *testing.T) (pipe string) {
	t.Helper()
	dir := t.TempDir()
	pipe = filepath.Join(dir, "started")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" >'" + pipe + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return pipe
}

// The address is one argument of the system's own opener, and no shell reads it.
func TestL16_TheBrowserGetsOneArgumentAndNoShell(t *testing.T) {
	pipe := opener(t)
	for _, address := range []string{
		"https://login.acme.example/authorize?a=1&b=$(touch%20x)&c=`id`;d=%22|e=%27",
		"http://127.0.0.1:8080/authorize?state=-x",
	} {
		if err := openBrowser(address); err != nil {
			t.Fatal(err)
		}
		started, err := os.ReadFile(pipe) // waits for the opener
		if err != nil || string(started) != "1\n"+address+"\n" {
			t.Errorf("started with %q, %v; want one argument, %s", started, err, address)
		}
	}
}

// Nothing but a web address is handed over, and nothing at all to a machine that the person does not sit at.
func TestL16_OnlyWebAddressesAreOpened(t *testing.T) {
	opener(t) // one that works: what is not opened was refused
	for _, address := range []string{
		"", "-h", "--version", "/etc/passwd", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "https:", "https:///x",
		"ssh://-oProxyCommand=x", "smb://host/share", "https://a.example/\x00", "https://a.example/\x1b[2J", "HTTPS//a.example",
	} {
		if openBrowser(address) == nil {
			t.Errorf("%q was opened", address)
		}
	}
	t.Setenv("DISPLAY", ":0")
	t.Setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.8 22")
	if (quietBrowser{}).Open("https://login.acme.example/") == nil {
		t.Error("a browser was opened over SSH")
	}
}
