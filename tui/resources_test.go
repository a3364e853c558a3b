package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow"
)

func init() {
	for name, build := range map[string]func(Model) Model{
		"resources": func(m Model) Model { return withResources(m, sampleResources()) },
		"resources-searched": func(m Model) Model {
			return press(write(press(withResources(m, sampleResources()), "/"), "shop"), "enter")
		},
		"resources-nothing": nothingFound,
		"resources-never": func(m Model) Model {
			return withResources(m, accounts.ResourceList{Services: []accounts.ServiceResources{{Service: "analytics", Name: "Acme Analytics", Lists: true}}})
		},
		"detail-resources": func(m Model) Model {
			m = press(m, "enter")
			return feed(m, answer{key: "resources id-sales-ga", value: sampleResources()}, keyPress("end"))
		},
	} {
		scenes[name] = build
	}
}

// withResources opens the resources of sales-ga, as listed.
func withResources(m Model, list accounts.ResourceList) Model {
	return feed(press(m, "enter", "s"), answer{key: "resource tree id-sales-ga", value: list})
}

// nothingFound is an account that is in order and owns nothing.
func nothingFound(m Model) Model {
	at := noon.Add(-time.Minute)
	list := accounts.ResourceList{At: at, Services: []accounts.ServiceResources{{Service: "analytics", Name: "Acme Analytics", Lists: true, At: at, Items: []store.Resource{},
		Empty: "Every permission is granted, so this is the wrong user, or nothing there is shared with ops@acme.example."}}}
	return feed(press(m, "down", "down", "down", "enter", "s"), answer{key: "resource tree id-press", value: list})
}

var listed = noon.Add(-10 * time.Minute)

func resource(id, name, parent string, first time.Time) store.Resource {
	return store.Resource{AccountID: "id-sales-ga", Service: "analytics", Resource: oauthflow.Resource{ID: id, Name: name, Parent: parent}, FirstSeen: first, LastSeen: listed}
}

// sampleResources has two accounts with properties, one new, one gone, and a property of a plain group.
func sampleResources() accounts.ResourceList {
	gone := resource("properties/13", "Old shop", "accounts/1", daysAgo(40))
	gone.GoneAt = listed
	return accounts.ResourceList{AccountID: "id-sales-ga", At: listed, Services: []accounts.ServiceResources{
		{Service: "analytics", Name: "Acme Analytics", Lists: true, At: listed, Former: daysAgo(1), Gone: []store.Resource{gone}, Items: []store.Resource{
			resource("accounts/1", "Acme retail", "", daysAgo(40)),
			resource("properties/11", "Web shop", "accounts/1", daysAgo(40)),
			resource("properties/12", "App", "accounts/1", listed),
			resource("accounts/2", "Acme press", "", daysAgo(40)),
			resource("properties/21", "Newsroom", "accounts/2", daysAgo(40)),
			resource("properties/31", "Campaign shop", "Shared with me", daysAgo(40)),
		}},
		{Service: "profile", Name: "Acme Profile"},
	}}
}

// TestTheTreeOfResources: parents before children, marks for what is new or gone, counts and the listing's time.
func TestTheTreeOfResources(t *testing.T) {
	t.Parallel()
	text := ansi.Strip(withResources(testModel(90, 30, sampleData()), sampleResources()).content())
	last := -1
	for _, part := range []string{"6 resources", "+ 1 new", "- 1 gone", "listed 10 min ago", "Acme Analytics", "Acme retail accounts/1", "├ Web shop", "├ App properties/12  + new", "└ Old shop properties/13  - gone", "Acme press", "└ Newsroom", "Shared with me", "└ Campaign shop"} {
		i := strings.Index(text, part)
		if i <= last {
			t.Errorf("%q is missing or out of order:\n%s", part, text)
		}
		last = i
	}
}

// TestTheFirstListingHasNothingNew: everything was seen first now.
func TestTheFirstListingHasNothingNew(t *testing.T) {
	t.Parallel()
	list := sampleResources()
	list.Services[0].Former, list.Services[0].Gone = time.Time{}, nil
	list.Services[0].Items = []store.Resource{resource("a", "A", "", listed), resource("b", "B", "", listed)}
	if text := seen(withResources(testModel(90, 30, sampleData()), list)); strings.Contains(text, "new") {
		t.Errorf("it shows %s", text)
	}
}

// TestSearchingResources keeps what a hit belongs to, and the cursor stays with its resource.
func TestSearchingResources(t *testing.T) {
	t.Parallel()
	m := withResources(testModel(90, 30, sampleData()), sampleResources())
	m = press(m, "down", "down") // Web shop
	m = press(write(press(m, "/"), "SHOP"), "enter")
	text := seen(m)
	for _, shown := range []string{"Acme retail", "Web shop", "Old shop", "Shared with me", "Campaign shop"} {
		if !strings.Contains(text, shown) {
			t.Errorf("%q is not shown: %s", shown, text)
		}
	}
	if strings.Contains(text, "Newsroom") || strings.Contains(text, "Acme press") {
		t.Errorf("what does not match is shown: %s", text)
	}
	if s := m.front().(resourcesScreen); s.at != "analytics\nproperties/11" || m.front().situation(m.frame()).entry != "properties/11" {
		t.Errorf("the cursor is at %q", s.at)
	}
	if none := write(press(m, "/"), "zzz"); !strings.Contains(seen(none), "Nothing matches") {
		t.Errorf("it shows %s", seen(none))
	}
	if all := press(m, "esc"); !strings.Contains(seen(all), "Newsroom") {
		t.Error("esc does not show all")
	}
	if out := press(m, "esc", "esc"); len(out.stack) != 2 {
		t.Error("the second esc does not go back")
	}
}

// TestNothingFoundSaysWhoSignedIn and what that means; a missing permission is another thing.
func TestNothingFoundSaysWhoSignedIn(t *testing.T) {
	t.Parallel()
	if text := seen(nothingFound(testModel(80, 24, sampleData()))); !strings.Contains(text, "No Acme Analytics accounts found for ops@acme.example") || !strings.Contains(text, "the wrong user") {
		t.Errorf("it shows %s", text)
	}
	list := accounts.ResourceList{At: listed, Services: []accounts.ServiceResources{{Service: "sheets", Name: "Acme Sheets", Lists: true}}}
	m := feed(press(testModel(80, 24, sampleData()), "down", "enter", "s"), answer{key: "resource tree id-finance-sheets", value: list})
	if text := seen(m); !strings.Contains(text, "was not asked") || !strings.Contains(text, "See information about your files") {
		t.Errorf("it shows %s", text)
	}
}

// TestListingAgain runs on its own: progress, stop, an error that keeps the former listing.
func TestListingAgain(t *testing.T) {
	t.Parallel()
	m := press(withResources(testModel(90, 30, sampleData()), sampleResources()), "r")
	id := jobID{jobResources, "id-sales-ga"}
	j, ok := m.jobs.get(id)
	if !ok || !j.running || !strings.Contains(seen(m), "listing again") {
		t.Fatalf("r does not list: %s", seen(m))
	}
	if _, isListing := j.want.(listResources); !isListing || len(m.jobs) != 1 {
		t.Errorf("%T is asked for", j.want)
	}
	if busy := press(m, "r"); !strings.Contains(busy.notice.text, "under way") {
		t.Errorf("a second r says %q", busy.notice.text)
	}
	if stopping := press(m, "ctrl+x"); !strings.Contains(seen(stopping), "stopping") {
		t.Errorf("it shows %s", seen(stopping))
	}
	m = feed(m, jobEvent{id: id, run: j.run, ended: true, err: errors.New("the connection dropped")})
	if text := seen(m); !strings.Contains(text, "The connection dropped") || !strings.Contains(text, "Web shop") {
		t.Errorf("it shows %s", text)
	}
	if unread := feed(m, answer{key: "resource tree id-sales-ga", err: errors.New("disk error")}); !strings.Contains(seen(unread), "Web shop") {
		t.Error("a read error hides what was listed")
	}
}

// crowdOfResources is a listing of n properties below n/100 accounts.
func crowdOfResources(n int) accounts.ResourceList {
	list := accounts.ResourceList{At: listed, Services: []accounts.ServiceResources{{Service: "analytics", Name: "Acme Analytics", Lists: true}}}
	for i := range n {
		r := resource(fmt.Sprintf("properties/%05d", i), fmt.Sprintf("Property %05d", i), fmt.Sprintf("accounts/%d", i/100), daysAgo(40))
		if i%100 == 0 {
			r = resource(fmt.Sprintf("accounts/%d", i/100), fmt.Sprintf("Account %d", i/100), "", daysAgo(40))
		}
		list.Services[0].Items = append(list.Services[0].Items, r)
	}
	return list
}

// TestTenThousandResources are reached to the last, and found.
func TestTenThousandResources(t *testing.T) {
	t.Parallel()
	m := withResources(testModel(80, 24, sampleData()), crowdOfResources(10_000))
	if text := seen(press(m, "end")); !strings.Contains(text, "10000 resources") || !strings.Contains(text, "Property 09999") {
		t.Errorf("the end shows %s", text)
	}
	if text := seen(press(write(press(m, "/"), "05555"), "enter")); !strings.Contains(text, "Property 05555") || !strings.Contains(text, "Account 55") {
		t.Errorf("the search shows %s", text)
	}
	detail := feed(press(testModel(80, 60, sampleData()), "enter"), answer{key: "resources id-sales-ga", value: crowdOfResources(10_000)})
	if text := seen(detail); !strings.Contains(text, "more lines: s shows") {
		t.Errorf("the page of the account shows %s", text)
	}
}

// TestEveryResourceIsShownOnce whatever hangs on what, itself included.
func TestEveryResourceIsShownOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		var items []store.Resource
		for i := range n {
			parent := ""
			if p := rapid.IntRange(-1, n+2).Draw(t, "parent"); p >= 0 {
				parent = fmt.Sprint(p)
			}
			items = append(items, resource(fmt.Sprint(i), fmt.Sprintf("R%d", i), parent, listed))
		}
		rows := resourceTree(accounts.ResourceList{At: listed, Services: []accounts.ServiceResources{{Service: "s", Name: "S", Items: items}}})
		met := map[string]int{}
		for i, r := range rows {
			if r.parent >= i {
				t.Fatalf("row %d stands before its parent %d", i, r.parent)
			}
			if r.id != "" {
				met[r.id]++
			}
		}
		for i := range n {
			if met[fmt.Sprint(i)] != 1 {
				t.Fatalf("resource %d is shown %d times", i, met[fmt.Sprint(i)])
			}
		}
		if shown := search(rows, ""); len(shown) != len(rows) {
			t.Fatalf("%d of %d rows are shown", len(shown), len(rows))
		}
	})
}

// BenchmarkResourceKeyPress is one key on the tree of 10,000 resources, searching included.
func BenchmarkResourceKeyPress(b *testing.B) {
	m := withResources(testModel(140, 40, sampleData()), crowdOfResources(10_000))
	keys := []string{"down", "pgdown", "end", "/", "5", "5", "backspace", "enter", "up", "esc"}
	for i := 0; b.Loop(); i++ {
		m = press(m, keys[i%len(keys)])
		_ = m.View()
	}
}

// TestAnAccountWithNothingToListSaysSo, and r asks nobody: it could only come back with the same.
func TestAnAccountWithNothingToListSaysSo(t *testing.T) {
	t.Parallel()
	for want, service := range map[string]accounts.ServiceResources{
		"Acme Mail has nothing to list":        {Service: "mail", Name: "Acme Mail"},
		"Acme Ads waits for a developer token": {Service: "ads", Name: "Acme Ads", Lists: true, Empty: "Acme Ads waits for a developer token"},
	} {
		m := withResources(testModel(140, 24, sampleData()), accounts.ResourceList{Services: []accounts.ServiceResources{service}})
		if text := seen(m); !strings.Contains(text, want) || strings.Contains(text, "never listed") {
			t.Errorf("%q is not said:\n%s", want, ansi.Strip(m.content()))
		}
		m = press(m, "r")
		if j, _ := m.jobs.get(jobID{jobResources, "id-sales-ga"}); j.running || !strings.Contains(m.notice.text, want) {
			t.Errorf("r: %+v, %q", j, m.notice.text)
		}
	}
}
