package accounts

import (
	"context"
	"errors"
	"time"
)

// RemovalPlan is what removing an account would mean, before anything is done.
type RemovalPlan struct {
	AccountID string
	Name      string

	Canvases  []string // stop working
	Siblings  []string // names of accounts of the same identity and client that a revocation would end too
	Holder    string   // non-empty: the password file that holds the grant
	CanRevoke bool     // the provider offers revocation and there is a token to revoke
	Reach     string   // token | grant | project: what dies with the token
	Effects   []string // sentences: what revoking does at the provider
	Elsewhere string   // where the person can revoke by hand, if revocation is not offered and a page is known
	ToRevoke  bool     // removed before; only the revocation is left
}

// RemoveOptions separates the two choices of a removal.
type RemoveOptions struct {
	Revoke bool // also at the provider
}

// RemoveResult says truthfully what became of the account.
type RemoveResult struct {
	Name       string
	Forgotten  bool // nothing of it is left here
	Revoked    bool // the provider confirmed that the token is dead
	ToRevoke   bool // still listed: removed here, still valid at the provider
	RetryAfter time.Duration
	Text       string // one sentence for the person
}

// RemovalPlan says what would stop and what a revocation would take along.
func (b *Book) RemovalPlan(ctx context.Context, accountID string) (RemovalPlan, error) {
	return RemovalPlan{}, errors.ErrUnsupported
}

// Remove forgets the account here and, if asked, revokes its grant at the provider first. An account
// whose revocation failed stays as to_revoke; Remove again retries.
func (b *Book) Remove(ctx context.Context, accountID string, o RemoveOptions) (RemoveResult, error) {
	return RemoveResult{}, errors.ErrUnsupported
}
