package tui

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

// workshop is a book with a stale canvas, a current one and one whose account is gone.
func workshop() data {
	d := sampleData()
	stale := d.canvases[0]
	stale.Accounts = []pwfile.AccountRef{{ID: "id-sales-ga", Name: "sales-ga", State: accounts.NeedsSignIn, Title: "revoked at the provider"}}
	stale.Written = &store.Written{At: daysAgo(3)}
	fresh := pwfile.Canvas{Canvas: store.Canvas{ID: "c2", Name: "board-report", Path: "/srv/canvas/board.acc", AccountIDs: []string{"id-web-ga"}, Written: &store.Written{At: daysAgo(1)}},
		Accounts: []pwfile.AccountRef{{ID: "id-web-ga", Name: "web-ga", State: accounts.Healthy}},
		Places:   []store.Place{{ID: "p2", Target: "/srv/canvas/board.pwfile.age", CheckedAt: noon, SHA256: "ab"}}}
	orphan := pwfile.Canvas{Canvas: store.Canvas{ID: "c3", Name: "attic", Path: "/srv/canvas/attic.acc", AccountIDs: []string{"gone"}},
		Accounts: []pwfile.AccountRef{{ID: "gone"}}, Places: []store.Place{{ID: "p3", Target: "/srv/canvas/attic.pwfile.age", CheckedAt: noon}},
		Stale: []pwfile.Reason{{Code: pwfile.StaleGeneration, Text: "the canvas uses an account that is no longer here", AccountID: "gone"}}}
	d.canvases = []pwfile.Canvas{fresh, orphan, stale}
	return withFacts(d)
}

func atCanvases(m Model) Model { m.data = workshop(); return press(m, "c") }

// canvasScenes are part of scenes.
var canvasScenes = map[string]func(m Model) Model{
	"canvases":        atCanvases,
	"canvases-empty":  func(m Model) Model { m.data.canvases = nil; m.data = withFacts(m.data); return press(m, "c") },
	"canvases-remove": func(m Model) Model { return press(atCanvases(m), "down", "x") },
	"regenerate-writing": func(m Model) Model {
		m = press(planned(m), "enter", "enter")
		j, _ := m.jobs.get(jobID{jobGenerate, ""})
		for i, name := range []string{"daily-sales", "month-close", "stock-sync"} {
			line := store.RunLine{Canvas: name, Target: "/srv/canvas/" + name + ".pwfile.age", State: store.LineDone}
			m = feed(m, jobEvent{id: j.id, run: j.run, progress: &pwfile.Progress{Line: line, Done: i + 1, Total: 100}})
		}
		return m
	},
	"regenerate-dedicated": func(m Model) Model {
		m = planned(m)
		s := m.front().(regenerateWizard)
		s.plan.Items[1].Refused = &pwfile.Refusal{Kind: pwfile.RefusedNeedsDedicated, AccountID: "id-web-ga", Account: "web-ga", Dedicated: "web-ga@weekly-report",
			Why: "web-ga uses each of its refresh tokens once, so this file needs a credential of its own", Remedy: "run: fettle authorize --name web-ga@weekly-report"}
		return press(m, "down", "u")
	},
	"canvas-file": func(m Model) Model {
		m = feed(press(atCanvases(m), "a"), answer{key: "canvas file", value: folder{names: []string{"archive/", "daily.acc", "weekly.acc"}}})
		return press(m, "down", "down")
	},
	"canvas-accounts": func(m Model) Model { return press(canvasNamed(m), "enter", "space") },
	"canvas-places":   func(m Model) Model { return press(canvasNamed(m), "enter", "space", "enter") },
	"canvas-readers":  canvasReady,
	"canvas-done":     func(m Model) Model { return canvasKept(m, nil) },
	"canvas-failed":   func(m Model) Model { return canvasKept(m, errors.New("a canvas of this name exists")) },
	"activity": func(m Model) Model {
		return feed(press(m, "h"), answer{key: activityKey, value: []store.Event{
			{ID: 2, At: noon, Action: "refresh", Subject: "sales-ga", AccountID: "id-sales-ga", Detail: "The grant was revoked", Actor: "mira (from 192.0.2.7)"},
			{ID: 1, At: daysAgo(2), Action: "authorize", Subject: "web-ga", AccountID: "id-web-ga", OK: true, Detail: "as ops@acme.example", Actor: "mira"},
		}})
	},
}

// canvasNamed is the wizard at the name, which it took from the file.
func canvasNamed(m Model) Model {
	return press(write(press(atCanvases(m), "a"), "/srv/Weekly Report.acc"), "enter")
}

func canvasReady(m Model) Model {
	return press(canvasNamed(m), "enter", "space", "enter", "enter", "enter", "enter")
}

func canvasKept(m Model, err error) Model {
	m = press(canvasReady(m), "enter")
	id := jobID{jobCanvas, "weekly-report"}
	j, _ := m.jobs.get(id)
	e := jobEvent{id: id, run: j.run, ended: true, err: err}
	if err == nil {
		e.result = pwfile.Edited{Canvas: workshop().canvases[0], Notes: []string{"the former file stays at /srv/old.pwfile.age"}}
	}
	return feed(m, e)
}

// What needs writing stands first, whatever its name, and the cursor stays on its canvas when the book moves.
func TestStaleCanvasesStandFirst(t *testing.T) {
	t.Parallel()
	m := press(atCanvases(testModel(120, 30, sampleData())), "down")
	s := m.front().(canvasesScreen)
	var names []string
	for _, c := range s.rows(m.frame()) {
		names = append(names, c.Name)
	}
	if want := []string{"attic", "daily-sales", "board-report"}; !slices.Equal(names, want) {
		t.Fatalf("%q, want %q", names, want)
	}
	d := workshop()
	d.taken = m.data.taken + 1
	d.canvases[1].Stale = nil // attic was mended: daily-sales moves up
	d.canvases[1].Written = &store.Written{At: noon}
	m = feed(m, dataMsg{data: withFacts(d)})
	if c, at, _ := m.front().(canvasesScreen).current(m.frame()); c.Name != "daily-sales" || at != 0 {
		t.Errorf("the cursor is on %s in row %d", c.Name, at)
	}
}

// The wizard asks for exactly what was answered.
func TestTheCanvasWizardKeepsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	m := canvasNamed(testModel(80, 24, sampleData()))
	if got := m.front().(canvasWizard).name.Value(); got != "weekly-report" {
		t.Errorf("the name suggested is %q", got)
	}
	m = press(m, "enter", "space", "enter")
	m = press(write(m, "/srv/w.pwfile.age"), "enter")
	m = press(write(m, "/a.age sftp://job@host/b.age"), "enter")
	m = press(write(m, "jobs"), "enter", "down", "enter")
	m = write(m, "age1x, age1y")
	got, ok := m.front().(canvasWizard).wanted(m.frame()).(addCanvas)
	want := pwfile.NewCanvas{Name: "weekly-report", Path: "/srv/Weekly Report.acc", AccountNames: []string{"ads-eu"}, PasswordFile: "/srv/w.pwfile.age",
		Copies: []string{"/a.age", "sftp://job@host/b.age"}, Recipients: []string{"age1x", "age1y"}, Group: "jobs"}
	if !ok || !equalCanvas(got.canvas, want) {
		t.Errorf("got %+v\nwant %+v", got.canvas, want)
	}
}

func equalCanvas(a, b pwfile.NewCanvas) bool {
	return a.Name == b.Name && a.Path == b.Path && a.PasswordFile == b.PasswordFile && a.Group == b.Group && a.Passphrase == b.Passphrase &&
		slices.Equal(a.AccountNames, b.AccountNames) && slices.Equal(a.Copies, b.Copies) && slices.Equal(a.Recipients, b.Recipients)
}

// A path is completed from the folder as it is: folders first, hidden files only by their dot.
func TestPathsAreCompleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + string(filepath.Separator)
	for _, name := range []string{"daily.acc", "daily-old.acc", ".secret.acc"} {
		if err := os.WriteFile(dir+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir+"more", 0o700); err != nil {
		t.Fatal(err)
	}
	s := newPathField("k", dir)
	listed := func() {
		got, err := readFolder(s.in.Value())
		if err != nil {
			t.Fatal(err)
		}
		s = s.receive(answer{key: "k", value: got})
	}
	listed()
	if got, want := s.list.matches(s.in.Value()), []string{"more" + string(filepath.Separator), "daily-old.acc", "daily.acc"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	s.in.SetValue(dir + "d")
	s, _ = s.completed()
	if s.value() != dir+"daily" {
		t.Errorf("what all share is %q", s.value())
	}
	s.in.SetValue(dir + "m")
	s, wants := s.completed()
	if !strings.HasSuffix(s.value(), "more"+string(filepath.Separator)) || len(wants) != 1 {
		t.Errorf("%q asks for %d folders", s.value(), len(wants))
	}
	s.in.SetValue(dir + "none/x")
	listed()
	if s.list.folder.problem == "" {
		t.Error("a folder that is not there is not told of")
	}
}

// changing is the wizard over a canvas of the workshop as it is now.
func changing(t *testing.T, c pwfile.Canvas) Model {
	t.Helper()
	m := testModel(80, 24, sampleData())
	d := workshop()
	d.canvases = []pwfile.Canvas{c}
	m.data = withFacts(d)
	return press(m, "c", "enter")
}

// change is what the wizard asks for once every step was left as it is.
func change(t *testing.T, m Model) editCanvas {
	t.Helper()
	for range 12 {
		if w := m.front().(canvasWizard); w.at == canvasDone {
			j, _ := m.jobs.get(w.jobID())
			want, ok := j.want.(editCanvas)
			if !ok {
				t.Fatalf("%T is asked for", j.want)
			}
			return want
		}
		m = press(m, "enter")
	}
	t.Fatalf("the wizard does not end:\n%s", m.content())
	return editCanvas{}
}

// A canvas that is opened and left as it is stays as it is, whatever its paths are made of.
func TestAChangeOfNothingChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]store.Canvas{
		"this server":  {},
		"recipients":   {Recipients: []string{"age1x", "ssh-ed25519 AAAAC3 ops@auto-1"}, Group: "jobs"},
		"a passphrase": {Passphrase: true},
	} {
		c.ID, c.Name, c.Path, c.Revision, c.AccountIDs = "c9", "weekly", "/srv/My Reports/weekly.acc", 4, []string{"id-web-ga", "id-sales-ga"}
		places := []store.Place{{Target: "/srv/out/weekly.pwfile.age"}, {Target: "/mnt/back up/weekly.age"}, {Target: "sftp://job@host/weekly.age"}, {Target: `/mnt/"quoted"/w.age`}}
		got := change(t, changing(t, pwfile.Canvas{Canvas: c, Places: places}))
		want := pwfile.NewCanvas{Name: c.Name, Path: c.Path, AccountNames: []string{"web-ga", "sales-ga"}, PasswordFile: places[0].Target,
			Copies: []string{places[1].Target, places[2].Target, places[3].Target}, Recipients: c.Recipients, Group: c.Group, Passphrase: c.Passphrase}
		is := got.change
		same := equalCanvas(want, pwfile.NewCanvas{Name: *is.Name, Path: *is.Path, AccountNames: *is.AccountNames, PasswordFile: *is.PasswordFile,
			Copies: *is.Copies, Recipients: *is.Recipients, Group: *is.Group, Passphrase: *is.Passphrase})
		if !same || got.id != "c9" || is.Revision != 4 {
			t.Errorf("%s: %q at revision %d becomes %q %q %q %q %q", name, got.id, is.Revision, *is.Path, *is.AccountNames, *is.Copies, *is.Recipients, *is.Group)
		}
	}
}

// An account that is gone is not ticked behind the operator's back: the canvas needs another one first.
func TestACanvasWhoseAccountIsGoneNeedsAnother(t *testing.T) {
	t.Parallel()
	m := press(changing(t, workshop().canvases[1]), "enter", "enter", "enter")
	if w := m.front().(canvasWizard); w.at != canvasUsers || !strings.Contains(m.notice.text, "Tick at least one account") {
		t.Fatalf("step %d, %q", w.at, m.notice.text)
	}
	got := change(t, press(m, "space"))
	if !slices.Equal(*got.change.AccountNames, []string{"ads-eu"}) {
		t.Errorf("the accounts become %q", *got.change.AccountNames)
	}
}

// The last page follows the work whatever blanks were typed around the name.
func TestBlanksAroundANameDoNotHideTheEnd(t *testing.T) {
	t.Parallel()
	m := press(write(canvasNamed(testModel(80, 24, sampleData())), " "), "enter", "space", "enter", "enter", "enter", "enter", "enter")
	if j, _ := m.jobs.get(jobID{jobCanvas, "weekly-report"}); !j.running {
		t.Fatal("nothing is kept")
	}
	m = feed(m, jobEvent{id: jobID{jobCanvas, "weekly-report"}, run: m.runs, ended: true, result: pwfile.Edited{Canvas: workshop().canvases[0]}})
	if text := seen(m); !strings.Contains(text, "board-report is kept") || !strings.Contains(text, "Add another canvas") {
		t.Errorf("it shows\n%s", m.content())
	}
}

// What a change means for copies that exist is said at its end, and what could not be kept can be answered anew.
func TestTheEndOfACanvas(t *testing.T) {
	t.Parallel()
	m := canvasKept(testModel(80, 24, sampleData()), nil)
	if text := seen(m); !strings.Contains(text, "The former file stays at /srv/old.pwfile.age.") {
		t.Errorf("it shows\n%s", m.content())
	}
	if w, ok := press(m, "enter").front().(regenerateWizard); !ok || !slices.Equal(w.selection.CanvasIDs, []string{"c2"}) {
		t.Errorf("writing its file opens %T", press(m, "enter").front())
	}
	if w, ok := press(m, "down", "enter").front().(canvasWizard); !ok || w.at != canvasFile || w.file.value() != "" {
		t.Errorf("another one opens %T", press(m, "down", "enter").front())
	}
	m = press(canvasKept(testModel(80, 24, sampleData()), errors.New("a canvas of this name exists")), "enter")
	if w, ok := m.front().(canvasWizard); !ok || w.at != canvasReaders || w.name.Value() != "weekly-report" {
		t.Errorf("the answers are gone: %T", m.front())
	}
}

// A canvas without recipients for other servers is not taken.
func TestOtherServersNeedARecipient(t *testing.T) {
	t.Parallel()
	m := press(canvasReady(testModel(80, 24, sampleData())), "down", "enter", "enter")
	if text := seen(m); !strings.Contains(text, "Give at least one recipient") || len(m.jobs) != 0 {
		t.Errorf("it shows\n%s", m.content())
	}
	if w := press(m, "esc").front().(canvasWizard); w.asking || w.problem != "" || w.at != canvasReaders {
		t.Errorf("esc leads to step %d", w.at)
	}
}
