package accounts

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// records is one consistent reading of everything accounts are shown with.
type records struct {
	accounts     []store.Account
	clients      map[string]store.Client
	observations map[string][]store.Observation
	intents      map[string]store.Intent
	candidates   map[string]store.Grant
	flows        []store.Flow
	canvases     map[string][]string

	// What is worked out once for the many accounts that have it alike.
	causes causeBook
	facts  map[[2]string]ClientFacts // by provider and client
}

// clientFacts is what health has to know of the client of an account.
func (all records) clientFacts(p provider.Provider, clientID string) ClientFacts {
	key := [2]string{p.ID, clientID}
	found, ok := all.facts[key]
	if !ok {
		found = clientFacts(p, all.clients[clientID])
		all.facts[key] = found
	}
	return found
}

// Snapshot is one consistent look at every account, the worst first. It needs no key and asks nobody.
func (b *Book) Snapshot(ctx context.Context) (Snapshot, error) {
	all, revision, err := b.readAll(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Revision: revision, TakenAt: b.now(), Accounts: make([]Account, 0, len(all.accounts)), Pending: []PendingFlow{}, Locked: b.cfg.Vault.Locked()}
	flows := b.pendingOf(all.flows, &s)
	for _, a := range all.accounts {
		s.Accounts = append(s.Accounts, b.assemble(a, all, flows[a.ID], s.TakenAt))
	}
	slices.SortFunc(s.Accounts, worseFirst)
	return s, nil
}

// worseFirst orders accounts by what has to be looked at first.
func worseFirst(a, b Account) int {
	return cmp.Or(
		a.Health.Severity.rank()-b.Health.Severity.rank(),
		a.Health.State.rank()-b.Health.State.rank(),
		cmp.Compare(a.Name, b.Name),
	)
}

// pendingOf tells flows that re-authorize an account from those that would make a new one.
func (b *Book) pendingOf(flows []store.Flow, s *Snapshot) map[string]*PendingFlow {
	marks := map[string]*PendingFlow{}
	for _, f := range flows {
		// Tidy has not come by yet; nobody can finish it any more.
		if expired(f.ExpiresAt, s.TakenAt) {
			continue
		}
		pending := b.pendingFlow(f)
		if f.AccountID == "" {
			s.Pending = append(s.Pending, pending)
		} else {
			marks[f.AccountID] = &pending
		}
	}
	return marks
}

// readAll reads everything at one revision of the book. Reading is most of what a snapshot of many costs, so the two
// long lists are read side by side, each in a view of its own: views of one revision see the same state.
func (b *Book) readAll(ctx context.Context) (all records, revision int64, err error) {
	var observed []store.Observation
	readAccounts := func(r store.Reader) (err error) {
		if all.accounts, err = r.Accounts(); err != nil {
			return err
		}
		return readMarks(r, &all)
	}
	readObserved := func(r store.Reader) (err error) {
		observed, err = r.Observations("")
		return err
	}
	var revisions [2]int64
	group, sub := errgroup.WithContext(ctx)
	group.Go(func() error { return b.viewAt(sub, &revisions[0], readAccounts) })
	group.Go(func() error { return b.viewAt(sub, &revisions[1], readObserved) })
	err = group.Wait()
	if err == nil && revisions[0] != revisions[1] { // somebody wrote between the beginnings of the two
		err = b.viewAt(ctx, &revisions[0], func(r store.Reader) error {
			return errors.Join(readAccounts(r), readObserved(r))
		})
	}
	all.observations = byAccount(observed, len(all.accounts))
	return all, revisions[0], err
}

// viewAt is a view that also tells the revision it sees.
func (b *Book) viewAt(ctx context.Context, revision *int64, fn func(store.Reader) error) error {
	return b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if *revision, err = r.Revision(); err != nil {
			return err
		}
		return fn(r)
	})
}

// byAccount cuts a list that is in the order of accounts into one piece for each.
func byAccount(list []store.Observation, accounts int) map[string][]store.Observation {
	pieces := make(map[string][]store.Observation, accounts)
	for len(list) > 0 {
		id := list[0].AccountID
		n := 1
		// Slices of the one list: nothing is copied, and the bound keeps an append from running into the neighbour.
		for n < len(list) && list[n].AccountID == id {
			n++
		}
		pieces[id], list = list[:n:n], list[n:]
	}
	return pieces
}

// readMarks reads what hangs on accounts: few records, however many accounts there are.
func readMarks(r store.Reader, all *records) error {
	all.causes, all.facts = causeBook{}, map[[2]string]ClientFacts{}
	intents, err := r.Intents()
	if err != nil {
		return err
	}
	all.intents = map[string]store.Intent{}
	for _, i := range intents {
		all.intents[i.AccountID] = i
	}
	candidates, err := r.Grants(store.Candidate)
	if err != nil {
		return err
	}
	all.candidates = map[string]store.Grant{}
	for _, g := range candidates {
		all.candidates[g.AccountID] = g
	}
	clients, err := r.Clients()
	if err != nil {
		return err
	}
	all.clients = map[string]store.Client{}
	for _, c := range clients {
		all.clients[c.ID] = c
	}
	canvases, err := r.Canvases()
	if err != nil {
		return err
	}
	all.canvases = map[string][]string{}
	for _, c := range canvases {
		for _, id := range c.AccountIDs {
			all.canvases[id] = append(all.canvases[id], c.Name)
		}
	}
	all.flows, err = r.Flows()
	return err
}

// lookAt gathers what a Snapshot would say about one account.
func (b *Book) lookAt(r store.Reader, a store.Account) (Account, error) {
	all := records{accounts: []store.Account{a}}
	observations, err := r.Observations(a.ID)
	if err != nil {
		return Account{}, err
	}
	all.observations = map[string][]store.Observation{a.ID: observations}
	if err := readMarks(r, &all); err != nil {
		return Account{}, err
	}
	now := b.now()
	marks := b.pendingOf(all.flows, &Snapshot{TakenAt: now})
	return b.assemble(a, all, marks[a.ID], now), nil
}

// assemble joins an account with its records and its health.
func (b *Book) assemble(a store.Account, all records, pending *PendingFlow, now time.Time) Account {
	p, _ := b.cfg.Catalogue.Get(a.Provider)
	out := Account{
		Account: a, ProviderName: cmp.Or(p.Name, a.Provider), ServiceNames: serviceNames(p, a.Services),
		ClientLabel: "from config", Missing: missingOf(a, p), Pending: pending,
		Observations: all.observations[a.ID], Canvases: all.canvases[a.ID],
	}
	if _, canvas, ok := SplitDedicated(a.Name); ok {
		out.Canvases = []string{canvas} // which names the account that this one was made after
	}
	client := all.clients[a.ClientID]
	if a.ClientID != "" {
		out.ClientLabel = cmp.Or(client.Label, client.OAuthID, "gone")
	}
	var intent *store.Intent
	if found, ok := all.intents[a.ID]; ok {
		open := found // of its own, so that the many accounts without one cost no allocation
		intent, out.OpenSince = &open, open.At
	}
	candidate, waits := all.candidates[a.ID]
	if waits {
		if facts, err := readCandidateFacts(candidate); err == nil { // one written by a newer fettle is not described
			described := facts.describe(p, a, candidate.WrittenAt)
			out.Candidate = &described
		}
	}
	f := Facts{Account: a, Provider: p, Observations: out.Observations, Intent: intent, Missing: out.Missing, Unchecked: waits}
	// A client record that is gone leaves its facts unknown: those of config.toml are another client's.
	if a.ClientID == "" || client.ID != "" {
		f.Client = all.clientFacts(p, a.ClientID)
		f.Drift = driftOf(a, p, configuredClientID(p, client))
	}
	f.causes = all.causes.of(p, a, f.Client)
	out.Health = Evaluate(f, b.cfg.Policy, now)
	return out
}

// missingOf compares scopes as the provider means them. Most accounts have what they need word for word,
// which is seen at once; a snapshot of many spends its time elsewhere then.
func missingOf(a store.Account, p provider.Provider) []provider.Permission {
	for _, scope := range a.Required {
		if !slices.Contains(a.Granted, scope) {
			return p.Missing(a.Required, a.Granted)
		}
	}
	return nil
}

func serviceNames(p provider.Provider, ids []string) []ServiceName {
	names := make([]ServiceName, 0, len(ids))
	for _, id := range ids {
		names = append(names, ServiceName{ID: id, Name: cmp.Or(p.Services[id].Name, id)})
	}
	return names
}
