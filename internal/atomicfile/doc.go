// Package atomicfile replaces files durably and refuses to be tricked into writing elsewhere.
//
// A reader of a file written here sees the former content or the new one, whole, whatever happens in between:
// a crash, a full disk, a lost session. The content is durable when Write returns. The target's mode is the one
// asked for, whatever the umask and the former file say, and at no instant is the content readable by more users
// than that. Nothing is ever written through a link, into a pipe or over another user's file: a *Refused says why
// and how to mend it.
//
// The package also answers the opposite question, whether a file or folder may be believed: CheckPrivate,
// CheckSecret, ReadSecret, EnsureDir.
//
// It imports only the standard library. Start reading at Write. On Windows owners, modes and link counts are not
// examined and folders are not synced.
package atomicfile
