package pwfile

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"fettle/accounts/store"
	"fettle/internal/atomicfile"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
)

// carriers are what one run delivers with.
type carriers struct {
	byKind map[store.PlaceKind]delivery
	remote *remote
}

// carriers connects to nobody yet; close ends the connections that are made.
func (k *Keeper) carriers(ctx context.Context, ask func(context.Context, sshconn.Question) (secret.Text, error)) *carriers {
	r := newRemote(ctx, k.cfg.Remote, ask)
	return &carriers{remote: r, byKind: map[store.PlaceKind]delivery{store.PlaceLocal: local{}, store.PlaceSFTP: r}}
}

func (c *carriers) close() { c.remote.close() }

// to is the delivery to a place. There is one for each kind that a place can have: locate makes no other.
func (c *carriers) to(p store.Place) delivery { return c.byKind[p.Kind] }

// Codes of failures that have no *sshconn.Error.
const (
	codeUnsafe = string(sshconn.Unsafe)
	codeDenied = string(sshconn.Denied)
	codeAbsent = string(sshconn.NotFound)
	codeFull   = string(sshconn.Full)
	codeFailed = string(sshconn.Failed)
	// codeRefused: an account of the canvas cannot go into a file now.
	codeRefused = "account_refused"
)

// codeOf names the kind of a failure, the same for places here and elsewhere, and whether it may go away by itself.
func codeOf(err error) (code string, transient bool) {
	if e, ok := errors.AsType[*sshconn.Error](err); ok {
		return string(e.Cause), e.Transient()
	}
	if _, ok := errors.AsType[*atomicfile.Refused](err); ok {
		return codeUnsafe, false
	}
	if _, ok := errors.AsType[refusedError](err); ok {
		return codeRefused, false
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return codeFull, false
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return codeDenied, false
	case errors.Is(err, fs.ErrNotExist):
		return codeAbsent, false
	case errors.Is(err, errNobodyToAsk):
		return string(sshconn.NeedsPassphrase), false
	}
	return codeFailed, false
}

// unreachable reports whether an error says nothing of the place, only that there is no way to it now.
func unreachable(err error) bool {
	e, ok := errors.AsType[*sshconn.Error](err)
	return ok && (e.Path == "" || e.Transient())
}
