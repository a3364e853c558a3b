package tui

import (
	"slices"
	"strings"

	"fettle/accounts"
)

// resourceRow is one line of the tree of resources: a service, a group that is no resource itself, or a
// resource. It is worked out once per listing; a view draws a window of it.
// Parents stand before their children: going down the rows meets a parent first, going up its last child.
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

// resourceTree lays a listing out, parents before their children, in the order of the provider; what is gone
// stands where it was.
func resourceTree(list accounts.ResourceList) []resourceRow {
	var rows []resourceRow
	for _, svc := range list.Services {
		items := slices.Concat(svc.Items, svc.Gone)
		if len(items) == 0 {
			continue
		}
		rows = append(rows, resourceRow{key: svc.Service, label: svc.Name, parent: -1, text: strings.ToLower(svc.Name)})
		head := len(rows) - 1
		var headings []string
		groups := map[string][]accounts.ResourceNode{} // the trees of each heading, one after the other
		for i, n := range accounts.ResourceTree(items) {
			if i > 0 && n.Depth > 0 {
				n.Heading = headings[len(headings)-1]
			} else {
				headings = append(headings, n.Heading)
			}
			groups[n.Heading] = append(groups[n.Heading], n)
		}
		slices.SortStableFunc(headings, func(a, b string) int { return min(len(a), 1) - min(len(b), 1) }) // those without come first
		for _, h := range headings {
			rows = planted(rows, head, h, groups[h], svc)
			delete(groups, h)
		}
	}
	return rows
}

// planted adds the trees of one heading below the row of their service.
func planted(rows []resourceRow, head int, heading string, nodes []accounts.ResourceNode, svc accounts.ServiceResources) []resourceRow {
	if len(nodes) > 0 && heading != "" {
		rows = append(rows, resourceRow{key: svc.Service + "\n" + heading, label: heading, parent: head, depth: 1, text: strings.ToLower(heading)})
		head = len(rows) - 1
	}
	above := []int{head} // the row at each depth
	for _, n := range nodes {
		// A listing may skip a depth; the nearest row above then is the parent.
		above = above[:min(n.Depth+1, len(above))]
		parent := above[len(above)-1]
		rows = append(rows, resourceRow{
			key: svc.Service + "\n" + n.ID, id: n.ID, label: n.Name, parent: parent, depth: rows[parent].depth + 1,
			fresh: n.GoneAt.IsZero() && svc.IsNew(n.Resource), gone: !n.GoneAt.IsZero(), text: strings.ToLower(n.Name + " " + n.ID),
		})
		above = append(above, len(rows)-1)
	}
	return rows
}

// resourceCounts are counted once per listing, not at every key.
type resourceCounts struct{ here, fresh, gone int }

// countResources leaves headings out; what is gone does not count as being there.
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
		// A row that is kept has its parents kept, so the way up ends there.
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
	// From below: the first child met is the last one drawn, and gets the corner.
	for i := len(shown) - 1; i >= 0; i-- {
		p := rows[shown[i].row].parent
		shown[i].last = !below[p]
		below[p] = true
	}
	return shown
}
