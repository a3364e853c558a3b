package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"fettle/pwfile/packages"
)

// What the screens ask for about packages.
type (
	addPackage    struct{ pack packages.NewPackage }
	removePackage struct{ id, name string }
	syncPackage   struct {
		id, name string
		opts     packages.Options
	}
	// askSync is answered with what a sync would do.
	askSync struct {
		key, id string
		opts    packages.Options
	}
)

func (addPackage) isIntent()    {}
func (removePackage) isIntent() {}
func (syncPackage) isIntent()   {}
func (askSync) isIntent()       {}

// Kinds of work about packages.
const (
	jobPackage     = "package" // subject: its name
	jobPackageGone = "package-remove"
	jobSync        = "sync" // subject: the package's ID
)

// describePackage is describe for work about packages.
func describePackage(in intent) (id jobID, title string, ok bool) {
	switch in := in.(type) {
	case addPackage:
		return jobID{jobPackage, in.pack.Name}, "keeping " + in.pack.Name, true
	case removePackage:
		return jobID{jobPackageGone, in.id}, "forgetting " + in.name, true
	case syncPackage:
		return jobID{jobSync, in.id}, "syncing " + in.name, true
	}
	return jobID{}, "", false
}

// pack turns the intents about packages into commands.
func (r *runner) pack(in intent, run int) tea.Cmd {
	id, _, _ := describePackage(in)
	switch in := in.(type) {
	case addPackage:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			p, err := r.Packages.Add(ctx, in.pack)
			return p, "", err
		})
	case removePackage:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			return nil, in.name + " is forgotten; what lies at its destination stays there", r.Packages.Remove(ctx, in.id)
		})
	case syncPackage:
		return r.start(id, run, r.sync(in))
	case askSync:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return r.Packages.Plan(ctx, in.id, in.opts) })
	}
	return nil
}

// sync reports the steps as they change and bytes no faster than a screen shows them: a fast destination would
// else draw thousands of frames.
func (r *runner) sync(in syncPackage) work {
	return func(ctx context.Context, _ *liveJob, emit func(jobEvent)) (any, string, error) {
		var told packages.Progress
		var at = r.Clock()
		result, err := r.Packages.Sync(ctx, in.id, in.opts, func(p packages.Progress) {
			// The last of a step is always told, so that no bar stops short.
			if now := r.Clock(); p.Step != told.Step || p.Done == p.Total || now.Sub(at) >= tellEvery {
				told, at = p, now
				emit(jobEvent{sync: &p})
			}
		})
		return result, in.name + " is in sync", err
	}
}
