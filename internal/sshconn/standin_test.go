package sshconn_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/pkg/sftp"

	"fettle/internal/sshconn"
)

// behaviour is how the stand-in for ssh behaves: a server in its own process, on its own pipes.
type behaviour struct {
	Says   string // on stderr, instead of connecting
	CutIn  int64  // the connection breaks after so many bytes from the client; 0: never
	Silent bool   // it never answers
	Plain  bool   // it has none of OpenSSH's extensions
}

// standInOptions connect by the stand-in.
func standInOptions(t testing.TB, b behaviour) sshconn.Options {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	text, err := json.Marshal(b)
	must(t, err)
	path := filepath.Join(t.TempDir(), "behaviour")
	must(t, os.WriteFile(path, text, 0o600))
	return sshconn.Options{Program: self, Config: path}
}

var included = regexp.MustCompile(`(?m)^Include "(.*)"$`)

// standIn is what the test binary does in place of ssh. Where ssh would include the operator's configuration it finds
// how to behave.
func standIn(config string) int {
	text, err := os.ReadFile(config)
	m := included.FindSubmatch(text)
	if err != nil || m == nil {
		return 2
	}
	var b behaviour
	if text, err = os.ReadFile(string(m[1])); err != nil || json.Unmarshal(text, &b) != nil {
		return 2
	}
	if b.Says != "" {
		fmt.Fprintln(os.Stderr, b.Says)
		return 255
	}
	if b.Silent {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return 0
	}
	in := io.Reader(os.Stdin)
	if b.CutIn > 0 {
		in = io.LimitReader(in, b.CutIn)
	}
	if b.Plain && sftp.SetSFTPExtensions() != nil {
		return 2
	}
	server, err := sftp.NewServer(stdio{in, os.Stdout})
	if err != nil {
		return 2
	}
	if err := server.Serve(); err != nil {
		return 1
	}
	return 255
}

type stdio struct {
	io.Reader
	io.WriteCloser
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
