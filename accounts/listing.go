package accounts

import (
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

// wholeListing is how many resources a listing may have and still be known to be whole: it is cut off at that.
const wholeListing = 10_000

// putResources lays a new listing over the cached one, service by service.
func putResources(w store.Writer, a *store.Account, listed map[string][]oauthflow.Resource, now time.Time) error {
	old, err := w.Resources(a.ID)
	if err != nil {
		return err
	}
	former, err := w.Listings(a.ID)
	if err != nil {
		return err
	}
	before := map[string]time.Time{}
	for _, l := range former {
		before[l.Service] = l.At
	}
	for service := range listed {
		if err := w.PutListing(store.Listing{AccountID: a.ID, Service: service, At: now, FormerAt: before[service]}); err != nil {
			return err
		}
	}
	a.ResourcesAt = now
	return w.PutResources(a.ID, keepResources(old, listed, a.ID, now))
}

// resourceKey tells resources of one account apart.
type resourceKey struct{ service, id string }

// keepResources is the cache after a listing: a service that did not answer keeps its entries, what was seen before
// keeps the day it was first seen, and what is missing now is kept for a while as gone.
func keepResources(old []store.Resource, listed map[string][]oauthflow.Resource, accountID string, now time.Time) []store.Resource {
	known := make(map[resourceKey]store.Resource, len(old))
	kept := make([]store.Resource, 0, len(old))
	for _, r := range old {
		if _, answered := listed[r.Service]; !answered {
			kept = append(kept, r)
			continue
		}
		known[resourceKey{r.Service, r.ID}] = r
	}
	for service, found := range listed {
		once := make(map[string]bool, len(found))
		for _, r := range found {
			if once[r.ID] {
				continue
			}
			once[r.ID] = true
			next := store.Resource{AccountID: accountID, Service: service, Resource: r, FirstSeen: now, LastSeen: now}
			// What was gone and is back is new again.
			if was, ok := known[resourceKey{service, r.ID}]; ok && was.GoneAt.IsZero() {
				next.FirstSeen = was.FirstSeen
			}
			kept = append(kept, next)
		}
		if len(found) < wholeListing {
			kept = append(kept, missed(known, service, once, now)...)
		}
	}
	return kept
}

// missed are the known resources that a whole listing of a service lacked, until they are forgotten.
func missed(known map[resourceKey]store.Resource, service string, found map[string]bool, now time.Time) []store.Resource {
	var gone []store.Resource
	for key, r := range known {
		if key.service != service || found[r.ID] {
			continue
		}
		if r.GoneAt.IsZero() {
			r.GoneAt = now
		}
		if now.Sub(r.GoneAt) < goneTerm {
			gone = append(gone, r)
		}
	}
	return gone
}
