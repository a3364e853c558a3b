package pwfile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// Content returns the password file that was last written for a canvas, read from the first place on this machine that
// holds it unchanged. It opens no secret: the file goes on as it lies there.
func (k *Keeper) Content(ctx context.Context, c Canvas) ([]byte, error) {
	if c.Written == nil {
		return nil, fmt.Errorf("no password file was written for canvas %q yet; run `fettle pwfile generate %s`", c.Name, c.Name)
	}
	carriers := k.carriers(ctx, nil)
	defer carriers.close()
	// Those on this machine first: they cost no connection.
	places := slices.SortedStableFunc(slices.Values(c.Places), func(a, b store.Place) int {
		return cmp.Compare(remoteness(a), remoteness(b))
	})
	var failed error
	for _, p := range places {
		s, found, err := carriers.to(p).seen(ctx, p.Target, c.Group)
		switch {
		case err != nil:
			failed = cmpError(failed, err)
		case found && hashOf(s.Content) == c.Written.SHA256:
			return s.Content, nil
		}
	}
	return nil, fmt.Errorf("the password file of canvas %q lies at no place on this machine as it was written; run `fettle pwfile generate %s`: %w",
		c.Name, c.Name, cmpError(failed, store.ErrNotFound))
}

func remoteness(p store.Place) int {
	if p.Kind == store.PlaceLocal {
		return 0
	}
	return 1
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
		held := a.Holder != "" && a.Holder != store.HolderBook
		if held || a.HasRefresh && a.Rotation == provider.RotationSingleUse {
			names = append(names, a.Name)
		}
	}
	return names
}
