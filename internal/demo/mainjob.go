package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"fettle/accounts"
	"fettle/pwfile"
)

// MainJob is what an operator does with fettle, done unattended in a world: see what is broken, repair it, hand the new
// credential to the jobs.
type MainJob struct {
	World  *World
	Book   *accounts.Book
	Keeper *pwfile.Keeper
	Out    io.Writer // each step, and what was seen; whether it could be written is the caller's to notice
}

// Run does it. It fails at the first step that does not lead where it has to; the error names the step.
func (j MainJob) Run(ctx context.Context) error {
	r := &run{MainJob: j, person: newPerson()}
	steps := []struct {
		title string
		do    func(ctx context.Context) error
	}{
		{"See how the accounts are", r.healthBefore},
		{"Re-authorize " + patient + " by device code, with one box left unticked", r.byDevice},
		{"Repair it in a browser far away: paste back where the browser ended", r.byBrowser},
		{"See which password files are stale now", r.listStale},
		{"Write them again, at every place", r.regenerate},
		{"Open one as its job would, with this server's identity", r.openFile},
		{"Refresh every account", r.refreshAll},
		{"See how the accounts are now", r.healthAfter},
	}
	for i, step := range steps {
		r.say("\n%d. %s", i+1, step.title)
		err := step.do(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("step %d of the demo, %q: %w", i+1, step.title, err)
		}
	}
	r.say("\nAll of it worked.")
	return nil
}

// patient is the account that the main job repairs.
const patient = "sales-ga"

// run is the main job under way.
type run struct {
	MainJob
	person person

	generation int64 // the patient's before the repair
}

// say prints one line.
func (r *run) say(format string, args ...any) { _, _ = fmt.Fprintf(r.Out, format+"\n", args...) }

// statesBefore are the accounts that are not healthy at first, and statesAfter those that the main job leaves so:
// they wait for somebody else, or for a provider.
var (
	statesBefore = map[string]accounts.State{
		"sales-ga": accounts.NeedsSignIn, "finance-sheets": accounts.MissingPermissions, "ads-eu": accounts.Expiring,
		"press": accounts.NoResources, "archive": accounts.Unreachable, "hr-sheets": accounts.Unproven,
	}
	statesAfter = map[string]accounts.State{
		"finance-sheets": accounts.MissingPermissions, "ads-eu": accounts.Expiring,
		"press": accounts.NoResources, "archive": accounts.Unreachable,
	}
)

// healthBefore is the world as it was seeded: four files are stale.
func (r *run) healthBefore(ctx context.Context) error { return r.health(ctx, statesBefore, 4) }

// healthAfter leaves no stale file.
func (r *run) healthAfter(ctx context.Context) error { return r.health(ctx, statesAfter, 0) }

// health prints the accounts, worst first, and compares them with what has to be.
func (r *run) health(ctx context.Context, want map[string]accounts.State, staleFiles int) error {
	snapshot, err := r.Book.Snapshot(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	for _, a := range snapshot.Accounts {
		said := a.Health.Title
		if a.Health.State == accounts.Healthy {
			said = "generation " + fmt.Sprint(a.Generation)
		}
		r.say("   %-8s  %-14s  %-19s  %s", a.Health.Severity, a.Name, a.Health.State, said)
		expected, ill := want[a.Name]
		// What is not listed has to be healthy.
		if !ill {
			expected = accounts.Healthy
		}
		if a.Health.State != expected {
			wrong = append(wrong, fmt.Errorf("account %q is %s and ought to be %s", a.Name, a.Health.State, expected))
		}
	}
	stale, err := r.stale(ctx)
	if err != nil {
		return err
	}
	r.say("   %d accounts, %d stale password files", len(snapshot.Accounts), len(stale))
	if len(snapshot.Accounts) != len(cast) {
		wrong = append(wrong, fmt.Errorf("there are %d accounts and ought to be %d", len(snapshot.Accounts), len(cast)))
	}
	if len(stale) != staleFiles {
		wrong = append(wrong, fmt.Errorf("%d password files are stale and %d ought to be", len(stale), staleFiles))
	}
	return errors.Join(wrong...)
}

// stale looks at the places and returns the canvases whose password files have to be written again.
func (r *run) stale(ctx context.Context) ([]pwfile.Canvas, error) {
	if err := r.Keeper.Check(ctx, true); err != nil {
		return nil, err
	}
	all, err := r.Keeper.Canvases(ctx)
	if err != nil {
		return nil, err
	}
	var stale []pwfile.Canvas
	for _, c := range all {
		if c.NeedsWriting() {
			stale = append(stale, c)
		}
	}
	return stale, nil
}
