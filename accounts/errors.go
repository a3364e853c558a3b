package accounts

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/oauthflow/diagnose"
)

// ErrDraining says that the program is ending: what is under way is being finished, nothing new is sent.
var ErrDraining = errors.New("fettle is shutting down: nothing new is sent")

// UnknownAccountError says that the book was read and has no such account.
type UnknownAccountError struct {
	Name    string
	Nearest []string // names that look like it, best first
}

func (e *UnknownAccountError) Error() string {
	if len(e.Nearest) == 0 {
		return fmt.Sprintf("no account %q: `fettle status` lists the accounts", e.Name)
	}
	return fmt.Sprintf("no account %q: did you mean %s?", e.Name, strings.Join(e.Nearest, ", "))
}

// HeldError says that a password file holds the grant, so only that file's machine may use it.
type HeldError struct {
	Account string
	Holder  string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("account %q: its credential is held by %s, so nothing was sent; authorize it again to use it here", e.Account, e.by())
}

func (e *HeldError) by() string {
	if words := holderWords(e.Account, e.Holder); words != "" {
		return words
	}
	return "the book"
}

// RemovedError says that the account was removed here and only waits for its revocation.
type RemovedError struct{ Account string }

func (e *RemovedError) Error() string {
	return fmt.Sprintf("account %q was removed here and is still valid at the provider: remove it again to retry the revocation", e.Account)
}

// NoGrantError says that there is nothing to refresh: the account was never fully authorized.
type NoGrantError struct{ Account string }

func (e *NoGrantError) Error() string {
	return fmt.Sprintf("account %q has no credential: authorize it", e.Account)
}

// NotRenewableError says that the provider gave nothing with which a newer access token could be asked for.
type NotRenewableError struct {
	Account   string
	ExpiresAt time.Time // of the access token; zero: not known
}

func (e *NotRenewableError) Error() string {
	if e.ExpiresAt.IsZero() {
		return fmt.Sprintf("account %q has no refresh token, so its access token cannot be renewed; it has no known end", e.Account)
	}
	return fmt.Sprintf("account %q has no refresh token: its access token ends at %s, authorize it again before",
		e.Account, e.ExpiresAt.UTC().Format(timeLayout))
}

// BlockedError says that the configuration now sends this account's secrets elsewhere than where they
// were obtained, or no longer says where; nothing secret was sent.
type BlockedError struct {
	Account  string
	Provider string
	Drift    []Drift
}

func (e *BlockedError) Error() string {
	if len(e.Drift) == 0 {
		return fmt.Sprintf("account %q: provider %q is not in the catalogue any more; put it back into the configuration", e.Account, e.Provider)
	}
	said := make([]string, len(e.Drift))
	for i, d := range e.Drift {
		said[i] = d.String()
	}
	return fmt.Sprintf("account %q: the configuration of %q points elsewhere than when it was authorized (%s), so nothing secret was sent; "+
		"correct it, or `fettle provider accept %s`", e.Account, e.Provider, strings.Join(said, "; "), e.Provider)
}

// Remedy names what has to be done.
func (e *BlockedError) Remedy() diagnose.Remedy { return diagnose.FixMachine }

// RefreshError says that the provider, or the way to it, gave no newer token. The stored one is untouched.
type RefreshError struct {
	Account   string
	Diagnosis diagnose.Diagnosis
	Transient bool // says nothing about the grant; trying again later may help
	Err       error
}

func (e *RefreshError) Error() string {
	return fmt.Sprintf("account %q: %s", e.Account, e.Diagnosis.Title)
}

// Unwrap returns the provider's or the network's error; nil where an outcome less than 30 s old was adopted.
func (e *RefreshError) Unwrap() error { return e.Err }

// UnstoredError says that a provider's answer exists only in this process's memory, because the store
// cannot be written, or the vault is locked. Writing is retried for as long as the process lives: do not kill it.
type UnstoredError struct {
	Account string
	Since   time.Time
	Err     error // of the last attempt
}

func (e *UnstoredError) Error() string {
	return fmt.Sprintf("account %q: the new token could not be stored and is held in memory: %s and keep this program running (%v)", e.Account, e.Remedy(), e.Err)
}

// Remedy says what lets the token be stored after all.
func (e *UnstoredError) Remedy() string {
	if errors.Is(e.Err, store.ErrNoSpace) {
		return "free some disk space"
	}
	if _, ok := errors.AsType[*vault.LockedError](e.Err); ok {
		return "open the vault again"
	}
	return "mend what keeps it from being written"
}

// Unwrap returns the store's error.
func (e *UnstoredError) Unwrap() error { return e.Err }

// ManyError counts what went wrong in a run over many accounts; each error was reported on its own.
type ManyError struct {
	Total     int
	Failed    int
	NotBegun  int // the run was ended before these
	FirstFail error
}

func (e *ManyError) Error() string {
	if e.NotBegun > 0 {
		return fmt.Sprintf("%d of %d accounts failed and %d were not begun", e.Failed, e.Total, e.NotBegun)
	}
	return fmt.Sprintf("%d of %d accounts failed", e.Failed, e.Total)
}

// Unwrap returns the first failure.
func (e *ManyError) Unwrap() error { return e.FirstFail }

// timeLayout is how points in time stand in sentences.
const timeLayout = "2006-01-02 15:04 UTC"
