package pwfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

func TestACanvasThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("first", func(n *pwfile.NewCanvas) { n.Copies = []string{filepath.Join(b.home, "taken.age")} }, "a")
	good := pwfile.NewCanvas{Name: "second", Path: filepath.Join(b.home, "second.acc"), AccountNames: []string{"a"}}
	for name, c := range map[string]struct {
		edit func(*pwfile.NewCanvas)
		want string
	}{
		"name taken":         {func(n *pwfile.NewCanvas) { n.Name = "first"; n.PasswordFile = filepath.Join(b.home, "other.age") }, "exists already"},
		"name a path":        {func(n *pwfile.NewCanvas) { n.Name = "../x" }, "letters, digits"},
		"name an option":     {func(n *pwfile.NewCanvas) { n.Name = "-x" }, "letters, digits"},
		"no path":            {func(n *pwfile.NewCanvas) { n.Path = "" }, "path"},
		"no account":         {func(n *pwfile.NewCanvas) { n.AccountNames = nil }, "at least one account"},
		"unknown account":    {func(n *pwfile.NewCanvas) { n.AccountNames = []string{"b"} }, `"b"`},
		"target taken":       {func(n *pwfile.NewCanvas) { n.PasswordFile = filepath.Join(b.home, "taken.age") }, `canvas "first"`},
		"target the canvas":  {func(n *pwfile.NewCanvas) { n.PasswordFile = n.Path }, "canvas file itself"},
		"target twice":       {func(n *pwfile.NewCanvas) { n.Copies = []string{filepath.Join(b.home, "second.pwfile.age")} }, "twice"},
		"target ftp":         {func(n *pwfile.NewCanvas) { n.Copies = []string{"ftp://host/x"} }, "no kind of place"},
		"target an option":   {func(n *pwfile.NewCanvas) { n.Copies = []string{"sftp://-oProxyCommand=x/x"} }, "would not take as a name"},
		"remote twice":       {func(n *pwfile.NewCanvas) { n.Copies = []string{"sftp://h/x/", "sftp://h/x/second.pwfile.age"} }, "twice"},
		"target with escape": {func(n *pwfile.NewCanvas) { n.Copies = []string{"/tmp/\x1b[2J"} }, "control characters"},
		"bad recipient":      {func(n *pwfile.NewCanvas) { n.Recipients = []string{"age1x"} }, "not an age public key"},
		"both": {func(n *pwfile.NewCanvas) {
			n.Recipients = []string{newIdentity(t).Recipient().String()}
			n.Passphrase = true
		}, "choose one"},
	} {
		n := good
		c.edit(&n)
		if _, err := b.Add(t.Context(), n); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	all, err := b.Canvases(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("%d canvases, %v", len(all), err)
	}
	if _, err := b.Add(t.Context(), pwfile.NewCanvas{Name: "x", Path: "/x", AccountNames: []string{"b"}}); !isUnknownAccount(err) {
		t.Errorf("%v does not say which account is unknown", err)
	}
}

func isUnknownAccount(err error) bool {
	_, ok := errors.AsType[*accounts.UnknownAccountError](err)
	return ok
}

func TestAnEditKeepsWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.book.add("b")
	me := newIdentity(t).Recipient().String()
	c := b.canvas("first", func(n *pwfile.NewCanvas) {
		n.Recipients = []string{me, me}
		n.Copies = []string{filepath.Join(b.home, "copy.age")}
	}, "a", "b", "a")
	if len(c.AccountIDs) != 2 || len(c.Recipients) != 1 {
		t.Errorf("%v, %v", c.AccountIDs, c.Recipients)
	}
	b.generate(pwfile.Selection{})
	before := b.now("first")

	name := "renamed"
	edited, err := b.Edit(t.Context(), c.ID, pwfile.Change{Name: &name, Revision: before.Revision})
	if err != nil || edited.Canvas.Name != name || len(edited.Notes) != 0 {
		t.Fatalf("%+v, %v", edited, err)
	}
	if got := edited.Canvas; got.Places[0].ID != before.Places[0].ID || got.Places[0].Target != before.Places[0].Target || got.FileID != before.FileID || codes(got) != "" {
		t.Errorf("a new name moved the file or made it stale: %+v", got)
	}
	if _, err := b.Edit(t.Context(), c.ID, pwfile.Change{Name: &name, Revision: before.Revision}); !isConflict(err) {
		t.Errorf("a change based on an old look: %v", err)
	}

	edited, err = b.Edit(t.Context(), c.ID, pwfile.Change{Recipients: &[]string{newIdentity(t).Recipient().String()}, Copies: &[]string{}})
	notes := strings.Join(edited.Notes, "\n")
	if err != nil || len(edited.Notes) != 2 || !strings.Contains(notes, "authorize the accounts again") || !strings.Contains(notes, "copy.age") {
		t.Errorf("%q, %v", notes, err)
	}
	if len(edited.Canvas.Places) != 1 || codes(edited.Canvas) != "recipients" {
		t.Errorf("%+v", edited.Canvas)
	}
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*store.ConflictError](err)
	return ok
}

func TestARemovedCanvasLeavesItsFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	c := b.canvas("first", nil, "a")
	path := filepath.Join(b.home, "first.pwfile.age")
	b.generate(pwfile.Selection{})
	left, err := b.Remove(t.Context(), c.ID)
	if err != nil || !slices.Equal(left, []string{path}) {
		t.Errorf("%v, %v", left, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if _, err := b.ByName(t.Context(), "first"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := b.Plan(t.Context(), pwfile.Selection{CanvasIDs: []string{c.ID}}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
	var actions []string
	err = b.store.View(t.Context(), func(r store.Reader) error {
		events, err := r.Events(store.EventFilter{})
		for _, e := range events {
			actions = append(actions, e.Actor+" "+e.Action+" "+e.Subject)
		}
		return err
	})
	want := []string{"tester canvas removed first", "tester password file written first", "tester canvas added first"}
	if err != nil || !slices.Equal(actions, want) {
		t.Errorf("history: %q, %v", actions, err)
	}
}

func TestACanvasRemovedDuringARunFailsItsLine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	c := b.canvas("first", nil, "a")
	b.canvas("second", nil, "a")
	plan := b.plan(pwfile.Selection{})
	if _, err := b.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	run, err := b.Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil)
	if err != nil || states(run) != "failed done" || !strings.Contains(run.Lines[0].Cause, "removed meanwhile") {
		t.Errorf("%+v, %v", run.Lines, err)
	}
}

// Two canvases that write to one file would undo each other for ever, by whatever way they name it.
func TestOneFileBelongsToOneCanvas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	target, linked := filepath.Join(b.home, "real"), filepath.Join(b.home, "linked")
	if err := errorsOf(os.Mkdir(target, 0o700), os.Symlink(target, linked)); err != nil {
		t.Fatal(err)
	}
	at := func(name, path string) pwfile.NewCanvas {
		return pwfile.NewCanvas{Name: name, Path: filepath.Join(b.home, name+".acc"), AccountNames: []string{"a"}, PasswordFile: path}
	}
	if _, err := b.Add(t.Context(), at("one", filepath.Join(target, "x.age"))); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(target, "x.age"), filepath.Join(linked, "x.age")} {
		if _, err := b.Add(t.Context(), at("two", path)); err == nil || !strings.Contains(err.Error(), `canvas "one"`) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err := b.AddAll(t.Context(), []pwfile.BulkItem{{NewCanvas: at("three", filepath.Join(target, "y.age"))}, {NewCanvas: at("four", filepath.Join(linked, "y.age"))}})
	if err == nil || !strings.Contains(err.Error(), `canvas "three"`) {
		t.Errorf("in one list: %v", err)
	}
	if _, err := b.Add(t.Context(), at("two", filepath.Join(b.home, "x.age"))); err != nil {
		t.Errorf("the same name in another folder: %v", err)
	}
}
