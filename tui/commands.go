package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/pwfile"
)

// describe says which job an intent is, with the line that tells of it; ok is false for what is no job.
// Two intents with one job are never under way together: a decision and the checks of a candidate, any two runs of
// Generate, opening the vault and making it.
func describe(in intent, snap accounts.Snapshot) (id jobID, title string, ok bool) {
	name := func(id string) string {
		a, _ := snap.ByID(id)
		return a.Name
	}
	several := func(verb string, ids []string) string {
		if len(ids) == 1 {
			return verb + " " + name(ids[0])
		}
		return fmt.Sprintf("%s %d accounts", verb, len(ids))
	}
	switch in := in.(type) {
	case refreshAccounts:
		return jobID{jobRefresh, subjects(in.ids)}, several("refreshing", in.ids), true
	case verifyAccounts:
		return jobID{jobVerify, subjects(in.ids)}, several("verifying", in.ids), true
	case listResources:
		return jobID{jobResources, in.id}, "listing resources of " + name(in.id), true
	case removeAccount:
		return jobID{jobRemove, in.id}, "removing " + name(in.id), true
	case repeatChecks:
		return jobID{jobChecks, in.id}, "checking " + name(in.id), true
	case decide:
		return jobID{jobChecks, in.id}, "settling " + name(in.id), true
	case beginFlow:
		return jobID{jobFlow, in.request.Name}, "authorizing " + in.request.Name, true
	case resumeFlow:
		return jobID{jobFlow, in.flow.Name}, "authorizing " + in.flow.Name, true
	case generate:
		return jobID{jobGenerate, ""}, "writing password files", true
	case unlockVault:
		return jobID{jobVault, ""}, "opening the vault", true
	case setupVault:
		return jobID{jobVault, ""}, "making the vault", true
	}
	if id, title, ok := describeClient(in); ok {
		return id, title, true
	}
	if id, title, ok := describeCanvas(in); ok {
		return id, title, true
	}
	return describePackage(in)
}

// subjects names a set of accounts: one by its ID, several by all of them.
// The same accounts in another order would be another job; whoever asks gives them in the book's order.
func subjects(ids []string) string { return fmt.Sprint(ids) }

// command turns an intent into a command; values are captured, the model is never read.
// A command runs beside the model, which has moved on by then.
func (r *runner) command(in intent, run int) tea.Cmd {
	// Names are for the title alone, which the root has taken already.
	id, _, _ := describe(in, accounts.Snapshot{})
	switch in := in.(type) {
	case reload:
		return r.load()
	case refreshAccounts:
		return r.start(id, run, r.refresh(in))
	case verifyAccounts:
		return r.start(id, run, r.verify(in))
	case listResources:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			list, err := r.Accounts.Resources(ctx, in.id, true)
			return list, "resources listed", err
		})
	case removeAccount:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			res, err := r.Accounts.Remove(ctx, in.id, accounts.RemoveOptions{Revoke: in.revoke})
			return res, "", err
		})
	case repeatChecks:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, emit func(jobEvent)) (any, string, error) {
			res, err := r.Accounts.RepeatChecks(ctx, in.id, func(c accounts.Check) { emit(jobEvent{check: &c}) })
			return res, "", err
		})
	case decide:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			return in.decision, "", r.Accounts.Decide(ctx, in.id, in.decision)
		})
	case beginFlow:
		return r.start(id, run, r.begin(in))
	case resumeFlow:
		return r.start(id, run, func(ctx context.Context, j *liveJob, emit func(jobEvent)) (any, string, error) {
			return r.drive(ctx, in.flow.FlowID, j, emit)
		})
	case generate:
		return r.start(id, run, r.generate(in))
	case unlockVault:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			return nil, "the vault is open", r.Vault.Unlock(ctx, in.passphrase)
		})
	case setupVault:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			return nil, "the vault is ready", r.Vault.Setup(ctx, in.holder, in.passphrase)
		})
	case abandonFlow:
		return r.guard(r.abandon(in))
	case giveSecret:
		return r.give(in)
	case stop:
		return r.stop(in.job)
	case pasteInto:
		return r.paste(in.job, in.text)
	}
	return r.question(in, run)
}

// question turns the intents that are answered once into commands.
// The last of all, terminal, gives nil for an intent that nobody knows.
func (r *runner) question(in intent, run int) tea.Cmd {
	switch in := in.(type) {
	case askFlowChoices:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return r.Accounts.FlowChoices(ctx, in.request) })
	case askRemoval:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return r.Accounts.RemovalPlan(ctx, in.id) })
	case askPlan:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return r.Files.Plan(ctx, in.selection) })
	case askHistory:
		return r.answer(in.key, func(ctx context.Context) (any, error) {
			return r.Accounts.Events(ctx, store.EventFilter{AccountID: in.id, Limit: 50})
		})
	case askResources:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return r.Accounts.Resources(ctx, in.id, false) })
	case askActivity:
		return r.answer(in.key, func(ctx context.Context) (any, error) {
			return r.Accounts.Events(ctx, store.EventFilter{Limit: activityLimit})
		})
	case askKeyring:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return nil, r.Vault.ProbeKeyring(ctx) })
	}
	for _, of := range []func(intent, int) tea.Cmd{r.client, r.diagnosis, r.canvas, r.pack} {
		if cmd := of(in, run); cmd != nil {
			return cmd
		}
	}
	return r.terminal(in)
}

// answer asks a service once; what came back goes to the screen that knows the key. A fault is an answer too: a
// screen that waits for one would wait for ever.
func (r *runner) answer(key string, get func(context.Context) (any, error)) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if p := recover(); p != nil {
				msg = answer{key: key, err: r.fault(p)}
			}
		}()
		v, err := get(r.root)
		return answer{key: key, value: v, err: err}
	}
}

// refresh leaves it to the book how many are asked at once: what is in flight where tokens work once is what a crash
// can lose. Of one account its own error is told, of several the counts.
func (r *runner) refresh(in refreshAccounts) work {
	return func(ctx context.Context, _ *liveJob, emit func(jobEvent)) (any, string, error) {
		t := tally{total: len(in.ids), verb: "refreshed", emit: emit, clock: r.Clock}
		err := r.Accounts.RefreshMany(ctx, in.ids, accounts.Now(in.force), func(_ string, o accounts.Outcome, err error) { t.adopted(o); t.add(err) })
		if err == nil && t.total == 1 {
			err = t.last
		}
		return nil, t.line(), err
	}
}

// verify proves one account after the other: a screen shows one ladder, and a stop ends between two accounts.
func (r *runner) verify(in verifyAccounts) work {
	return func(ctx context.Context, _ *liveJob, emit func(jobEvent)) (any, string, error) {
		t := tally{total: len(in.ids), verb: "verified", emit: emit, clock: r.Clock}
		for _, id := range in.ids {
			// What is left out is in the counts; the account under way is finished.
			if ctx.Err() != nil {
				break
			}
			_, err := r.Accounts.Verify(ctx, id, func(c accounts.Check) { emit(jobEvent{check: &c}) })
			t.add(err)
		}
		if t.total == 1 {
			return nil, t.line(), t.last
		}
		return nil, t.line(), nil
	}
}

// generate writes what the plan says, with the one passphrase that was typed for every file that needs one.
func (r *runner) generate(in generate) work {
	return func(ctx context.Context, _ *liveJob, emit func(jobEvent)) (any, string, error) {
		// Typed beforehand on the wizard's page: one for all of them, and nothing is asked half-way.
		run, err := r.Files.Generate(ctx, in.plan, pwfile.GenerateOptions{
			Passphrase: func(context.Context, pwfile.Canvas) (secret.Text, error) { return in.passphrase, nil },
			Unlock:     r.unlockKey(),
		}, func(p pwfile.Progress) { emit(jobEvent{progress: &p}) })
		return run, "", err
	}
}
