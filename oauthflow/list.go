package oauthflow

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

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
	l := svc.Resources
	if l.URL == "" {
		return nil, nil
	}
	ctx = context.WithValue(ctx, longAnswer{}, true)
	b := bearer{place: PlaceAPI, provider: p, server: p.Endpoints, token: t}
	request := l.Request
	request.URL = fill(l.URL, t.Kept, "")
	seen := map[string]bool{}
	var found []Resource
	for range maxPages {
		page := request.URL + "\x00" + request.Body // where the next page is asked for by a body, the address stays
		if seen[page] {
			return nil, &Error{Place: PlaceAPI, Provider: p.ID, Code: CodeInvalidResponse, Description: "the listing of " + clean(svc.Name) + " leads back to a page it has been to"}
		}
		seen[page] = true
		a, err := b.send(ctx, hc, request)
		if err != nil {
			return nil, err
		}
		if found = collect(found, l, a.value, ""); len(found) >= maxItems {
			return found[:maxItems], nil
		}
		next, more := nextRequest(l, a, request)
		if !more {
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
		if s := textOf(item); s != "" { // a list of plain ids
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

var link = regexp.MustCompile(`<([^>]*)>([^<]*)`)

// linkNext reads rel="next" (RFC 8288).
func linkNext(headers []string) string {
	for _, m := range link.FindAllStringSubmatch(strings.Join(headers, ","), -1) {
		if strings.Contains(strings.ReplaceAll(m[2], `"`, ""), "rel=next") {
			return m[1]
		}
	}
	return ""
}
