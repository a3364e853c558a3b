package accounts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// lists sets what every listing of the account's services holds.
func (l *life) lists(items ...any) {
	for _, id := range l.services {
		at := strings.Replace(l.entry.Services[id].Resources.URL, "{instance_url}", l.like.URL(lookalike.SalesforceInstance), 1)
		l.like.Resources(l.like.Path(at), items...)
	}
}

// TestNothingToReachIsAFindingOfItsOwn: empty lists come as [], as a member left out, or as a page without anything.
func TestNothingToReachIsAFindingOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		l.lists()
		a := l.look(t, l.authorizedWith(t, "sales").AccountID)
		if h := a.Health; h.State != accounts.NoResources || h.Remedy != diagnose.FixUserAccount {
			t.Errorf("is %s, %s: %s", h.State, h.Remedy, h.Title)
		}
		if names := l.names(t, a.ID, false); len(names) != 0 {
			t.Errorf("lists %q", names)
		}
	})
}

func (l *life) authorizedWith(t *testing.T, name string) accounts.FlowResult {
	t.Helper()
	result := l.signIn(t, name, provider.Browser, lookalike.Consent{})
	if result.End != accounts.EndAuthorized {
		t.Fatalf("ended as %s: %s", result.End, result.Why)
	}
	return result
}

// anyItem is an item of any of the listings: each finds the members it knows.
func anyItem(n int) any {
	id, name := fmt.Sprintf("item-%05d", n), fmt.Sprintf("Item %05d", n)
	item := map[string]any{
		"id": id, "Id": n, "account": id, "name": name, "Name": name, "displayName": name, "full_name": name, "label": name,
		"reference": "urn:li:organization:9", "owner": map[string]any{"login": "example"},
	}
	// What an object of Salesforce brings along makes a list of two thousand longer than a megabyte.
	for _, view := range []string{"compactLayouts", "rowTemplate", "approvalLayouts", "quickActions", "listviews", "describe", "layouts", "sobject"} {
		item[view] = "/services/data/v66.0/sobjects/" + name + "/describe/" + view
	}
	return item
}

// TestManyResources are listed to the end, by whatever way the provider pages.
func TestManyResources(t *testing.T) {
	t.Parallel()
	for _, b := range biographies() {
		switch b.name { // one life of each way of paging
		case "Google", "Google, by device", "Microsoft, Advertising with a secret", "LinkedIn, partner", "LinkedIn, native app", "GitHub, expiring":
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			b.options.PageSize = 100
			l := newLife(t, b.provider, b.options, b.services...)
			all := make([]any, 450)
			if b.provider == "salesforce" { // in one answer
				all = make([]any, 2000)
			}
			for i := range all {
				all[i] = anyItem(i)
			}
			l.lists(all...)
			names := l.names(t, l.authorizedWith(t, "sales").AccountID, false)
			if len(names) != len(all) || !slices.IsSorted(names) || slices.Contains(names, "") {
				t.Errorf("%d resources, want %d", len(names), len(all))
			}
		})
	}
}
