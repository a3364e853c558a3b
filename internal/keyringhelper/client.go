package keyringhelper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fettle/internal/busguard"
	"fettle/internal/childproc"
	"fettle/internal/secret"
)

// DefaultTimeout is how long a keyring may take to answer.
const DefaultTimeout = 3 * time.Second

// The child's requests, as its first argument after the command; the second is the item.
const (
	VerbGet    = "get"
	VerbSet    = "set"
	VerbDelete = "delete"
)

// The child's exit codes besides 0, clear of those of the Go runtime and of a shell.
const (
	ExitNotFound    = 10
	ExitUnavailable = 11
	ExitUsage       = 12
)

var (
	// ErrNotFound says that the keyring has no such item.
	ErrNotFound = errors.New("the keyring has no such item")
	// ErrUnavailable says that there is no keyring to be used here; the error that wraps it names the cause.
	ErrUnavailable = errors.New("no keyring is available")
	// ErrTimeout says that the keyring did not answer in time: a bus that hangs, or a prompt that nobody sees.
	ErrTimeout = errors.New("the keyring did not answer in time")
)

// Client asks the keyring through the helper. It is safe for concurrent use.
type Client struct {
	// Executable is the path of fettle itself.
	Executable string
	// Timeout limits each call; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Get returns an item's secret.
func (c Client) Get(ctx context.Context, item string) (secret.Text, error) {
	out, err := c.run(ctx, VerbGet, item, secret.Text{})
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(string(out)), nil
}

// Set stores an item's secret, replacing a former one.
func (c Client) Set(ctx context.Context, item string, value secret.Text) error {
	_, err := c.run(ctx, VerbSet, item, value)
	return err
}

// Delete removes an item; one that is not there is ErrNotFound or, where the keyring does not tell, nil.
func (c Client) Delete(ctx context.Context, item string) error {
	_, err := c.run(ctx, VerbDelete, item, secret.Text{})
	return err
}

func (c Client) run(ctx context.Context, verb, item string, stdin secret.Text) ([]byte, error) {
	if c.Executable == "" {
		return nil, fmt.Errorf("%w: fettle does not know its own path", ErrUnavailable)
	}
	limit := c.Timeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	out, err := childproc.Run(ctx, limit, stdin, c.Executable, busguard.HelperCommand, verb, item)
	var exit *childproc.ExitError
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, childproc.ErrTimeout):
		return nil, fmt.Errorf("%w (%v)", ErrTimeout, limit)
	case errors.As(err, &exit) && exit.Code == ExitNotFound:
		return nil, ErrNotFound
	case errors.As(err, &exit) && exit.Code == ExitUnavailable:
		return nil, fmt.Errorf("%w: %s", ErrUnavailable, exit.Words)
	default:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}
