package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

// ResourceList is what an account can reach, as last listed.
type ResourceList struct {
	AccountID string
	Name      string
	At        time.Time // zero: never listed
	Services  []ServiceResources
}

// ServiceResources are the resources of one service; Items is never nil.
type ServiceResources struct {
	Service string // ID
	Name    string
	Lists   bool // the catalogue has a listing for this service
	Items   []store.Resource
}

// listingTTL is how long an access token has to last to list with it: many pages take their time.
const listingTTL = 2 * time.Minute

// Resources returns the cached listing, or with refresh a new one; the credential is not touched beyond
// what any use of the account does.
func (b *Book) Resources(ctx context.Context, accountID string, refresh bool) (ResourceList, error) {
	if refresh {
		if err := b.listAgain(ctx, accountID); err != nil {
			return ResourceList{}, err
		}
	}
	var a store.Account
	var cached []store.Resource
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if a, err = r.Account(accountID); err != nil {
			return err
		}
		cached, err = r.Resources(accountID)
		return err
	})
	if isNotFound(err) {
		return ResourceList{}, &UnknownAccountError{Name: accountID}
	}
	if err != nil {
		return ResourceList{}, err
	}
	p, _ := b.cfg.Catalogue.Get(a.Provider)
	list := ResourceList{AccountID: a.ID, Name: a.Name, At: a.ResourcesAt, Services: []ServiceResources{}}
	for _, id := range a.Services {
		svc := p.Services[id]
		list.Services = append(list.Services, ServiceResources{
			Service: id, Name: cmp.Or(svc.Name, id), Lists: svc.Resources.URL != "",
			Items: slices.DeleteFunc(slices.Clone(cached), func(r store.Resource) bool { return r.Service != id }),
		})
	}
	for i := range list.Services {
		if list.Services[i].Items == nil {
			list.Services[i].Items = []store.Resource{}
		}
	}
	return list, nil
}

// listAgain asks the provider and keeps what it says.
func (b *Book) listAgain(ctx context.Context, accountID string) error {
	token, err := b.Token(ctx, accountID, listingTTL)
	if err != nil {
		return err
	}
	e, err := b.examinationOf(ctx, accountID, token, "resources", func(Check) {})
	if err != nil {
		return err
	}
	e.listings(ctx)
	if err := b.keepFindings(context.WithoutCancel(ctx), accountID, e); err != nil {
		return err
	}
	for _, c := range e.checks {
		if c.State == CheckFailed || c.State == CheckWarning && c.Diagnosis != nil && c.Diagnosis.Cause != causeNoResources {
			return fmt.Errorf("account %q: %s: %w", e.account.Name, c.Detail, errListing)
		}
	}
	return nil
}

// errListing says that a service did not list; what was listed before is kept.
var errListing = errors.New("the resources could not be listed")

// examinationOf prepares questions about the current grant with an access token that was got for them.
func (b *Book) examinationOf(ctx context.Context, accountID string, token AccessToken, action string, report func(Check)) (*examination, error) {
	h, err := b.enter(ctx, accountID)
	if err != nil {
		return nil, err
	}
	p, err := b.usable(h)
	if err != nil {
		return nil, err
	}
	client, err := b.storedClient(ctx, p, h.record)
	if err != nil {
		return nil, err
	}
	secrets, err := b.openGrant(h.grant)
	if err != nil {
		return nil, err
	}
	h.account.Server = serverOf(h.account, p)
	return &examination{
		book: b, account: h.account, provider: p, client: client, action: action, report: report,
		listed: map[string][]oauthflow.Resource{},
		token: &oauthflow.Token{
			Access: token.Token, Type: token.Type, ID: secrets.ID, AccessExpiresAt: token.ExpiresAt,
			Scopes: slices.Clone(h.account.Granted), ScopesStated: true, Kept: h.account.Kept,
		},
	}, nil
}

// keepFindings stores what an examination of the current grant found.
func (b *Book) keepFindings(ctx context.Context, accountID string, e *examination) error {
	err := b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(accountID)
		if err != nil {
			return err
		}
		former := a
		if e.granted {
			a.Granted = slices.Clone(e.account.Granted)
		}
		if e.found.Known() && (!a.Identity.Known() || a.Identity.Same(e.found)) {
			a.Identity = e.found
		}
		if e.accepted {
			a.ProvenAt = b.now()
		}
		if len(e.listed) > 0 {
			if err := putResources(w, &a, e.listed, b.now()); err != nil {
				return err
			}
		}
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		if former.Identity.Same(a.Identity) && former.Identity.Email != a.Identity.Email {
			detail := fmt.Sprintf("from %s to %s", whoIs(former.Identity), whoIs(a.Identity))
			if err := w.AddEvent(b.event(a, "e-mail changed", true, detail)); err != nil {
				return err
			}
		}
		if err := b.observeAll(w, a, e.outcomes); err != nil {
			return err
		}
		return w.AddEvent(b.event(a, e.action, !e.anyFailed(), e.summary()))
	})
	for _, o := range e.outcomes {
		b.logged(o)
	}
	return err
}

// putResources keeps a new listing in place of the cached one, service by service.
func putResources(w store.Writer, a *store.Account, listed map[string][]oauthflow.Resource, now time.Time) error {
	old, err := w.Resources(a.ID)
	if err != nil {
		return err
	}
	a.ResourcesAt = now
	return w.PutResources(a.ID, keepResources(old, listed, a.ID, now))
}

// keepResources lays the new listing over the cached one: a service that did not answer keeps its entries,
// and what was seen before keeps the day it was first seen.
func keepResources(old []store.Resource, listed map[string][]oauthflow.Resource, accountID string, now time.Time) []store.Resource {
	type key struct{ service, id string }
	first := map[key]time.Time{}
	kept := []store.Resource{}
	for _, r := range old {
		first[key{r.Service, r.ID}] = r.FirstSeen
		if _, answered := listed[r.Service]; !answered {
			kept = append(kept, r)
		}
	}
	for service, found := range listed {
		once := map[string]bool{}
		for _, r := range found {
			if once[r.ID] {
				continue
			}
			once[r.ID] = true
			seen, known := first[key{service, r.ID}]
			if !known {
				seen = now
			}
			kept = append(kept, store.Resource{AccountID: accountID, Service: service, Resource: r, FirstSeen: seen, LastSeen: now})
		}
	}
	return kept
}
