package accounts

import (
	"context"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

// Plant puts accounts with live grants into the book, as finished authorizations would.
func (b *Book) Plant(ctx context.Context, all []store.Account, tokens []*oauthflow.Token) error {
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		for i, a := range all {
			g := grantOf(tokens[i])
			blob, err := b.sealGrant(g, store.Current, a.ID, 1)
			if err != nil {
				return err
			}
			a.Holder, a.Generation, a.HasRefresh = store.HolderBook, 1, !g.Refresh.Empty()
			if err := w.PutAccount(&a); err != nil {
				return err
			}
			if err := w.PutGrant(&store.Grant{
				AccountID: a.ID, Role: store.Current, Seq: 1, Generation: 1, Holder: store.HolderBook, Blob: blob, WrittenAt: a.AuthorizedAt,
			}, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Secrets opens the current grant of an account.
func (b *Book) Secrets(ctx context.Context, id string) (t oauthflow.Token, seq int64, err error) {
	h, err := b.enter(ctx, id)
	if err != nil {
		return t, 0, err
	}
	g, err := b.openGrant(h.grant)
	return oauthflow.Token{Access: g.Access, Refresh: g.Refresh, ID: g.ID, Type: g.Type}, h.grant.Seq, err
}

// MayHaveArrived is tested directly: most of these failures cannot be made to order.
var MayHaveArrived = mayHaveArrived

// Flying is how many flights are under way.
func (b *Book) Flying() int {
	b.flights.mu.Lock()
	defer b.flights.mu.Unlock()
	return b.flights.running
}
