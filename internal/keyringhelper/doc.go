// Package keyringhelper reads and writes the system's keyring through a child process.
//
// The library that talks to keyrings can hang, before main even (see busguard), and a hung call cannot be
// cancelled. So the only process that links it alive is "fettle keyring-helper", and a Client runs it, waits at
// most three seconds and kills it with all it started. The request is in the arguments, the secret goes by stdin
// and stdout, the outcome is the exit code with one line on stderr.
//
// The child's own code is package backend; this package, which the vault uses, does not link the keyring library.
// It may import internal/childproc, internal/busguard and internal/secret. Start at Client.
package keyringhelper
