package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// dataMsg brings a fresh look at the book.
type dataMsg struct{ data data }

// load looks at the book and at the password files.
func (r *runner) load() tea.Cmd {
	return func() tea.Msg { return dataMsg{r.read()} }
}

// look loads only if the book's revision moved: another process may have changed it.
func (r *runner) look(seen int64) tea.Cmd {
	return func() tea.Msg {
		rev, err := r.Accounts.Revision(r.root)
		if err == nil && rev == seen {
			return nil
		}
		return dataMsg{r.read()}
	}
}

func (r *runner) read() data {
	snap, err := r.Accounts.Snapshot(r.root)
	if err != nil {
		return data{loaded: true, problem: "the book cannot be read: " + oneLine(err)}
	}
	snap.Accounts = append(pendingRows(snap.Pending), snap.Accounts...)
	d := data{loaded: true, snapshot: snap, stale: map[string]int{}, vault: r.Vault.State()}
	if d.canvases, err = r.Files.Canvases(r.root); err != nil {
		d.problem = "the canvases cannot be read: " + oneLine(err)
	}
	if d.clients, err = r.Accounts.Clients(r.root); err != nil {
		d.problem = "the clients cannot be read: " + oneLine(err)
	}
	return d.counted(r.Clock())
}

// counted works out, once per look, what views would otherwise count at every key.
func (d data) counted(now time.Time) data {
	for _, c := range d.canvases {
		if !c.NeedsWriting() {
			continue
		}
		d.files++
		for _, id := range c.AccountIDs {
			d.stale[id]++
		}
	}
	d.widths = measure(d.snapshot.Accounts, now)
	d.searchable = make([]string, len(d.snapshot.Accounts))
	for i, a := range d.snapshot.Accounts {
		d.searchable[i] = searchable(a, now)
		if repairable(a) {
			d.problems = append(d.problems, a.ID)
		}
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

// tally counts the outcomes of work over several accounts.
type tally struct {
	done, failed, total int
	recent              int // answered by an outcome just stored: nothing was asked
	verb                string
	last                error
	emit                func(jobEvent)
}

func (t *tally) add(err error) {
	t.done++
	if err != nil {
		t.failed++
	}
	t.last = err
	t.emit(jobEvent{step: &step{t.done, t.total}})
}

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
	if t.failed == 0 {
		return fmt.Sprintf("%d %s", t.done, t.verb)
	}
	return fmt.Sprintf("%d of %d %s, %d failed", t.done-t.failed, t.total, t.verb, t.failed)
}
