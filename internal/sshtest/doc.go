// Package sshtest gives tests real OpenSSH servers on loopback, and an ssh configuration with which they are reached.
//
// It imports the standard library only and is imported by tests only. A test that cannot have a server is skipped, with
// the name of what is missing. Start reading at New.
package sshtest
