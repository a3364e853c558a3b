package oauthflow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// The bounds of a listing; beyond them it ends with what it has.
const (
	maxItems = 10_000
	maxPages = 200
	maxField = 200 // terminal cells
)

// List returns what the account can reach at a service, none where the service has no listing. Pages are
// followed only on the origins the catalogue entry names.
func List(ctx context.Context, hc *http.Client, p provider.Provider, svc provider.Service, t *Token) ([]Resource, error) {
	if svc.Resources.URL == "" {
		return nil, nil
	}
	// The listing has a limit of its own: one answer of Salesforce names every object of an organization.
	l := lister{bearer: bearer{place: PlaceAPI, provider: p, server: p.Endpoints, token: t}, hc: hc, service: svc.Name, seen: map[string]bool{}, pagesLeft: maxPages}
	return l.list(context.WithValue(ctx, longAnswer{}, true), svc.Resources)
}

// lister is one listing, with what its calls have used up together.
type lister struct {
	bearer
	hc        *http.Client
	service   string
	seen      map[string]bool
	pagesLeft int
}

// list reads all pages, and then what is inside each item where that takes a call of its own.
func (l *lister) list(ctx context.Context, listing provider.Listing) ([]Resource, error) {
	items, err := l.pages(ctx, listing, "")
	if err != nil || listing.Each == nil {
		return items, err
	}
	var found []Resource
	asked := map[string]bool{}
	for _, item := range items {
		found = append(found, item)
		path, ok := itemPath(item.ID)
		// Two names for one thing, or one thing named on two pages: it is asked once.
		if !ok || asked[path] {
			continue
		}
		asked[path] = true
		inside := *listing.Each
		inside.URL = strings.ReplaceAll(inside.URL, "{item}", path)
		children, err := l.pages(ctx, inside, item.ID)
		if err != nil && !closed(err) {
			return nil, err // half a listing would make the rest look gone
		}
		if found = append(found, children...); len(found) >= maxItems {
			return found[:maxItems], nil
		}
	}
	return found, nil
}

// closed reports whether an item is not open to this account, which is no reason to fail for the others: an Ads account
// that is not enabled, a project without the API.
func closed(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusForbidden || e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest)
}

// itemPath is an item's id as part of a path. Slashes stay (customers/123); what would lead elsewhere is refused.
func itemPath(id string) (string, bool) {
	parts := strings.Split(id, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return "", false
		}
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/"), true
}

// pages reads one listing to its end, or to the end of what all of them may use.
func (l *lister) pages(ctx context.Context, listing provider.Listing, parent string) ([]Resource, error) {
	request := listing.Request
	request.URL = fill(listing.URL, l.token.Kept, "")
	var found []Resource
	for ; l.pagesLeft > 0; l.pagesLeft-- {
		page := request.URL + "\x00" + request.Body // where the next page is asked for by a body, the address stays
		if l.seen[page] {
			return nil, &Error{Place: PlaceAPI, Provider: l.provider.ID, Code: CodeInvalidResponse, Description: "the listing of " + clean(l.service) + " leads back to a page it has been to"}
		}
		l.seen[page] = true
		a, err := l.send(ctx, l.hc, request)
		if err != nil {
			return nil, err
		}
		// Cut off at the limit, which whoever keeps the listing takes as "there may be more".
		if found = collect(found, listing, a.value, parent); len(found) >= maxItems {
			return found[:maxItems], nil
		}
		next, more := nextRequest(listing, a, request)
		if !more {
			// break leaves out the loop's own count.
			l.pagesLeft--
			break
		}
		request = next
	}
	return found, nil
}

// collect appends the items of one page and their children.
func collect(found []Resource, l provider.Listing, page any, parent string) []Resource {
	items, _ := lookup(page, l.Items).([]any)
	for _, item := range items {
		r := Resource{ID: field(item, l.ID, "id"), Parent: parent}
		r.Name = field(item, l.Name, "name")
		if s := textOf(item); s != "" { // Google Ads lists plain ids: "customers/1234567890"
			r.ID, r.Name = clean(s), clean(s)
		}
		if l.Parent != "" {
			r.Parent = field(item, l.Parent, "")
		}
		if r.ID == "" {
			continue
		}
		if r.Name == "" {
			r.Name = r.ID
		}
		if found = append(found, r); len(found) >= maxItems {
			return found
		}
		if l.Children != nil {
			found = collect(found, *l.Children, item, r.ID)
		}
	}
	return found
}

func field(item any, path, standard string) string {
	if path == "" {
		path = standard
	}
	return safetext.Cut(textOf(lookup(item, path)), maxField)
}

// nextRequest returns the call for the next page, if there is one.
func nextRequest(l provider.Listing, a *answer, current provider.Request) (next provider.Request, more bool) {
	next = current
	if l.Next == "" {
		return next, false
	}
	if l.More != "" { // Dropbox names a next page's token on the last page too
		if flag, ok := lookup(a.value, l.More).(bool); !ok || !flag {
			return next, false
		}
	}
	if l.NextBody == "" {
		next.URL = nextPage(l, a, current.URL)
		return next, next.URL != ""
	}
	token := textOf(lookup(a.value, l.Next))
	// The token goes into JSON that the catalogue wrote, so it must not be able to end its string.
	quoted, _ := json.Marshal(token) // a string always encodes
	next.Body = strings.ReplaceAll(l.NextBody, "{next}", string(quoted))
	if l.NextURL != "" {
		next.URL = l.NextURL
	}
	return next, token != ""
}

// nextPage returns the address of the next page, "" at the end.
func nextPage(l provider.Listing, a *answer, current string) string {
	if l.NextURL != "" {
		current = l.NextURL
	}
	base, err := url.Parse(current)
	if err != nil {
		return ""
	}
	if l.Next == "header:Link" {
		return resolve(base, linkNext(a.header.Values("Link")))
	}
	next := textOf(lookup(a.value, l.Next))
	// Without a parameter to put it into, it is an address of its own.
	if next == "" || l.NextParam == "" {
		return resolve(base, next)
	}
	q := base.Query()
	q.Set(l.NextParam, next)
	base.RawQuery = q.Encode()
	return base.String()
}

func resolve(base *url.URL, ref string) string {
	u, err := url.Parse(ref)
	if err != nil || ref == "" {
		return ""
	}
	return base.ResolveReference(u).String()
}

var link = lazyregexp.New(`<([^>]*)>([^<]*)`)

// linkNext reads rel="next" (RFC 8288).
func linkNext(headers []string) string {
	for _, m := range link().FindAllStringSubmatch(strings.Join(headers, ","), -1) {
		if strings.Contains(strings.ReplaceAll(m[2], `"`, ""), "rel=next") {
			return m[1]
		}
	}
	return ""
}
