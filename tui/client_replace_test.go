package tui

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// replacing is the look at another secret of Acme sales, with what it means.
func replacing(m Model) Model {
	m = press(write(press(withClients(m), "i", "down", "s", "enter"), "fresh"), "enter", "enter")
	return feed(m, answer{key: "client plan c1", value: accounts.ClientPlan{Accounts: []string{"sales-ga"}, Canvases: []string{"daily-sales"},
		Effects: []string{"The password files of these canvases carry the former registration and go stale: daily-sales"}}})
}

// TestReplacingASecret says what it means before, and asks for nothing but the secret.
func TestReplacingASecret(t *testing.T) {
	t.Parallel()
	m := press(withClients(testModel(90, 30, sampleData())), "i", "down", "s", "enter", "enter", "enter")
	if !strings.Contains(seen(m), "The new secret is empty.") {
		t.Errorf("nothing typed shows\n%s", ansi.Strip(m.content()))
	}
	early := press(write(m, "fresh"), "enter", "enter", "enter")
	if len(early.jobs) != 0 || !strings.Contains(early.notice.text, "What it means is being looked up") {
		t.Errorf("before what it means is known, enter says %q", early.notice.text)
	}
	m = replacing(testModel(90, 30, sampleData()))
	if text := seen(m); !strings.Contains(text, "carry the former registration and go stale") || !strings.Contains(text, "sales-client") || strings.Contains(text, "fresh") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	m = press(m, "enter")
	j, _ := m.jobs.get(jobID{jobClient, "acme"})
	want, ok := j.want.(replaceClient)
	if !ok || want.former.ID != "c1" || want.change.Secret.Reveal() != "fresh" || want.change.OAuthID != "" {
		t.Fatalf("%T is asked for", j.want)
	}
	m = feed(m, jobEvent{id: j.id, run: j.run, ended: true, result: withClients(m).data.clients[1]})
	if text := seen(m); !strings.Contains(text, "Acme sales is replaced") || !strings.Contains(text, "Regenerate the password files that carry the old secret") {
		t.Errorf("it ends with\n%s", ansi.Strip(m.content()))
	}
	m = press(withClients(testModel(90, 30, sampleData())), "i", "s")
	if !strings.Contains(m.notice.text, "config.toml") {
		t.Errorf("a client of config.toml says %q", m.notice.text)
	}
}

// TestReplacingWithAnotherID takes a file as well, and a change that cannot be made goes back to the lines.
func TestReplacingWithAnotherID(t *testing.T) {
	t.Parallel()
	m := paste(press(withClients(testModel(90, 30, sampleData())), "i", "end", "s"), clientFile("web"))
	w, ok := m.front().(clientWizard)
	if !ok || w.at != clientAtReview || w.change().OAuthID != "12-ab.apps.nord.example" || w.change().Secret.Reveal() != "GOCSPX-canary" {
		t.Fatalf("the file gives\n%s", ansi.Strip(m.content()))
	}
	refused := feed(m, answer{key: "client plan c2", err: errors.New("another client has this ID")})
	if text := seen(refused); !strings.Contains(text, "Another client has this ID.") || !refused.front().typing() {
		t.Errorf("it shows\n%s", ansi.Strip(refused.content()))
	}
}

// testedClient is the page after the provider was asked about Acme sales.
func testedClient(m Model, test accounts.ClientTest, err error) Model {
	m = press(withClients(m), "i", "down", "t")
	id := jobID{jobClientTest, "acme" + clientMark + "c1"}
	j, _ := m.jobs.get(id)
	return feed(m, jobEvent{id: id, run: j.run, ended: true, result: test, err: err})
}

var provenClient = accounts.ClientTest{Verdict: accounts.ClientProven, Title: "Acme knows this client", Notes: []string{"Its consent screen is in testing"},
	Flows: []accounts.FlowChoice{{Kind: provider.Browser, Preferred: true}, {Kind: provider.Device, Unavailable: "a Desktop app cannot use the device flow"}}}

var refutedClient = accounts.ClientTest{Verdict: accounts.ClientRefuted, Title: "Acme does not take this id with this secret",
	Diagnosis: &diagnose.Diagnosis{Cause: "client_invalid", Remedy: diagnose.FixClient, Explanation: "The secret is wrong, or the client was deleted."}}

// TestTestingAClient shows the verdict, the ways of signing in and why one is missing; nothing else happens.
func TestTestingAClient(t *testing.T) {
	t.Parallel()
	m := testedClient(testModel(90, 30, sampleData()), provenClient, nil)
	for _, words := range []string{"✓ Acme knows this client.", "✓ In a browser", "a Desktop app cannot use the device flow", "consent screen is in testing"} {
		if !strings.Contains(seen(m), words) {
			t.Errorf("%q is missing:\n%s", words, ansi.Strip(m.content()))
		}
	}
	if text := seen(testedClient(testModel(90, 30, sampleData()), refutedClient, nil)); !strings.Contains(text, "✗ Acme does not take") || !strings.Contains(text, "The secret is wrong") {
		t.Errorf("refuted: %s", text)
	}
	if text := seen(testedClient(testModel(90, 30, sampleData()), accounts.ClientTest{}, context.Canceled)); !strings.Contains(text, "The test was stopped.") {
		t.Errorf("stopped: %s", text)
	}
	busy := press(withClients(testModel(90, 30, sampleData())), "i", "t")
	if text := seen(busy); !strings.Contains(text, "Asking Acme") {
		t.Errorf("meanwhile: %s", text)
	}
	if again := press(busy, "t"); !strings.Contains(again.notice.text, "under way") {
		t.Errorf("a second t says %q", again.notice.text)
	}
}

// TestMarkingAClient keeps what else is known of it.
func TestMarkingAClient(t *testing.T) {
	t.Parallel()
	m := press(withClients(testModel(90, 30, sampleData())), "i", "down", "m")
	j, _ := m.jobs.get(jobID{jobClientMark, "c1"})
	if want, ok := j.want.(markClient); !ok || !want.marks.Testing || !want.marks.SecretExpiresAt.Equal(noon.AddDate(0, 1, 0)) {
		t.Errorf("%+v is asked for", j.want)
	}
	if text := seen(press(withClients(testModel(90, 30, sampleData())), "i", "down")); !strings.Contains(text, "22 Dec 2026 12:00: its secret ends then") {
		t.Errorf("the end of the secret is not shown: %s", text)
	}
}
