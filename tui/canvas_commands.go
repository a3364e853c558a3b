package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"fettle/pwfile"
)

// What the screens ask for about canvases.
type (
	addCanvas  struct{ canvas pwfile.NewCanvas }
	editCanvas struct {
		id, name string
		change   pwfile.Change
	}
	removeCanvas struct{ id, name string }
	lookAtPlaces struct{ ids []string }
	// askFolder is answered with what lies in the folder that a path is in.
	askFolder struct{ key, path string }
)

func (addCanvas) isIntent()    {}
func (editCanvas) isIntent()   {}
func (removeCanvas) isIntent() {}
func (lookAtPlaces) isIntent() {}
func (askFolder) isIntent()    {}

// Kinds of work about canvases.
const (
	jobCanvas     = "canvas" // subject: its name
	jobCanvasGone = "canvas-remove"
	jobPlaces     = "places"
)

// describeCanvas is describe for work about canvases.
func describeCanvas(in intent) (id jobID, title string, ok bool) {
	switch in := in.(type) {
	case addCanvas:
		return jobID{jobCanvas, in.canvas.Name}, "keeping " + in.canvas.Name, true
	case editCanvas:
		return jobID{jobCanvas, in.name}, "changing " + in.name, true
	case removeCanvas:
		return jobID{jobCanvasGone, in.id}, "forgetting " + in.name, true
	case lookAtPlaces:
		return jobID{jobPlaces, ""}, "looking at places on other machines", true
	}
	return jobID{}, "", false
}

// canvas turns the intents about canvases into commands.
// It is nil for what is none of these, as its likes for clients, packages and diagnoses are; runner.question asks one after the other.
func (r *runner) canvas(in intent, run int) tea.Cmd {
	id, _, _ := describeCanvas(in)
	switch in := in.(type) {
	case addCanvas:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			c, err := r.Files.Add(ctx, in.canvas)
			return pwfile.Edited{Canvas: c}, "", err
		})
	case editCanvas:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			edited, err := r.Files.Edit(ctx, in.id, in.change)
			return edited, "", err
		})
	case removeCanvas:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			left, err := r.Files.Remove(ctx, in.id)
			return nil, removedWords(in.name, left), err
		})
	case lookAtPlaces:
		return r.start(id, run, r.remotePlaces(in))
	case askFolder:
		return r.answer(in.key, func(context.Context) (any, error) { return readFolder(in.path) })
	}
	return nil
}

// remotePlaces connects to other machines, which the clock never does: it may need keys, and takes its time.
func (r *runner) remotePlaces(in lookAtPlaces) work {
	return func(ctx context.Context, _ *liveJob, emit func(jobEvent)) (any, string, error) {
		seen, away := 0, 0
		err := r.Files.CheckRemote(ctx, pwfile.RemoteOptions{CanvasIDs: in.ids, Unlock: r.unlockKey()}, func(s pwfile.Seen) {
			if seen++; !s.Reached {
				away++
			}
			emit(jobEvent{step: &step{s.Done, s.Total}})
		})
		switch {
		case seen == 0:
			return nil, "no password file lies on another machine", err
		case away > 0:
			return nil, fmt.Sprintf("%s on other machines looked at, %d not reached", count(seen, "place"), away), err
		}
		return nil, count(seen, "place") + " on other machines looked at", err
	}
}

// removedWords say that a canvas is forgotten, and that its files are not.
func removedWords(name string, left []string) string {
	if len(left) == 0 {
		return name + " is forgotten"
	}
	return name + " is forgotten; " + count(len(left), "password file") + " of it stays where it lies and still opens"
}
