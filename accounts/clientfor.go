package accounts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"fettle/accounts/store"
	"fettle/internal/atomicfile"
	"fettle/internal/childproc"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

const (
	tableClients = "clients"

	// secretCommandLimit is how long a secret_command may take; its answer serves for secretTerm, so that
	// a refresh of a thousand accounts does not start it a thousand times.
	secretCommandLimit = 30 * time.Second
	secretTerm         = time.Minute
)

// ClientError says why a client registration cannot be used.
type ClientError struct {
	Provider string
	Err      error
}

func (e *ClientError) Error() string {
	if errors.Is(e.Err, errNoClient) {
		return e.Err.Error() // names the provider itself
	}
	return fmt.Sprintf("client of provider %q: %v", e.Provider, e.Err)
}

var errNoClient = errors.New("there is no client")

// Unwrap returns the reason.
func (e *ClientError) Unwrap() error { return e.Err }

// openClient makes a client registration ready for use: the one of the store with that ID, or with "" the
// one from config.toml.
func (b *Book) openClient(ctx context.Context, p provider.Provider, clientID string) (oauthflow.Client, error) {
	if clientID == "" {
		return b.configClient(ctx, p)
	}
	var record store.Client
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		record, err = r.Client(clientID)
		return err
	})
	if err != nil {
		return oauthflow.Client{}, &ClientError{p.ID, err}
	}
	return b.storedClient(ctx, p, record)
}

// storedClient opens a client that was read already; a record without ID stands for the one from config.toml.
func (b *Book) storedClient(ctx context.Context, p provider.Provider, record store.Client) (oauthflow.Client, error) {
	if record.ID == "" {
		return b.configClient(ctx, p)
	}
	client := oauthflow.Client{ID: record.OAuthID, Auth: record.Auth}
	if len(record.Blob) > 0 {
		plain, err := b.cfg.Vault.Open(tableClients, record.ID, record.Seq, record.Blob)
		if err != nil {
			return oauthflow.Client{}, err
		}
		client.Secret = secret.New(string(plain))
		clear(plain)
	}
	client.Auth = authOf(client.Auth, client.Secret)
	return client, nil
}

// clientRecord reads the record of a client; "" is the one from config.toml and has none.
func clientRecord(r store.Reader, clientID string) (store.Client, error) {
	if clientID == "" {
		return store.Client{}, nil
	}
	c, err := r.Client(clientID)
	if err != nil {
		return c, fmt.Errorf("client registration: %w", err)
	}
	return c, nil
}

// sealClientSecret seals a secret for the client record id at seq; no secret gives no blob.
func (b *Book) sealClientSecret(id string, seq int64, s secret.Text) ([]byte, error) {
	if s.Empty() {
		return nil, nil
	}
	plain := []byte(s.Reveal())
	defer clear(plain)
	return b.cfg.Vault.Seal(tableClients, id, seq, plain)
}

func (b *Book) configClient(ctx context.Context, p provider.Provider) (oauthflow.Client, error) {
	c := p.Client
	if c.ID == "" {
		return oauthflow.Client{}, &ClientError{p.ID, errors.New("none is configured; add one with `fettle client add " + p.ID + "`")}
	}
	s, err := b.secrets.of(p.ID).get(b.now, func() (secret.Text, error) { return configSecret(ctx, c) })
	if err != nil {
		return oauthflow.Client{}, &ClientError{p.ID, err}
	}
	return oauthflow.Client{ID: c.ID, Secret: s, Auth: authOf(c.Auth, s)}, nil
}

// configSecret reads the secret from where config.toml says: the text itself, a file, or a command's output.
func configSecret(ctx context.Context, c provider.ClientConfig) (secret.Text, error) {
	switch {
	case c.SecretFile != "":
		content, err := atomicfile.ReadSecret(c.SecretFile)
		if err != nil {
			return secret.Text{}, fmt.Errorf("secret_file: %w", err)
		}
		return oneLine(content, "secret_file "+c.SecretFile)
	case len(c.SecretCommand) > 0:
		content, err := childproc.Run(ctx, secretCommandLimit, secret.Text{}, c.SecretCommand...)
		if err != nil {
			return secret.Text{}, fmt.Errorf("secret_command: %w", err)
		}
		return oneLine(content, "secret_command")
	}
	return c.Secret, nil
}

// oneLine takes the line break off that editors and commands add. A secret of several lines is a mistake.
func oneLine(content []byte, from string) (secret.Text, error) {
	defer clear(content)
	line := strings.TrimRight(string(bytes.TrimPrefix(content, []byte("\ufeff"))), "\r\n")
	switch {
	case strings.TrimSpace(line) == "":
		return secret.Text{}, fmt.Errorf("%s: it is empty", safetext.Line(from))
	case strings.ContainsAny(line, "\r\n\x00"):
		return secret.Text{}, fmt.Errorf("%s: expected one line with the client secret", safetext.Line(from))
	}
	return secret.New(line), nil
}

// authOf fills in what goes without saying (RFC 6749 §2.3): post with a secret, none without.
func authOf(auth provider.AuthMethod, s secret.Text) provider.AuthMethod {
	switch {
	case auth != "":
		return auth
	case s.Empty():
		return provider.AuthNone
	}
	return provider.AuthPost
}

// secretCache remembers the secrets that config.toml points at, for a minute.
type secretCache struct {
	mu    sync.Mutex
	known map[string]*cachedSecret // by provider
}

// cachedSecret is held while it is got, so that the agent of one provider that hangs keeps no other provider waiting.
type cachedSecret struct {
	mu   sync.Mutex
	text secret.Text
	at   time.Time // zero: not known
}

// of is the place of a provider's secret.
func (c *secretCache) of(providerID string) *cachedSecret {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]*cachedSecret{}
	}
	if c.known[providerID] == nil {
		c.known[providerID] = &cachedSecret{}
	}
	return c.known[providerID]
}

// get calls read for a secret that is not known or too old. Callers wait for one another: a command that
// asks an agent runs once.
func (s *cachedSecret) get(now func() time.Time, read func() (secret.Text, error)) (secret.Text, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The time after the wait: by that of before it, what somebody else just got would lie ahead.
	if at := now(); !s.at.IsZero() && at.Sub(s.at) < secretTerm && !at.Before(s.at) {
		return s.text, nil
	}
	text, err := read()
	if err != nil {
		return secret.Text{}, err
	}
	s.text, s.at = text, now()
	return text, nil
}
