package sshconn_test

import (
	"os"
	"testing"

	"fettle/internal/sshconn"
)

// TestMain lets the test binary be ssh's askpass, as the program itself is, and a stand-in for ssh.
func TestMain(m *testing.M) {
	if code, was := sshconn.Askpass(os.Args[1:]); was {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == "-F" {
		os.Exit(standIn(os.Args[2]))
	}
	os.Exit(m.Run())
}
