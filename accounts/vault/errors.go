package vault

import (
	"errors"
	"fmt"
)

var (
	// ErrNoVault says that the data folder has no vault. A vault that cannot be read is never reported so.
	ErrNoVault = errors.New("there is no vault yet")
	// ErrExists says that Init found a vault, or part of one worth keeping.
	ErrExists = errors.New("there is a vault already")
)

// Reason says why a vault is locked; it reads as the end of "the vault is locked: ".
type Reason string

// The reasons for which a vault stays locked.
const (
	NotOpened          Reason = "it has not been opened"
	NoTerminal         Reason = "it needs its passphrase and there is no terminal to ask at"
	WrongPassphrase    Reason = "this is not its passphrase"
	KeyMissing         Reason = "its key is missing"
	KeyUnreadable      Reason = "its key cannot be read"
	KeyNotPrivate      Reason = "its key is open to others"
	KeyDamaged         Reason = "its key is damaged"
	WrongKey           Reason = "the key found does not belong to it"
	KeyringUnavailable Reason = "the keyring that holds its key is not available"
	CommandFailed      Reason = "the command that prints its key failed"
)

// LockedError says that something needs the vault open and it is not.
type LockedError struct {
	Holder Holder
	Reason Reason
	Remedy string // the one line that fixes it
	Err    error  // what was found in detail; may be nil
}

// Error implements error with reason, detail and remedy.
func (e *LockedError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("the vault is locked: %s; %s", e.Reason, e.Remedy)
	}
	return fmt.Sprintf("the vault is locked: %s (%v); %s", e.Reason, e.Err, e.Remedy)
}

// Unwrap returns the detail.
func (e *LockedError) Unwrap() error { return e.Err }

// DamagedError says that a file of the vault is missing, unreadable or not what it should be.
type DamagedError struct {
	Path   string
	Reason string
	Remedy string
	Err    error // may be nil
}

// Error implements error with path, reason and remedy.
func (e *DamagedError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s %s; %s", e.Path, e.Reason, e.Remedy)
	}
	return fmt.Sprintf("%s %s (%v); %s", e.Path, e.Reason, e.Err, e.Remedy)
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

// TamperedError says that a sealed record is not what this vault sealed under that table, id and seq.
type TamperedError struct {
	Table string
	ID    string
	Seq   int64
}

// Error implements error.
func (e *TamperedError) Error() string {
	return fmt.Sprintf("the sealed record %s/%s (seq %d) was altered, moved or sealed by another vault; "+
		"put the database and the vault's files back from the same backup", e.Table, e.ID, e.Seq)
}
