package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// ServiceResources are the resources of one service; its lists are never nil.
type ServiceResources struct {
	Service string // ID
	Name    string
	Lists   bool      // the catalogue has a listing for this service
	At      time.Time // when it was listed last; zero: never
	Former  time.Time // when it was listed the time before; zero: never, so nothing counts as new

	Items []store.Resource // those of the last listing
	Gone  []store.Resource // those that a listing of the last 30 days lacked, and since when
	// Empty says why nothing was found although everything is permitted; "" where there is something.
	Empty string
}

// IsNew reports whether a resource came since the listing before the last one.
func (s ServiceResources) IsNew(r store.Resource) bool {
	return !s.Former.IsZero() && r.FirstSeen.After(s.Former)
}

// Unlistable says why asking the provider can list nothing: each service has nothing to list, or lacks what listing needs.
// It is "" where asking may help.
func (l ResourceList) Unlistable() string {
	var why []string
	for _, s := range l.Services {
		switch {
		case !s.Lists:
			why = append(why, s.Name+" has nothing to list")
		case s.At.IsZero() && s.Empty != "": // never asked, and there is a reason
			why = append(why, s.Empty)
		default:
			return ""
		}
	}
	return strings.Join(why, "; ")
}

// goneTerm is how long a resource that is not listed any more is remembered.
const goneTerm = 30 * day

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
	var listings []store.Listing
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if a, err = r.Account(accountID); err != nil {
			return err
		}
		if listings, err = r.Listings(accountID); err != nil {
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
	// In the order of the account, also those without a listing: a screen has a line for each.
	for _, id := range a.Services {
		svc := p.Services[id]
		one := ServiceResources{
			Service: id, Name: cmp.Or(svc.Name, id), Lists: svc.Resources.URL != "" || svc.Resources.Blocked != "", Items: []store.Resource{}, Gone: []store.Resource{},
		}
		for _, l := range listings {
			if l.Service == id {
				one.At, one.Former = l.At, l.FormerAt
			}
		}
		for _, r := range cached {
			switch {
			case r.Service != id:
			case r.GoneAt.IsZero():
				one.Items = append(one.Items, r)
			default:
				one.Gone = append(one.Gone, r)
			}
		}
		if svc.Resources.Blocked != "" { // a developer token is missing, say: not the same as having nothing
			one.Empty = svc.Resources.Blocked
		} else if one.Lists && len(one.Items) == 0 && !one.At.IsZero() {
			svc.Name = one.Name
			one.Empty = nothingFound(svc, a.Identity).Explanation
		}
		list.Services = append(list.Services, one)
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
		// That there is nothing is an answer too, and no failure of the listing.
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
	// The paths of today, at the origins of then.
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

// keepFindings stores what an examination of the current grant found, unless another grant took its place meanwhile.
func (b *Book) keepFindings(ctx context.Context, accountID string, e *examination) error {
	err := b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(accountID)
		if err != nil {
			return err
		}
		// Questions take seconds and hold no lock. Somebody may have signed in again since: a sign-in is told by its time,
		// since a mere refresh raises neither it nor what is granted.
		if !a.AuthorizedAt.Equal(e.account.AuthorizedAt) {
			return nil
		}
		former := a
		if e.granted {
			a.Granted = slices.Clone(e.account.Granted)
		}
		// Another person is a finding, never a silent change of whose account this is.
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
