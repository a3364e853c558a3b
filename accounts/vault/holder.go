package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"

	"fettle/internal/secret"
)

// holder keeps one age identity.
type holder interface {
	// identity yields it. Failures are *LockedError, with reason KeyMissing exactly if there is none, or the context's or prompt's error.
	identity(ctx context.Context, prompt Prompt) (*age.X25519Identity, error)
	// keep stores an identity, keeping a former one beside it if it can.
	keep(ctx context.Context, id *age.X25519Identity, passphrase secret.Text) error
	// location tells whether two holders keep their key in the same spot.
	location() string
}

// identityOf finds the key in a holder, whether or not it is meant to be there yet.
// The second result tells whether one was there; if not the key is new and kept nowhere.
func identityOf(ctx context.Context, h holder, passphrase secret.Text) (*age.X25519Identity, bool, error) {
	id, err := h.identity(ctx, answer(passphrase))
	var locked *LockedError
	if errors.As(err, &locked) && locked.Reason == KeyMissing {
		id, err = age.GenerateX25519Identity()
		return id, false, err
	}
	return id, true, err
}

// keepAndReread stores id and makes sure that the holder gives it back.
func keepAndReread(ctx context.Context, h holder, id *age.X25519Identity, passphrase secret.Text) error {
	if err := h.keep(ctx, id, passphrase); err != nil {
		return err
	}
	back, err := h.identity(ctx, answer(passphrase))
	if err != nil {
		return err
	}
	if back.String() != id.String() {
		return errors.New("the holder of the vault's key gives back another key than it was given")
	}
	return nil
}

func answer(passphrase secret.Text) Prompt {
	if passphrase.Empty() {
		return nil
	}
	return func(context.Context) (secret.Text, error) { return passphrase, nil }
}

// keyText is the form of age-keygen, so that age -i takes the file.
func keyText(id *age.X25519Identity) string {
	return fmt.Sprintf("# key of a fettle vault\n# public key: %s\n%s\n", id.Recipient(), id)
}

// parseKey finds the one key in text of that form. Its errors never quote the text.
func parseKey(text string) (*age.X25519Identity, error) {
	var found *age.X25519Identity
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, err := age.ParseX25519Identity(line)
		if err != nil {
			return nil, errors.New("it is not an age secret key (AGE-SECRET-KEY-1…)")
		}
		if found != nil {
			return nil, errors.New("it has more than one key")
		}
		found = id
	}
	if found == nil {
		return nil, errors.New("it is empty")
	}
	return found, nil
}
