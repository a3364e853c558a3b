// Package sshconn reaches files on other machines: SFTP over the system's own ssh program.
//
// Because ssh does the connecting, everything that works at the operator's prompt works here: aliases and jump hosts of
// ~/.ssh/config, agents, hardware keys, known_hosts. Two things are stricter. The keys of the host, and of every jump host
// on the way, must be known: an unknown or changed one ends the connection before a byte of any file is sent. And nobody
// is asked anything, unless the caller says who answers (Options.Ask); then ssh asks for a key's passphrase through
// askpass.go.
//
// A connection belongs to the context it was made with: when that ends, or when the other side is silent for too long,
// ssh is killed and what is under way fails. Every failure is an *Error with a cause to decide by, or wraps fs.ErrNotExist.
//
// It imports the standard library, github.com/pkg/sftp and the guards lazyregexp, safetext and secret. Start reading at Connect
// (connect.go); replace.go is how a file is exchanged under its readers, diagnose.go how ssh's words become causes.
package sshconn
