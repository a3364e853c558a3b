package tui

import (
	"strings"
	"time"

	"fettle/accounts"
)

// order is how the list is sorted.
type order int

const (
	byHealth order = iota // the book's own order
	byName
	byDeath
	byStale
	orders
)

var orderNames = [orders]string{"worst first", "by name", "by end", "by stale files"}

// compare orders two accounts; what has no known end comes after everything that has one. byHealth never asks: the
// book delivers its accounts worst first.
func (o order) compare(a, b *accounts.Account, stale map[string]int) int {
	switch o {
	case byDeath:
		switch da, db := a.Health.DiesAt, b.Health.DiesAt; {
		case da.IsZero() != db.IsZero():
			if da.IsZero() {
				return 1
			}
			return -1
		default:
			return da.Compare(db)
		}
	case byStale:
		return stale[b.ID] - stale[a.ID]
	}
	return strings.Compare(a.Name, b.Name)
}

// rows are the accounts shown, in order: positions in the snapshot, or all of it.
type rows struct {
	all   []accounts.Account
	every bool
	shown []int
}

func (r rows) len() int {
	if r.every {
		return len(r.all)
	}
	return len(r.shown)
}

// at is the account of a row; it is not to be changed.
// A pointer, because an account is large and a filter asks for many.
func (r rows) at(i int) *accounts.Account {
	if r.every {
		return &r.all[i]
	}
	return &r.all[r.shown[i]]
}

// find is the row of an account, looked for at hint first.
// One that is not shown gives the first row, which is the worst.
func (r rows) find(id string, hint int) int {
	if hint < r.len() && hint >= 0 && r.at(hint).ID == id {
		return hint
	}
	for i := range r.len() {
		if r.at(i).ID == id {
			return i
		}
	}
	return 0
}

// chosen are the rows that pass the filter, in that order. It is worked out when the filter, the order or
// the book changes, never per key.
func chosen(filter string, o order, d data) []int {
	q := strings.ToLower(strings.TrimSpace(filter))
	if q == "" {
		return d.orders[o]
	}
	hits := []int{}
	for i := range d.searchable {
		if o != byHealth {
			i = d.orders[o][i]
		}
		if strings.Contains(d.searchable[i], q) {
			hits = append(hits, i)
		}
	}
	return hits
}

// searchable is the text that the filter looks at.
// Lower case once a look: the filter compares it at every key.
func searchable(a accounts.Account, now time.Time) string {
	return strings.ToLower(strings.Join([]string{a.Name, serviceWords(a), a.ProviderName, identityWords(a), stateWords(a, now), strings.Join(a.Canvases, " ")}, " "))
}
