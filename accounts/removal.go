package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// RemovalPlan is what removing an account would mean, before anything is done.
type RemovalPlan struct {
	AccountID string
	Name      string

	Canvases  []string // stop working; never nil
	Siblings  []string // names of accounts that a revocation would end too; never nil
	Holder    string   // non-empty: the password file that holds the grant
	CanRevoke bool     // the provider offers revocation and there is a token here to revoke
	Reach     string   // token | grant | project: what dies with the token
	Effects   []string // sentences: what each choice does; never nil
	ToRevoke  bool     // removed before; only the revocation is left

	forgetting []string // those of the effects that only forgetting has
	revoking   []string // those that only revoking has
}

// EffectsOf are the effects of one choice.
func (plan RemovalPlan) EffectsOf(revoke bool) []string {
	others := plan.revoking
	if revoke {
		others = plan.forgetting
	}
	return slices.DeleteFunc(slices.Clone(plan.Effects), func(e string) bool { return slices.Contains(others, e) })
}

// How far a revocation reaches.
const (
	reachToken   = "token"
	reachGrant   = "grant"
	reachProject = "project"
)

// RemovalPlan says what would stop and what a revocation would take along. It needs no key and asks nobody.
func (b *Book) RemovalPlan(ctx context.Context, accountID string) (RemovalPlan, error) {
	var plan RemovalPlan
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		a, err := r.Account(accountID)
		if isNotFound(err) {
			return &UnknownAccountError{Name: accountID}
		}
		if err != nil {
			return err
		}
		p, _ := b.cfg.Catalogue.Get(a.Provider)
		plan = RemovalPlan{AccountID: a.ID, Name: a.Name, ToRevoke: a.ToRevoke, Canvases: []string{}, Siblings: []string{}}
		plan.Reach = reachOf(p)
		// What a file holds is not here to be revoked.
		if isHeld(a) {
			plan.Holder = a.Holder
		}
		credential, waiting, err := grantsOf(r, a.ID)
		if err != nil {
			return err
		}
		// A credential that was stored and not yet checked is one, too.
		plan.CanRevoke = (credential || waiting) && plan.Holder == "" && revocable(a, p)
		if err := plan.whatStops(r, a); err != nil {
			return err
		}
		if err := plan.whoElse(r, a); err != nil {
			return err
		}
		plan.Effects = plan.effects(a, p)
		if credential && waiting {
			plan.Effects = append(plan.Effects, "A new credential waits for a decision. "+droppedAlong(nameOf(p)))
		}
		return nil
	})
	return plan, err
}

// grantsOf reports whether an account has a credential in use, and one that waits.
func grantsOf(r store.Reader, accountID string) (current, waiting bool, err error) {
	for role, has := range map[store.Role]*bool{store.Current: &current, store.Candidate: &waiting} {
		if _, err := r.Grant(accountID, role); err == nil {
			*has = true
		} else if !isNotFound(err) {
			return false, false, err
		}
	}
	return current, waiting, nil
}

// droppedAlong says what becomes of a credential that waits beside the one that is removed.
func droppedAlong(providerName string) string {
	return "The new credential is dropped here and not revoked by itself: where revoking the present one does not end it, it stays valid at " + providerName + "."
}

// revocable reports whether the provider takes revocations from this account's client.
func revocable(a store.Account, p provider.Provider) bool {
	// GitHub takes revocations from a client with its secret only.
	if p.Revoke.Auth == "basic" && a.ClientHash == "" {
		return false
	}
	return serverOf(a, p).Revocation != "" || p.Revoke.URL != ""
}

func reachOf(p provider.Provider) string {
	if p.Revoke.Scope == "" {
		return reachGrant // what RFC 7009 §2.1 lets a server do
	}
	return p.Revoke.Scope
}

func (plan *RemovalPlan) whatStops(r store.Reader, a store.Account) error {
	canvases, err := r.Canvases()
	if err != nil {
		return err
	}
	// A dedicated account stands in no list of a canvas: its name says whose it is.
	_, own, _ := SplitDedicated(a.Name)
	for _, c := range canvases {
		if c.Name == own || slices.Contains(c.AccountIDs, a.ID) {
			plan.Canvases = append(plan.Canvases, c.Name)
		}
	}
	return nil
}

// whoElse finds the accounts whose grants die along: the same person through the same client or, where
// the whole project dies, through any client of it.
func (plan *RemovalPlan) whoElse(r store.Reader, a store.Account) error {
	if plan.Reach == reachToken {
		return nil
	}
	all, err := r.Accounts()
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID == a.ID || other.Provider != a.Provider || !other.Identity.Same(a.Identity) {
			continue
		}
		// Google revokes what a person granted to the whole project, whichever of its clients asked.
		if other.OAuthClientID == a.OAuthClientID || plan.Reach == reachProject && projectOf(other.OAuthClientID) == projectOf(a.OAuthClientID) {
			plan.Siblings = append(plan.Siblings, other.Name)
		}
	}
	return nil
}

// projectOf is the part of a Google client id that all clients of one project share: its number.
func projectOf(clientID string) string {
	number, _, found := strings.Cut(clientID, "-")
	if !found {
		return clientID
	}
	return number
}

// effects says in sentences what forgetting and what revoking do.
func (plan *RemovalPlan) effects(a store.Account, p provider.Provider) []string {
	name := nameOf(p)
	common := []string{}
	switch {
	case plan.Holder != "":
		common = append(common, fmt.Sprintf("The credential is held by %s, not by this book: it stays valid at %s until it is revoked there.", plan.Holder, name))
	case !plan.CanRevoke:
		common = append(common, fmt.Sprintf("%s offers no revocation that a program could ask for, or there is no credential here: forgetting the account here does not end it there.", name))
	default:
		plan.forgetting = append(plan.forgetting, fmt.Sprintf("Forgetting it here leaves it valid at %s: copies in password files go on working.", name))
		plan.revoking = append(plan.revoking, plan.revocationEffect(a, name))
	}
	if len(plan.Siblings) > 0 {
		plan.revoking = append(plan.revoking, "Revoking ends these accounts too: "+strings.Join(plan.Siblings, ", ")+".")
	}
	return slices.Concat(common, plan.forgetting, plan.revoking)
}

func (plan *RemovalPlan) revocationEffect(a store.Account, name string) string {
	switch plan.Reach {
	case reachProject:
		return fmt.Sprintf("Revoking ends every sign-in of %s at every client of this project, on other servers too: %s knows no smaller step.", whoIs(a.Identity), name)
	case reachToken:
		return fmt.Sprintf("Revoking ends this credential and its copies in password files; other sign-ins of %s go on.", whoIs(a.Identity))
	}
	return fmt.Sprintf("Revoking ends what %s granted to this client, on other servers too.", whoIs(a.Identity))
}
