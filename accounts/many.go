package accounts

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// RefreshMany refreshes accounts side by side: as many at once as configured, and at one single-use
// provider only a few, because what is in flight there is the most a crash can lose. report, which may be
// nil, is told of each as it ends, one call at a time. The end of ctx begins no more and lets those under way land.
// The error is nil if none failed, else *ManyError.
func (b *Book) RefreshMany(ctx context.Context, ids []string, want Want, report func(id string, o Outcome, err error)) error {
	return b.sideBySide(ctx, ids, report, func(ctx context.Context, id string) (Outcome, error) { return b.Refresh(ctx, id, want) })
}

// sideBySide does one thing for many accounts, in the order and with the limits of RefreshMany.
func (b *Book) sideBySide(
	ctx context.Context, ids []string, report func(id string, o Outcome, err error), act func(ctx context.Context, id string) (Outcome, error),
) error {
	strict, err := b.strictProviders(ctx, ids)
	if err != nil {
		return err
	}
	run := manyRun{report: report, total: len(ids)}
	all := semaphore.NewWeighted(int64(b.cfg.Parallel))
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			// The scarce permit first: waiting for it must not keep an ordinary account from its turn.
			for _, s := range []*semaphore.Weighted{strict[id], all} {
				if s == nil {
					continue
				}
				if err := s.Acquire(ctx, 1); err != nil {
					run.ended(id, Outcome{AccountID: id}, err, false)
					return
				}
				defer s.Release(1)
			}
			// It may have ended while the permits were waited for.
			if err := ctx.Err(); err != nil {
				run.ended(id, Outcome{AccountID: id}, err, false)
				return
			}
			o, err := act(ctx, id)
			run.ended(id, o, err, true)
		})
	}
	wg.Wait()
	return run.result()
}

// strictProviders gives every account of a single-use provider the permit it shares with its kind.
func (b *Book) strictProviders(ctx context.Context, ids []string) (map[string]*semaphore.Weighted, error) {
	permits := map[string]*semaphore.Weighted{}
	byProvider := map[string]*semaphore.Weighted{}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		all, err := r.Accounts()
		if err != nil {
			return err
		}
		for _, a := range all {
			if !wanted[a.ID] || a.Rotation != provider.RotationSingleUse {
				continue
			}
			if byProvider[a.Provider] == nil {
				byProvider[a.Provider] = semaphore.NewWeighted(int64(b.cfg.StrictParallel))
			}
			permits[a.ID] = byProvider[a.Provider]
		}
		return nil
	})
	return permits, err
}

// manyRun gathers the ends of a run.
type manyRun struct {
	report func(id string, o Outcome, err error)
	total  int

	mu       sync.Mutex
	failed   int
	notBegun int
	first    error
}

func (m *manyRun) ended(id string, o Outcome, err error, begun bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !begun:
		m.notBegun++
	case err != nil:
		m.failed++
	}
	// The first says most: those that come after an end of ctx only say that.
	if err != nil && m.first == nil {
		m.first = err
	}
	if m.report != nil {
		m.report(id, o, err)
	}
}

func (m *manyRun) result() error {
	if m.failed+m.notBegun == 0 {
		return nil
	}
	return &ManyError{Total: m.total, Failed: m.failed, NotBegun: m.notBegun, FirstFail: m.first}
}
