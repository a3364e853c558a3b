package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fettle/accounts/store"
)

// PendingFlow finds the unfinished authorization of a name, or fails with ErrNoPendingFlow.
func (b *Book) PendingFlow(ctx context.Context, name string) (PendingFlow, error) {
	var found *store.Flow
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		flows, err := r.Flows()
		if err != nil {
			return err
		}
		found = nil
		for _, f := range flows {
			if f.Name == name && !expired(f.ExpiresAt, b.now()) {
				found = &f
			}
		}
		return nil
	})
	if err != nil {
		return PendingFlow{}, err
	}
	if found == nil {
		return PendingFlow{}, fmt.Errorf("account %q: %w", name, ErrNoPendingFlow)
	}
	return b.pendingFlow(*found), nil
}

// AbandonFlow ends a flow without a grant and frees its name. The device code or address it showed stays
// unused and expires by itself.
func (b *Book) AbandonFlow(ctx context.Context, flowID string) error {
	unlock, err := b.lockFlow(ctx, flowID)
	if err != nil {
		return err
	}
	defer unlock()
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		f, err := w.Flow(flowID)
		switch {
		case isNotFound(err):
			return fmt.Errorf("flow %s: %w", flowID, ErrNoPendingFlow)
		case err != nil:
			return err
		}
		if err := w.DeleteFlow(flowID); err != nil {
			return err
		}
		return w.AddEvent(b.flowEvent(f, "authorize abandoned", true, ""))
	})
}

// flowPatience is how long a taken lock is waited for: looking whether a flow is driven takes it for a moment too.
const flowPatience = 300 * time.Millisecond

// lockFlow takes the flow's lock or says that another process has it.
func (b *Book) lockFlow(ctx context.Context, flowID string) (unlock func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, flowPatience)
	defer cancel()
	unlock, err = b.cfg.Store.Lock(waiting, flowLock(flowID))
	if errors.Is(err, store.ErrLocked) && ctx.Err() == nil {
		return nil, ErrFlowDriven
	}
	return unlock, err
}

func flowLock(flowID string) string { return "flow-" + flowID }

// pendingFlow is a flow's record as screens show it, with a look at whether somebody drives it.
func (b *Book) pendingFlow(f store.Flow) PendingFlow {
	// A lock, not a PID: it ends with its holder, whatever becomes of that.
	unlock, err := b.cfg.Store.TryLock(flowLock(f.ID))
	if err == nil {
		unlock()
	}
	return PendingFlow{
		FlowID: f.ID, Name: f.Name, Provider: f.Provider, Services: f.Services, Kind: f.Kind,
		StartedAt: f.StartedAt, ExpiresAt: f.ExpiresAt, Driven: errors.Is(err, store.ErrLocked),
	}
}

// flowEvent is an entry of the history about an authorization under way.
func (b *Book) flowEvent(f store.Flow, action string, ok bool, detail string) store.Event {
	return b.event(store.Account{ID: f.AccountID, Name: f.Name}, action, ok, detail)
}

// Tidy drops what nobody came back for: expired flows, which frees their names, candidates that waited for
// 24 hours, and the locks of flows that are over. A candidate is never revoked, and never dropped where it is
// all an account has. Starting an authorization tidies, and so should whatever runs regularly.
func (b *Book) Tidy(ctx context.Context) error {
	flows, candidates, err := b.leftovers(ctx)
	if err != nil {
		return err
	}
	for _, f := range flows {
		if err := b.dropFlow(ctx, f); err != nil {
			return err
		}
	}
	for _, g := range candidates {
		err := b.dropCandidate(ctx, g, "candidate dropped", "nobody decided within 24 hours")
		if _, another := errors.AsType[*store.ConflictError](err); err != nil && !another { // that one's time begins now
			return err
		}
	}
	return b.tidyLocks(ctx)
}

// tidyLocks removes what the locks of ended flows left. The names are listed before the flows are read: a flow's
// record is there before its lock, so a lock without a record has lost it for good.
func (b *Book) tidyLocks(ctx context.Context) error {
	keeper, ok := b.cfg.Store.(store.LockKeeper)
	if !ok {
		return nil
	}
	names, err := keeper.Locks(flowLock(""))
	if err != nil || len(names) == 0 {
		return err
	}
	alive := map[string]bool{}
	err = b.cfg.Store.View(ctx, func(r store.Reader) error {
		flows, err := r.Flows()
		for _, f := range flows {
			alive[flowLock(f.ID)] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if alive[name] {
			continue
		}
		if err := keeper.RemoveLock(name); err != nil {
			return err
		}
	}
	return nil
}

// leftovers finds expired flows and candidates past their term.
func (b *Book) leftovers(ctx context.Context) (flows []store.Flow, candidates []store.Grant, err error) {
	now := b.now()
	err = b.cfg.Store.View(ctx, func(r store.Reader) error {
		flows, candidates = nil, nil
		all, err := r.Flows()
		if err != nil {
			return err
		}
		for _, f := range all {
			if expired(f.ExpiresAt, now) {
				flows = append(flows, f)
			}
		}
		waiting, err := r.Grants(store.Candidate)
		if err != nil {
			return err
		}
		for _, g := range waiting {
			// Checked or not: a process that died between keeping and checking leaves one behind, too.
			if now.Sub(g.WrittenAt) < candidateTerm {
				continue
			}
			_, err := r.Grant(g.AccountID, store.Current)
			if err != nil && !isNotFound(err) {
				return err
			}
			if err == nil {
				candidates = append(candidates, g)
			}
		}
		return nil
	})
	return flows, candidates, err
}

// dropFlow forgets an expired flow, unless somebody drives it: then that process says so itself.
func (b *Book) dropFlow(ctx context.Context, f store.Flow) error {
	unlock, err := b.lockFlow(ctx, f.ID)
	if errors.Is(err, ErrFlowDriven) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return b.endFlow(ctx, f, "authorize expired", "nobody signed in in time")
}

// endFlow deletes a flow that came to nothing and says why in the history.
func (b *Book) endFlow(ctx context.Context, f store.Flow, action, detail string) error {
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		if _, err := w.Flow(f.ID); err != nil {
			if isNotFound(err) {
				return nil
			}
			return err
		}
		if err := w.DeleteFlow(f.ID); err != nil {
			return err
		}
		return w.AddEvent(b.flowEvent(f, action, false, detail))
	})
}

// dropCandidate deletes one candidate, and fails with *store.ConflictError if another one has taken its place.
func (b *Book) dropCandidate(ctx context.Context, g store.Grant, action, detail string) error {
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		now, err := w.Grant(g.AccountID, store.Candidate)
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		a, err := w.Account(g.AccountID)
		if err != nil {
			return err
		}
		if !sameGrant(now, g) {
			return &store.ConflictError{Table: "candidate of account", ID: a.Name}
		}
		if err := w.DeleteGrant(g.AccountID, store.Candidate); err != nil {
			return err
		}
		return w.AddEvent(b.event(a, action, true, detail))
	})
}

// expired reports whether a moment that may be unknown has passed.
func expired(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
