package tui

import (
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/oauthflow/diagnose"
)

func init() {
	for name, build := range map[string]func(Model) Model{
		"diagnose":         func(m Model) Model { return press(m, "d") },
		"diagnose-found":   func(m Model) Model { return explained(m, oldDotNet, "sales-ga", "web-ga") },
		"diagnose-unknown": func(m Model) Model { return explained(m, "java.lang.NullPointerException at Report.java:7") },
		"diagnose-typed":   func(m Model) Model { return write(press(m, "d"), "invalid_grant?q") },
	} {
		scenes[name] = build
	}
}

// oldDotNet is what a job on the old .NET libraries writes, whatever went wrong with its token.
const oldDotNet = "2026-11-22 03:00:01 ERROR daily-sales: Management API V3.0 error:Unable to refresh token:The remote server returned an error: (400) Bad Request. Unable to retrieve Google Account information\r\r\n   at System.Net.HttpWebRequest.GetResponse()\r"

// explained is the screen after a message was pasted and read, with accounts that may be meant.
func explained(m Model, text string, names ...string) Model {
	m = paste(press(m, "d"), text)
	reading := diagnose.Text(text)
	found := diagnosed{diagnoses: reading.Diagnoses, ruledOut: reading.RuledOut}
	for _, n := range names {
		found.suspects = append(found.suspects, accounts.Suspect{AccountID: "id-" + n, Name: n, Why: []string{"the message names its canvas daily-sales", "it is in the same trouble"}})
	}
	return feed(m, answer{key: m.front().(diagnoseScreen).key(), value: found})
}

// TestAMessageLeadsToItsAccount: cause, remedy and the account are shown, and enter opens what repairs it.
func TestAMessageLeadsToItsAccount(t *testing.T) {
	t.Parallel()
	m := explained(testModel(100, 40, sampleData()), oldDotNet, "sales-ga", "web-ga")
	text := seen(m)
	for _, words := range []string{"What to do:", "› Sign in again for sales-ga, revoked 3 h ago", "names its canvas daily-sales", "Verify web-ga, proven 3 h ago"} {
		if !strings.Contains(text, words) {
			t.Errorf("%q is missing:\n%s", words, ansi.Strip(m.content()))
		}
	}
	if w, ok := press(m, "enter").front().(authorizeWizard); !ok || w.request.Name != "sales-ga" {
		t.Errorf("enter opens %T", press(m, "enter").front())
	}
	if w, ok := press(m, "down", "enter").front().(verifyScreen); !ok || w.name != "web-ga" {
		t.Errorf("enter on a healthy account opens %T", press(m, "down", "enter").front())
	}
	if _, ok := press(m, "down", "down", "enter").front().(accountsScreen); !ok {
		t.Error("the last line does not go back")
	}
}

// TestAnUnknownMessage says so, and what it speaks against; it guesses no account.
func TestAnUnknownMessage(t *testing.T) {
	t.Parallel()
	m := scenes["diagnose-unknown"](testModel(100, 40, sampleData()))
	if text := seen(m); !strings.Contains(text, "not known") || !strings.Contains(text, "No account of the book fits for sure") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	d := m.front().(diagnoseScreen)
	d.found.ruledOut = []diagnose.Exclusion{{What: diagnose.OfNetwork, Why: "an HTTP answer came"}}
	m.stack[1] = d
	if !strings.Contains(seen(m), "Not the network: an HTTP answer came") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
}

// TestALogTypedAsKeysDoesNotAct: a terminal that does not mark pastes sends every letter as a key.
func TestALogTypedAsKeysDoesNotAct(t *testing.T) {
	t.Parallel()
	m := press(testModel(100, 40, sampleData()), "d")
	m = press(write(m, "qxruv invalid_grant"), "enter")
	m = press(write(m, "at System.Net q r x u"), "enter")
	if s, ok := m.front().(diagnoseScreen); !ok || s.asked != 2 || len(m.jobs) != 0 || len(m.overlays) > 0 {
		t.Errorf("it acts: %T, %d jobs", m.front(), len(m.jobs))
	}
}

// TestAnEarlierReadingIsDropped, as is one that failed; nothing pasted is shown.
func TestAnEarlierReadingIsDropped(t *testing.T) {
	t.Parallel()
	m := paste(press(testModel(100, 40, sampleData()), "d"), "refresh_token=1//0canary invalid_grant")
	first := m.front().(diagnoseScreen).key()
	if strings.Contains(m.View().Content, "canary") {
		t.Error("the message is shown")
	}
	if busy := press(m, "enter"); !strings.Contains(busy.notice.text, "is being read") {
		t.Errorf("enter meanwhile says %q", busy.notice.text)
	}
	m = paste(m, "another")
	m = feed(m, answer{key: first, value: diagnosed{diagnoses: diagnose.Text("invalid_grant").Diagnoses}})
	if m.front().(diagnoseScreen).found != nil {
		t.Error("an earlier reading is taken")
	}
	m = feed(m, answer{key: m.front().(diagnoseScreen).key(), err: errors.New("the book cannot be read")})
	if !strings.Contains(seen(m), "The book cannot be read.") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	if empty := paste(m, " \r\n"); !strings.Contains(empty.notice.text, "is empty") {
		t.Errorf("an empty paste says %q", empty.notice.text)
	}
}

// TestAHugeLogIsCut to its end before it is read.
func TestAHugeLogIsCut(t *testing.T) {
	t.Parallel()
	_, wants := newDiagnose().read(strings.Repeat("é", pastedLimit) + "\rinvalid_grant")
	asked, ok := wants[0].(askDiagnosis)
	if !ok || len(asked.text) > pastedLimit || !strings.HasSuffix(asked.text, "\ninvalid_grant") || strings.Contains(asked.text, "\uFFFD") {
		t.Errorf("%d bytes are read", len(asked.text))
	}
}

// TestTheJobRunsOnAnOldFile: an account in order whose password files are stale is repaired by writing them.
func TestTheJobRunsOnAnOldFile(t *testing.T) {
	t.Parallel()
	m := testModel(100, 40, sampleData())
	d := m.data
	d.stale["id-web-ga"] = 2
	m = explained(m, oldDotNet, "web-ga")
	if !strings.Contains(seen(m), "Regenerate 2 stale password files of web-ga") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	if w, ok := press(m, "enter").front().(regenerateWizard); !ok || w.selection.AccountID != "id-web-ga" {
		t.Errorf("enter opens %T", press(m, "enter").front())
	}
}

// TestAClientToBlame leads to the account's client.
func TestAClientToBlame(t *testing.T) {
	t.Parallel()
	m := explained(withClients(testModel(100, 40, sampleData())), "invalid_client: The OAuth client was not found.", "web-ga")
	m = press(m, "enter")
	s, ok := m.front().(clientsScreen)
	if c, _, _ := s.current(m.frame()); !ok || c.ID != accounts.ClientFromConfig {
		t.Errorf("enter opens %T at %q", m.front(), c.ID)
	}
}
