// Package childproc runs short programs on fettle's behalf: the keyring helper, commands that print a key.
//
// Such a program gets no terminal, so it can neither prompt nor draw over the screen; it and what it started are
// killed together at a time limit or when the caller gives up; what it says is bounded. Its words reach errors only
// as one sanitised line, and its output never does. It may import internal/secret and internal/safetext. Start at Run.
package childproc
