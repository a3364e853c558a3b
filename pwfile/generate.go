package pwfile

import (
	"context"
	"errors"

	"fettle/accounts/store"
	"fettle/internal/secret"
)

// GenerateOptions is what Generate may have to ask.
type GenerateOptions struct {
	// Passphrase is asked once for each canvas that is encrypted to one, never for two at a time.
	Passphrase func(ctx context.Context, canvas Canvas) (secret.Text, error)
}

// Progress is reported as each line of a run is recorded.
type Progress struct {
	Line  store.RunLine
	Done  int // lines that have ended, this one included
	Total int
}

// Generate carries out a plan: it writes each password file to each of its places, reads it back, and records the
// outcome as it goes. A line that fails does not stop the others; its cause is in the run. The error is about the run
// as a whole: the vault is locked, the record cannot be written, ctx ended. An interrupted run of the same canvases is continued.
// report is called from this goroutine; nil reports nothing.
func (k *Keeper) Generate(ctx context.Context, p Plan, opts GenerateOptions, report func(Progress)) (store.Run, error) {
	return store.Run{}, errors.ErrUnsupported
}
