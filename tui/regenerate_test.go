package tui

import (
	"slices"
	"strings"
	"testing"

	"fettle/accounts/store"
)

// An account that stands in the way is repaired by one key; when the plan is made anew its canvas is ticked, and what
// the operator unticked stays so.
func TestARefusedCanvasIsOneKeyFromItsRepair(t *testing.T) {
	t.Parallel()
	m := press(planned(testModel(80, 24, sampleData())), "space", "down")
	wizard := m.front().(regenerateWizard)
	if r, ok := wizard.refusal(); !ok || r.Account != "finance-sheets" {
		t.Fatalf("what stands in the way is %q", r.Account)
	}
	if there := press(m, "u").front(); there.title(m.frame()) != "Update finance-sheets" {
		t.Errorf("u leads to %q", there.title(m.frame()))
	}
	plan := *wizard.plan
	plan.Items = slices.Clone(plan.Items)
	plan.Items[1].Refused = nil
	m = feed(m, answer{key: wizard.key(), value: plan})
	if got := m.front().(regenerateWizard).which.ticked; !slices.Equal(got, []string{"c2"}) {
		t.Errorf("ticked are %q", got)
	}
}

// Each place that failed can be tried again alone, or all of them together.
func TestFailedPlacesAreTriedAgain(t *testing.T) {
	t.Parallel()
	m := press(planned(testModel(100, 30, sampleData())), "enter", "enter")
	id := jobID{jobGenerate, ""}
	j, _ := m.jobs.get(id)
	m = feed(m, jobEvent{id: id, run: j.run, ended: true, result: store.Run{Lines: []store.RunLine{
		{PlaceID: "p1", Target: "/srv/a", State: store.LineFailed, Cause: "the disk is full"},
		{PlaceID: "p2", Target: "/srv/b", State: store.LineDone},
		{PlaceID: "p3", Target: "sftp://far/c", State: store.LineFailed, Cause: "no route to host"},
	}}})
	for only, want := range map[string][]string{"": {"p1", "p3"}, "down": {"p1"}} {
		m := m
		if only != "" {
			m = press(m, only)
		}
		sel := press(m, "enter").front().(regenerateWizard).selection
		if !slices.Equal(sel.PlaceIDs, want) {
			t.Errorf("after %q: %q, want %q", only, sel.PlaceIDs, want)
		}
	}
}

// Once a password file is written, the packages that hold it are offered.
func TestPackagesFollowTheirPasswordFiles(t *testing.T) {
	t.Parallel()
	m := planned(testModel(100, 30, depot()))
	m = press(m, "enter", "enter")
	id := jobID{jobGenerate, ""}
	j, _ := m.jobs.get(id)
	m = feed(m, jobEvent{id: id, run: j.run, ended: true, result: store.Run{Lines: []store.RunLine{{CanvasID: "c1", PlaceID: "p1", State: store.LineDone}}}})
	if there := press(m, "enter").front(); there.title(m.frame()) != "Sync nightly" {
		t.Errorf("enter leads to %q", there.title(m.frame()))
	}
}

// While one run writes, another cannot be begun: its page would show the first one's places as its own.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	m := press(planned(testModel(100, 30, sampleData())), "enter", "enter")
	id := jobID{jobGenerate, ""}
	under, _ := m.jobs.get(id)
	m = press(planned(press(m, "esc")), "enter", "enter")
	if at, _ := m.front().(regenerateWizard).where(m.frame()); at != regenWhat || !strings.Contains(seen(m), "being written") {
		t.Errorf("the second wizard is at step %d:\n%s", at, seen(m))
	}
	m = press(feed(m, jobEvent{id: id, run: under.run, ended: true, result: store.Run{}}), "enter")
	if at, _ := m.front().(regenerateWizard).where(m.frame()); at != regenWrite {
		t.Errorf("after the first run enter leads to step %d", at)
	}
}
