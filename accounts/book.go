package accounts

import (
	"net/http"
	"time"

	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/oplog"
	"fettle/oauthflow/provider"
)

// Config is what a Book needs. Store and Catalogue are required; the rest has defaults.
type Config struct {
	Store     store.Store
	Vault     *vault.Vault
	Catalogue *provider.Catalogue
	HTTP      *http.Client // default: oauthflow.NewHTTPClient
	Log       *oplog.Log   // nil logs nothing
	Policy    Policy
	Actor     string           // who acts, for the history
	Now       func() time.Time // default: time.Now

	Parallel       int // refreshes at once, default 8
	StrictParallel int // refreshes at once at one single-use provider, default 2
}

// Book keeps the accounts. It is safe for concurrent use, within a process and across processes.
type Book struct {
	cfg Config
}

// New returns the book over what cfg names.
func New(cfg Config) *Book {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Book{cfg: cfg}
}
