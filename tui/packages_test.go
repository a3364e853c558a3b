package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fettle/accounts/store"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// depot is a book with a package that is behind, one in sync and one whose last sync failed.
func depot() data {
	d := workshop()
	synced := &store.Synced{At: daysAgo(2), Serial: 4, Files: 5, Bytes: 40 << 10}
	made := func(id, name string) packages.Package {
		return packages.Package{Package: store.Package{ID: id, Name: name, Target: "s3://jobs/" + name + "?endpoint=https://s3.acme.example&region=eu",
			Canvases: []store.PackedCanvas{{CanvasID: "c1", Name: "daily-sales"}, {CanvasID: "c2", Name: "board-report"}}, Synced: synced}}
	}
	behind, good, failed := made("k1", "nightly"), made("k2", "reports"), made("k3", "weekly")
	behind.Behind = []pwfile.Lag{{CanvasID: "c1", Text: "daily-sales has a newer password file"}}
	behind.Files = []store.PackedFile{{Source: "/srv/template.xlsx", Path: "template.xlsx"}}
	failed.Problem, failed.TriedAt, failed.Layout = "access denied", daysAgo(1), store.LayoutPlain
	d.packages = []packages.Package{behind, good, failed}
	return withFacts(d)
}

func atPackages(m Model) Model { m.data = depot(); return press(m, "o") }

var syncPlanned = packages.Plan{Serial: 4, Items: []packages.Item{
	{Entry: packages.Entry{Path: "board-report.acc", Size: 812}, State: packages.StateUnchanged},
	{Entry: packages.Entry{Path: "daily-sales.acc", Size: 20 << 10}, State: packages.StateChanged},
	{Entry: packages.Entry{Path: "daily-sales.pwfile.age", Size: 1400, Canvas: "daily-sales"}, State: packages.StateChanged, Stale: []string{"it carries a former credential of sales-ga"}},
	{Entry: packages.Entry{Path: "old.acc", Size: 90}, State: packages.StateGone},
	{Entry: packages.Entry{Path: "template.xlsx", Size: 11 << 20}, State: packages.StateNew},
}}

// packageScenes are part of scenes.
var packageScenes = map[string]func(m Model) Model{
	"packages":        atPackages,
	"packages-empty":  func(m Model) Model { return press(m, "o") },
	"packages-remove": func(m Model) Model { return press(atPackages(m), "x") },
	"package-layout":  packageReady,
	"secret": func(m Model) Model {
		return feed(m, askedMsg{0, "Enter passphrase for key '/home/ops/.ssh/id_ed25519'"})
	},
	"package-done": func(m Model) Model {
		m = press(packageReady(m), "enter")
		id := jobID{jobPackage, "nightly"}
		j, _ := m.jobs.get(id)
		return feed(m, jobEvent{id: id, run: j.run, ended: true, result: depot().packages[0]})
	},
	"sync-plan": syncing,
	"sync-denied": func(m Model) Model {
		return feed(press(atPackages(m), "enter"), answer{key: "sync k1", err: &packages.Error{Code: packages.Foreign, Target: "s3://jobs", Text: "another package lies there", Remedy: "choose another destination"}})
	},
	"sync-upload": func(m Model) Model {
		m = press(syncing(m), "down", "enter")
		j, _ := m.jobs.get(jobID{jobSync, "k1"})
		return feed(m, jobEvent{id: j.id, run: j.run, sync: &packages.Progress{Step: packages.StepUpload, Path: "template.xlsx", Done: 1, Total: 3, Bytes: 5 << 20, TotalBytes: 12 << 20}})
	},
	"sync-done":   func(m Model) Model { return syncEnded(m, nil) },
	"sync-failed": func(m Model) Model { return syncEnded(m, errors.New("the connection to s3.acme.example broke off")) },
}

func packageReady(m Model) Model {
	m = press(write(press(atPackages(m), "a"), "nightly"), "enter", "space", "down", "space", "enter")
	return press(write(press(m, "enter"), "/srv/out"), "enter")
}

func syncing(m Model) Model {
	return feed(press(atPackages(m), "enter"), answer{key: "sync k1", value: syncPlanned})
}

func syncEnded(m Model, err error) Model {
	m = press(syncing(m), "down", "enter")
	j, _ := m.jobs.get(jobID{jobSync, "k1"})
	e := jobEvent{id: j.id, run: j.run, ended: true, err: err}
	if err == nil {
		e.result = packages.Result{Serial: 5, Uploaded: 3, Present: 1, Bytes: 12 << 20, Removed: 1}
	}
	return feed(m, e)
}

// What is said of a sync that was cut short is true of the layout: plain files are replaced one by one.
func TestACutSyncSaysWhatLiesThere(t *testing.T) {
	t.Parallel()
	for layout, want := range map[store.PackageLayout]map[string]bool{
		store.LayoutObjects: {"What lay there before lies there still": true, "until the last step": true, "some of the new files": false},
		store.LayoutPlain:   {"What lay there before lies there still": false, "until the last step": false, "some of the new files": true},
	} {
		m := atPackages(testModel(100, 30, sampleData()))
		for i := range m.data.packages {
			m.data.packages[i].Layout = layout
		}
		m = press(feed(press(m, "enter"), answer{key: "sync k1", value: syncPlanned}), "down", "enter")
		j, _ := m.jobs.get(jobID{jobSync, "k1"})
		m = feed(m, jobEvent{id: j.id, run: j.run, sync: &packages.Progress{Step: packages.StepUpload, Done: 1, Total: 3}})
		said := seen(m)
		said += seen(feed(m, jobEvent{id: j.id, run: j.run, ended: true, err: errors.New("the connection broke off")}))
		for text, is := range want {
			if strings.Contains(said, text) != is {
				t.Errorf("%s: %q is said: %v\n%s", layout, text, !is, said)
			}
		}
	}
}

// A sync that was refused because somebody else's files lie there offers to take over, but never first.
func TestTakingOverIsNeverTheFirstChoice(t *testing.T) {
	t.Parallel()
	m := packageScenes["sync-denied"](testModel(80, 24, sampleData()))
	s := m.front().(syncWizard)
	c := s.nexts(job{}, m.frame())
	if o, _ := c.chosen(); o.id != nextLook || !slices.ContainsFunc(c.options, func(o option) bool { return o.id == nextTakeOver }) {
		t.Errorf("first is %q of %+v", o.id, c.options)
	}
	m = press(m, "down", "enter")
	if !m.front().(syncWizard).replace {
		t.Error("taking over was not asked for")
	}
}

// The wizard asks for exactly what was answered.
func TestThePackageWizardKeepsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	got := packageReady(testModel(80, 24, sampleData())).front().(packageWizard).wanted()
	if got.Name != "nightly" || got.Target != "/srv/out" || got.Layout != store.LayoutObjects || len(got.Canvases) != 2 || len(got.Files) != 0 {
		t.Errorf("%+v", got)
	}
}

// Each step of the package wizard waits for its answer, and esc goes back without losing one.
func TestThePackageWizardWaitsForEachAnswer(t *testing.T) {
	t.Parallel()
	waits := func(m Model, at int, why string) Model {
		t.Helper()
		if m = press(m, "enter"); m.front().(packageWizard).at != at || !strings.Contains(m.notice.text, why) {
			t.Fatalf("step %d says %q", m.front().(packageWizard).at, m.notice.text)
		}
		return m
	}
	m := waits(press(atPackages(testModel(80, 24, sampleData())), "a"), packageName, "Give it a name")
	m = waits(press(write(m, "nightly"), "enter"), packageCanvases, "Tick at least one canvas")
	m = waits(press(m, "space", "enter", "enter"), packageTarget, "Say where it shall be brought")
	m = press(write(m, "s3://jobs/nightly"), "enter", "esc", "esc", "esc", "esc")
	if w := m.front().(packageWizard); w.at != packageName || w.name.Value() != "nightly" || len(w.canvases.ticked) != 1 || w.target.value(0) != "s3://jobs/nightly" {
		t.Errorf("esc keeps %q, %q, %q at step %d", w.name.Value(), w.canvases.ticked, w.target.value(0), w.at)
	}
	if _, ok := press(m, "esc").front().(packagesScreen); !ok {
		t.Error("esc on the first step does not leave")
	}
}

// Further files may have blanks in their paths; plain files are chosen by hand.
func TestThePackageTakesFilesAndLayout(t *testing.T) {
	t.Parallel()
	m := press(write(press(atPackages(testModel(80, 24, sampleData())), "a"), "nightly"), "enter", "space", "enter")
	m = press(write(m, `/srv/a.xlsx  "/srv/with a blank.xlsx"`), "enter")
	got := press(write(m, "/srv/out"), "enter", "down").front().(packageWizard).wanted()
	want := []packages.Member{{Name: "/srv/a.xlsx"}, {Name: "/srv/with a blank.xlsx"}}
	if !slices.Equal(got.Files, want) || got.Layout != store.LayoutPlain {
		t.Errorf("%+v", got)
	}
}

// A package that was not kept goes back to its answers; one that was kept is synced next.
func TestTheEndOfAPackage(t *testing.T) {
	t.Parallel()
	m := press(packageReady(testModel(80, 24, sampleData())), "enter")
	early := press(m, "enter")
	if _, still := early.front().(packageWizard); !still || early.notice.text == "" {
		t.Error("enter leaves before the end")
	}
	j, _ := m.jobs.get(jobID{jobPackage, "nightly"})
	failed := feed(m, jobEvent{id: j.id, run: j.run, ended: true, err: errors.New("a package of this name exists")})
	if text := seen(failed); !strings.Contains(text, "It was not kept") || !strings.Contains(text, "A package of this name exists") {
		t.Errorf("it shows\n%s", failed.content())
	}
	if w := press(failed, "enter").front().(packageWizard); w.at != packageName || w.target.value(0) != "/srv/out" {
		t.Errorf("the answers are gone at step %d", w.at)
	}
	kept := feed(m, jobEvent{id: j.id, run: j.run, ended: true, result: depot().packages[0]})
	if w, ok := press(kept, "enter").front().(syncWizard); !ok || w.id != "k1" {
		t.Errorf("enter opens %T", press(kept, "enter").front())
	}
	if _, ok := press(kept, "down", "enter").front().(packagesScreen); !ok {
		t.Error("the last line does not go back")
	}
}

// Paths that are typed in a line come back as they were, whatever they are made of.
func TestPathsInALine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfN(rapid.StringMatching(`/[ a-z"\\,;#é]{1,12}`), 0, 5).Draw(t, "paths")
		if got := pathsOf(pathsText(paths)); !slices.Equal(got, paths) {
			t.Fatalf("%q comes back as %q", paths, got)
		}
	})
}
