package pwfile

import (
	"cmp"
	"context"
	"fmt"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
	"fettle/oauthflow/provider"
)

// Content returns the password file that was last written for a canvas, read from the first place that holds it
// unchanged; places on this machine come first. It opens no secret: the file goes on as it lies there. ask answers when
// ssh wants a key unlocked for a place elsewhere; nil: nobody is asked.
func (k *Keeper) Content(ctx context.Context, c Canvas, ask func(context.Context, sshconn.Question) (secret.Text, error)) ([]byte, error) {
	if c.Written == nil {
		return nil, fmt.Errorf("no password file was written for canvas %q yet; run `fettle pwfile generate %s`", c.Name, c.Name)
	}
	carriers := k.carriers(ctx, ask)
	defer carriers.close()
	var failed error // of the first place that could not be read: it says more than that nothing was found
	for _, here := range []bool{true, false} {
		for _, p := range c.Places {
			if here != (p.Kind == store.PlaceLocal) {
				continue
			}
			s, found, err := carriers.to(p).seen(ctx, p.Target, c.Group)
			switch {
			case err != nil:
				failed = cmp.Or(failed, err)
			case found && hashOf(s.Content) == c.Written.SHA256:
				return s.Content, nil
			}
		}
	}
	return nil, fmt.Errorf("the password file of canvas %q lies at none of its places as it was written; run `fettle pwfile generate %s`: %w",
		c.Name, c.Name, cmp.Or(failed, store.ErrNotFound))
}

// SingleUse names the accounts of a canvas whose credential must have one holder: either their refresh tokens work
// once, or a password file holds the only one. Whoever copies such a file hands out tokens that kill each other.
func (c Canvas) SingleUse() []string {
	var names []string
	for _, ref := range c.Accounts {
		a := ref.account
		if a == nil {
			continue
		}
		// A single-use account counts although its file carries a dedicated credential: that one works once, too.
		held := a.Holder != "" && a.Holder != store.HolderBook
		if held || a.HasRefresh && a.Rotation == provider.RotationSingleUse {
			names = append(names, a.Name)
		}
	}
	return names
}
