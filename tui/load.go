package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/pwfile"
)

// dataMsg brings a fresh look at the book, or why there is none.
// One of data, same and problem tells; the others are about who asked.
type dataMsg struct {
	data    data
	same    bool                // the book has not moved: there is nothing new
	problem string              // the book could not be read; what was known stays
	routine bool                // it was the clock that asked
	after   jobID               // the job whose end asked
	held    []accounts.Unstored // answers that cannot be stored; told with every look, for the book does not move then
}

// load looks at the book and at the password files.
func (r *runner) load() tea.Cmd {
	return r.guard(func() tea.Msg { return r.read() })
}

// tidy drops what expired since the last start. That it failed is no news: the book is looked at anyway, and
// what is wrong with it is said there.
func (r *runner) tidy() tea.Cmd {
	return r.guard(func() tea.Msg {
		_ = r.Accounts.Tidy(r.root)
		return nil
	})
}

// loadAfter looks at what a job has changed.
func (r *runner) loadAfter(id jobID) tea.Cmd {
	return r.guard(func() tea.Msg {
		msg := r.read()
		msg.after = id
		return msg
	})
}

// look loads only if the book's revision moved: another process may have changed it.
// A revision that cannot be read counts as moved: the look then says what is wrong.
func (r *runner) look(seen int64) tea.Cmd {
	return r.guard(func() tea.Msg {
		msg := dataMsg{same: true}
		if rev, err := r.Accounts.Revision(r.root); err != nil || rev != seen {
			msg = r.read()
		}
		msg.routine, msg.held = true, r.Accounts.Unstored()
		return msg
	})
}

// places compares what lies at the places with what was written there, at most once a minute.
// The local ones only, which needs no secret; machines elsewhere are looked at when somebody asks.
func (r *runner) places() tea.Cmd {
	return r.guard(func() tea.Msg {
		// Ended by the program's end it is no news.
		if err := r.Files.Check(r.root, false); err != nil && r.root.Err() == nil {
			return noticeMsg{"The password files cannot be compared: " + oneLine(err), accounts.SeverityWarning}
		}
		return r.read()
	})
}

// read numbers a look before it takes it: of two at once the one begun later wins, whichever comes back last.
// Any part that fails fails the whole: an empty part would say that there are no canvases.
func (r *runner) read() dataMsg {
	d := data{loaded: true, taken: r.looks.Add(1), vault: r.Vault.State()}
	var err error
	if d.snapshot, err = r.Accounts.Snapshot(r.root); err != nil {
		return dataMsg{problem: "the book cannot be read: " + oneLine(err)}
	}
	if d.canvases, err = r.Files.Canvases(r.root); err != nil {
		return dataMsg{problem: "the canvases cannot be read: " + oneLine(err)}
	}
	if d.clients, err = r.Accounts.Clients(r.root); err != nil {
		return dataMsg{problem: "the clients cannot be read: " + oneLine(err)}
	}
	if d.packages, err = r.Packages.Packages(r.root); err != nil {
		return dataMsg{problem: "the packages cannot be read: " + oneLine(err)}
	}
	// From here on the list holds rows that are no accounts; whatever acts on one asks unfinished first.
	d.snapshot.Accounts = append(pendingRows(d.snapshot.Pending), d.snapshot.Accounts...)
	return dataMsg{data: d.counted(r.Clock())}
}

// counted cleans what was read and works out, once per look, what views would otherwise count at every key.
// Washed first: what is measured and searched has to be what is shown.
func (d data) counted(now time.Time) data {
	d.snapshot, d.canvases, d.clients, d.packages = washed(d.snapshot), washed(d.canvases), washed(d.clients), washed(d.packages)
	d.files, d.stale = pwfile.StaleFiles(d.canvases), pwfile.StaleByAccount(d.canvases)
	d.severities, d.problems = map[accounts.Severity]int{}, nil
	list := d.snapshot.Accounts
	d.widths = measure(list, now)
	d.searchable = make([]string, len(list))
	for i := range list {
		d.searchable[i] = searchable(list[i], now)
		d.severities[list[i].Health.Severity]++
		if repairable(list[i]) {
			d.problems = append(d.problems, list[i].ID)
		}
	}
	// The book's own order is the worst first.
	for o := byHealth + 1; o < orders; o++ {
		d.orders[o] = o.sorted(list, d.stale)
	}
	return d
}

// pendingRows are rows for authorizations that would make a new account: they wait for somebody, so they stand first.
func pendingRows(flows []accounts.PendingFlow) []accounts.Account {
	rows := make([]accounts.Account, 0, len(flows))
	for _, p := range flows {
		a := accounts.Account{ProviderName: p.Provider, Pending: &p}
		a.ID, a.Name, a.Provider, a.Services = pendingID+p.FlowID, p.Name, p.Provider, p.Services
		for _, s := range p.Services {
			a.ServiceNames = append(a.ServiceNames, accounts.ServiceName{ID: s, Name: s})
		}
		rows = append(rows, a)
	}
	return rows
}

// pendingID begins the ID of a row that is no account yet.
const pendingID = "flow:"

// unfinished reports whether a row is a sign-in under way rather than an account.
func unfinished(id string) bool { return strings.HasPrefix(id, pendingID) }

// tally counts the outcomes of work over several accounts.
// told is when the screen last heard; the last one of all is always told.
type tally struct {
	done, failed, total int
	recent              int // answered by an outcome just stored: nothing was asked
	verb                string
	last                error
	emit                func(jobEvent)
	clock               Clock
	told                time.Time
}

// tellEvery keeps the screen from being drawn for each of a thousand accounts.
const tellEvery = 100 * time.Millisecond

// add counts one more, and tells the screen unless it heard just now.
func (t *tally) add(err error) {
	t.done++
	if err != nil {
		t.failed++
	}
	t.last = err
	if now := t.clock(); t.done == t.total || now.Sub(t.told) >= tellEvery {
		t.told = now
		t.emit(jobEvent{step: &step{t.done, t.total}})
	}
}

// adopted counts accounts whose last answer was too young to ask again; refresh reports it before add.
func (t *tally) adopted(o accounts.Outcome) {
	if o.Adopted {
		t.recent++
	}
}

// line says what came of it all.
func (t *tally) line() string {
	if t.recent == t.total {
		return "the last answer is seconds old; the provider was not asked again"
	}
	// Why each failed is on its row, by the look that follows.
	if t.failed == 0 {
		return fmt.Sprintf("%d %s", t.done, t.verb)
	}
	return fmt.Sprintf("%d of %d %s, %d failed", t.done-t.failed, t.total, t.verb, t.failed)
}

// sorted are the positions of list in that order.
func (o order) sorted(list []accounts.Account, stale map[string]int) []int {
	at := make([]int, len(list))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, k int) int { return o.compare(&list[i], &list[k], stale) })
	return at
}
