package tui

import (
	"strings"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
)

// resourceRow is one line of the tree of resources: a service, a group that is no resource itself, or a
// resource. It is worked out once per listing; a view draws a window of it.
type resourceRow struct {
	key    string // the cursor's
	id     string // the provider's, "" = a heading
	label  string
	parent int // its row, -1 = none
	depth  int
	fresh  bool   // not in the listing before
	gone   bool   // not in the last listing
	text   string // what the search looks at
}

// resourceTree lays a listing out, parents before their children, in the order of the provider.
func resourceTree(list accounts.ResourceList) []resourceRow {
	var rows []resourceRow
	for _, svc := range list.Services {
		if len(svc.Items) == 0 {
			continue
		}
		rows = append(rows, resourceRow{key: svc.Service, label: svc.Name, parent: -1, text: strings.ToLower(svc.Name)})
		b := branch{service: svc.Service, listed: listedAt(svc, list.At), children: map[string][]int{}, items: svc.Items, drawn: make([]bool, len(svc.Items))}
		rows = b.grow(rows, len(rows)-1)
	}
	return rows
}

// listedAt is when a listing has to have seen a resource first for it to be new; zero: nothing is, because
// there was no listing before.
func listedAt(svc accounts.ServiceResources, at time.Time) time.Time {
	for _, r := range svc.Items {
		if r.FirstSeen.Before(at) {
			return at
		}
	}
	return time.Time{}
}

// branch draws the resources of one service.
type branch struct {
	service  string
	listed   time.Time
	items    []store.Resource
	children map[string][]int // by parent
	drawn    []bool           // a parent below its own child must not go round for ever
}

func (b branch) grow(rows []resourceRow, head int) []resourceRow {
	known := make(map[string]bool, len(b.items))
	for _, r := range b.items {
		known[r.ID] = true
	}
	var groups []string
	for i, r := range b.items {
		if _, seen := b.children[r.Parent]; !seen && r.Parent != "" && !known[r.Parent] {
			groups = append(groups, r.Parent)
		}
		b.children[r.Parent] = append(b.children[r.Parent], i)
	}
	for _, i := range b.children[""] {
		rows = b.add(rows, i, head)
	}
	for _, g := range groups {
		rows = append(rows, resourceRow{key: b.service + "\n" + g, label: g, parent: head, depth: 1, text: strings.ToLower(g)})
		group := len(rows) - 1
		for _, i := range b.children[g] {
			rows = b.add(rows, i, group)
		}
	}
	for i := range b.items { // what hangs on itself
		rows = b.add(rows, i, head)
	}
	return rows
}

// add draws a resource and what belongs to it.
func (b branch) add(rows []resourceRow, i, parent int) []resourceRow {
	if b.drawn[i] {
		return rows
	}
	b.drawn[i] = true
	r := b.items[i]
	rows = append(rows, resourceRow{
		key: b.service + "\n" + r.ID, id: r.ID, label: r.Name, parent: parent, depth: rows[parent].depth + 1,
		fresh: !b.listed.IsZero() && r.GoneAt.IsZero() && !r.FirstSeen.Before(b.listed), gone: !r.GoneAt.IsZero(), text: strings.ToLower(r.Name + " " + r.ID),
	})
	here := len(rows) - 1
	for _, child := range b.children[r.ID] {
		rows = b.add(rows, child, here)
	}
	return rows
}

// resourceCounts are counted once per listing, not at every key.
type resourceCounts struct{ here, fresh, gone int }

func countResources(rows []resourceRow) resourceCounts {
	var n resourceCounts
	for _, r := range rows {
		switch {
		case r.id == "":
		case r.gone:
			n.gone++
		case r.fresh:
			n.fresh++
			n.here++
		default:
			n.here++
		}
	}
	return n
}

// shownRow is a row that is drawn: which it is, and whether it is the last of its siblings that are drawn.
type shownRow struct {
	row  int
	last bool
}

// search picks the rows that hold the text, with what they belong to.
func search(rows []resourceRow, query string) []shownRow {
	query = strings.ToLower(strings.TrimSpace(query))
	keep := make([]bool, len(rows))
	for i := range rows {
		if query != "" && !strings.Contains(rows[i].text, query) {
			continue
		}
		for p := i; p >= 0 && !keep[p]; p = rows[p].parent {
			keep[p] = true
		}
	}
	shown := make([]shownRow, 0, len(rows))
	for i := range rows {
		if keep[i] {
			shown = append(shown, shownRow{row: i})
		}
	}
	below := map[int]bool{} // parents that already have a child further down
	for i := len(shown) - 1; i >= 0; i-- {
		p := rows[shown[i].row].parent
		shown[i].last = !below[p]
		below[p] = true
	}
	return shown
}
