package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/oauthflow/diagnose"
)

func init() {
	scenes["verify-running"] = func(m Model) Model { return checkNews(press(m, "v"), rungs[:3]...) }
	scenes["verify-failed"] = verified
	scenes["verify-permission"] = func(m Model) Model { return verifyEnd(checkNews(press(m, "v"), rungs...), nil) }
	scenes["verify-stopped"] = func(m Model) Model { return verifyEnd(checkNews(press(m, "v"), rungs[:2]...), context.Canceled) }
}

// rungs are checks of sales-ga that miss a permission.
var rungs = []accounts.Check{
	{ID: accounts.CheckStore, Title: "Stored credential", State: accounts.CheckOK, Detail: "opens with the vault's key"},
	{ID: accounts.CheckRefresh, Title: "Refresh", State: accounts.CheckOK, Detail: "a new access token came"},
	{ID: accounts.CheckPermissions, Title: "Permissions", State: accounts.CheckRunning},
	{ID: accounts.CheckPermissions, Title: "Permissions", State: accounts.CheckFailed, Detail: "Not granted: “See and download your Analytics data”",
		Diagnosis: &diagnose.Diagnosis{Cause: "missing_permissions", Remedy: diagnose.GrantPermissions, Title: "Not granted", Explanation: "Sign in again and tick every box on the consent page."}},
	{ID: accounts.CheckIdentity, Title: "Identity", State: accounts.CheckOK, Detail: "ops@acme.example"},
	{ID: accounts.CheckProbe, Service: "analytics", Title: "Access to Acme Analytics", State: accounts.CheckSkipped, Detail: "its permissions are missing"},
}

var verifyJob = jobID{jobVerify, subjects([]string{"id-sales-ga"})}

// checkNews reports checks of the verification of sales-ga.
func checkNews(m Model, checks ...accounts.Check) Model {
	j, _ := m.jobs.get(verifyJob)
	for _, c := range checks {
		m = feed(m, jobEvent{id: verifyJob, run: j.run, check: &c})
	}
	return m
}

func verifyEnd(m Model, err error) Model {
	j, _ := m.jobs.get(verifyJob)
	return feed(m, jobEvent{id: verifyJob, run: j.run, ended: true, err: err})
}

// TestTheChecklistFillsIn: rungs to come stand there from the start, the one under way is marked, and enter
// waits for the end.
func TestTheChecklistFillsIn(t *testing.T) {
	t.Parallel()
	m := press(testModel(80, 24, sampleData()), "v")
	for _, title := range []string{"Stored credential", "Refresh", "Permissions", "Identity"} {
		if !strings.Contains(seen(m), title) {
			t.Errorf("%q is not announced:\n%s", title, ansi.Strip(m.content()))
		}
	}
	m = press(checkNews(m, rungs[:3]...), "enter")
	if !strings.Contains(m.notice.text, "ctrl+x stops") {
		t.Errorf("enter during the checks says %q", m.notice.text)
	}
	m = press(m, "ctrl+x")
	if j, _ := m.jobs.get(verifyJob); !j.stopping {
		t.Error("ctrl+x does not stop the checks")
	}
}

// TestTheFirstFailingRungLeads: its remedy is in words, and enter repairs it.
func TestTheFirstFailingRungLeads(t *testing.T) {
	t.Parallel()
	m := scenes["verify-permission"](testModel(100, 30, sampleData()))
	text := seen(m)
	for _, words := range []string{"fails first at: Permissions", "See and download your Analytics data", "tick every box", "› Sign in again and tick every box"} {
		if !strings.Contains(text, words) {
			t.Errorf("%q is missing: %s", words, text)
		}
	}
	if w, ok := press(m, "enter").front().(authorizeWizard); !ok || w.request.Name != "sales-ga" {
		t.Errorf("enter opens %T", press(m, "enter").front())
	}
}

// TestTheChecksAreRepeated after the end, not during it; a stop is no failure.
func TestTheChecksAreRepeated(t *testing.T) {
	t.Parallel()
	m := scenes["verify-stopped"](testModel(80, 24, sampleData()))
	if !strings.Contains(seen(m), "were stopped") {
		t.Errorf("it shows\n%s", m.content())
	}
	again := press(m, "v")
	if j, _ := again.jobs.get(verifyJob); !j.running || len(j.checks) != 0 {
		t.Error("v does not begin anew")
	}
	if busy := press(again, "v"); !strings.Contains(busy.notice.text, "under way") {
		t.Errorf("a second v says %q", busy.notice.text)
	}
	if j, _ := press(m, "enter").jobs.get(verifyJob); !j.running {
		t.Error("enter on Verify again does not begin anew")
	}
}

// TestSeveralAreVerifiedBehindTheList: no checklist opens for marked accounts.
func TestSeveralAreVerifiedBehindTheList(t *testing.T) {
	t.Parallel()
	m := press(testModel(80, 24, sampleData()), "space", "space", "v")
	if _, list := m.front().(accountsScreen); !list || len(m.jobs) != 1 {
		t.Errorf("%T is shown, %d jobs", m.front(), len(m.jobs))
	}
}
