package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"fettle/internal/keyringhelper"
	"fettle/internal/secret"
)

// canary has one name, so that a probe that was killed leaves nothing the next one does not remove.
const canary = "fettle/canary"

// ProbeKeyring tells within three seconds whether the keyring keeps what it is given; nil means usable, an error names the cause.
func ProbeKeyring(ctx context.Context, keyring Keyring) error {
	limited, cancel := context.WithTimeoutCause(ctx, keyringhelper.DefaultTimeout, keyringhelper.ErrTimeout)
	defer cancel()
	err := probe(limited, keyring)
	// The limit ended it, not the caller: a keyring whose unlock dialog nobody sees hangs for ever.
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return context.Cause(limited)
	}
	return err
}

func probe(ctx context.Context, keyring Keyring) error {
	if keyring == nil {
		return keyringhelper.ErrUnavailable
	}
	value := secret.New(rand.Text())
	if err := keyring.Set(ctx, canary, value); err != nil {
		return err
	}
	back, err := keyring.Get(ctx, canary)
	if err != nil {
		err = fmt.Errorf("the keyring took a test item and does not give it back: %w", err)
	} else if back != value {
		err = errors.New("the keyring gives back another test item than it was given")
	}
	// Deleted also when it did not come back: it may be there all the same.
	return errors.Join(err, keyring.Delete(ctx, canary))
}
