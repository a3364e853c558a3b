package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// begin starts an authorization, or takes over the pending one of the same kind, and drives it.
// A pending one of another kind makes way: the operator has just chosen the other.
func (r *runner) begin(in beginFlow) work {
	return func(ctx context.Context, j *liveJob, emit func(jobEvent)) (any, string, error) {
		// The former driver has ended by now (runner.start), so nobody polls for what is dropped.
		if in.restart {
			if err := r.abandonPending(ctx, in.request.Name); err != nil {
				return nil, "", err
			}
		}
		flow, err := r.Accounts.StartFlow(ctx, in.request)
		var pending *accounts.FlowPendingError
		if errors.As(err, &pending) {
			flow, err = pending.Flow, nil // the code that is perhaps already typed somewhere stays good
			if kind := in.request.Kind; kind != "" && kind != flow.Kind {
				if err := r.Accounts.AbandonFlow(ctx, flow.FlowID); err != nil {
					return nil, "", err
				}
				flow, err = r.Accounts.StartFlow(ctx, in.request)
			}
		}
		if err != nil {
			return nil, "", err
		}
		return r.drive(ctx, flow.FlowID, j, emit)
	}
}

// abandonPending drops the sign-in that is stored under a name; that there is none is fine.
func (r *runner) abandonPending(ctx context.Context, name string) error {
	pending, err := r.Accounts.PendingFlow(ctx, name)
	if errors.Is(err, accounts.ErrNoPendingFlow) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.Accounts.AbandonFlow(ctx, pending.FlowID)
}

// drive shows a sign-in until it ends. A cancelled one is only paused: it stays stored and can be resumed.
func (r *runner) drive(ctx context.Context, flowID string, j *liveJob, emit func(jobEvent)) (any, string, error) {
	res, err := r.Accounts.DriveFlow(ctx, flowID, accounts.FlowIO{
		Pasted: j.pasted,
		Report: func(e accounts.FlowEvent) { emit(jobEvent{flow: &e}) },
	})
	return res, "", err
}

// abandon stops the wait of a sign-in, if it runs here, and drops it.
func (r *runner) abandon(in abandonFlow) func() tea.Msg {
	return func() tea.Msg {
		if j, ok := r.job(jobID{jobFlow, in.name}); ok {
			j.cancel() // and wait: a driver that is still polling could finish what is being dropped
			select {
			case <-j.done:
			case <-r.closed:
				return nil
			}
		}
		err := r.Accounts.AbandonFlow(r.root, in.flowID)
		// Gone already is as good as dropped: it expired, or another process dropped it.
		if err != nil && !errors.Is(err, accounts.ErrNoPendingFlow) {
			return noticeMsg{upperFirst(oneLine(err)), accounts.SeverityCritical}
		}
		return abandonedMsg{in.name}
	}
}

// abandonedMsg says that a sign-in was dropped.
type abandonedMsg struct{ name string }
