package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// lastJob is the work begun last.
func lastJob(m Model) job {
	if len(m.jobs) == 0 {
		return job{}
	}
	return m.jobs[len(m.jobs)-1]
}

// TestTheEndOfASecretIsTakenWithIt, from lines and from a file, and a day that is none is said.
func TestTheEndOfASecretIsTakenWithIt(t *testing.T) {
	t.Parallel()
	end := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	form := func() Model { return press(atKind(testModel(90, 30, sampleData())), "enter", "enter") }

	m := write(press(write(press(write(form(), "id-1"), "enter"), "hush"), "enter"), "31 Jan")
	m = press(m, "enter", "enter")
	if !strings.Contains(seen(m), "31 Jan is no day such as 2027-01-31.") || !m.front().typing() {
		t.Fatalf("a day that is none shows\n%s", ansi.Strip(m.content()))
	}
	m = press(m, "ctrl+u")
	m = press(write(m, "2027-01-31"), "enter", "enter")
	if !strings.Contains(seen(m), "31 Jan 2027") {
		t.Errorf("before it is kept it shows\n%s", ansi.Strip(m.content()))
	}
	typed, _ := lastJob(press(m, "enter")).want.(addClient)
	if !typed.client.SecretExpiresAt.Equal(end) || typed.client.Secret.Reveal() != "hush" {
		t.Errorf("it is kept until %v", typed.client.SecretExpiresAt)
	}

	m = paste(write(press(form(), "tab", "tab"), "2027-01-31"), clientFile("installed"))
	file, _ := lastJob(press(m, "enter")).want.(addClient)
	if !file.client.SecretExpiresAt.Equal(end) || file.client.OAuthID != "12-ab.apps.nord.example" {
		t.Errorf("that of the file is kept until %v", file.client.SecretExpiresAt)
	}

	m = write(press(withClients(testModel(90, 30, sampleData())), "i", "down", "s", "enter"), "fresh")
	m = press(write(press(m, "enter"), "2027-01-31"), "enter")
	if w, ok := m.front().(clientWizard); !ok || w.found == nil || !w.change().SecretExpiresAt.Equal(end) {
		t.Errorf("a replacement shows\n%s", ansi.Strip(m.content()))
	}
}

// TestTheEndOfASecretIsNotedLater on the list, where it is also taken back.
func TestTheEndOfASecretIsNotedLater(t *testing.T) {
	t.Parallel()
	list := press(withClients(testModel(90, 30, sampleData())), "i")
	if m := press(list, "e"); !strings.Contains(m.notice.text, "config.toml") {
		t.Errorf("a client of config.toml says %q", m.notice.text)
	}
	m := press(list, "down", "e")
	if !strings.Contains(seen(m), "2026-12-22") {
		t.Fatalf("it does not begin with what is known:\n%s", ansi.Strip(m.content()))
	}
	if soon := press(m, "backspace", "enter"); len(soon.jobs) != 0 || !strings.Contains(seen(soon), "is no day") {
		t.Errorf("half a day shows\n%s", ansi.Strip(soon.content()))
	}
	m = press(write(press(m, "ctrl+u"), "2028-02-29"), "enter")
	noted, _ := lastJob(m).want.(markClient)
	if noted.id != "c1" || noted.marks.SecretExpiresAt.Format(time.DateOnly) != "2028-02-29" || len(m.overlays) != 0 {
		t.Errorf("%+v is noted", noted.marks)
	}
	m = press(list, "down", "e", "ctrl+u", "enter")
	if none, ok := lastJob(m).want.(markClient); !ok || !none.marks.SecretExpiresAt.IsZero() {
		t.Errorf("nothing typed notes %+v", none.marks)
	}
}

// TestGoingBackFromTheClientsLinesLosesNothing: the name, the day and the secret are there again.
func TestGoingBackFromTheClientsLinesLosesNothing(t *testing.T) {
	t.Parallel()
	m := write(press(atKind(testModel(90, 30, sampleData())), "enter", "enter"), "id-1")
	m = write(press(write(press(write(press(m, "tab"), "hush"), "tab"), "2027-01-31"), "tab"), "Shop")
	m = press(m, "esc", "enter")
	if text := seen(m); !strings.Contains(text, "id-1") || !strings.Contains(text, "> ****") || !strings.Contains(text, "2027-01-31") || !strings.Contains(text, "> Shop") {
		t.Errorf("once more it shows\n%s", ansi.Strip(m.content()))
	}
	m = press(m, "esc", "esc", "home", "down", "enter", "enter") // a public client has no secret
	if text := seen(m); !strings.Contains(text, "> Shop") || strings.Contains(text, "****") || strings.Contains(text, "2027") {
		t.Errorf("of a public client it shows\n%s", ansi.Strip(m.content()))
	}
}

// TestThePathOfAClientFileIsCompleted as that of a canvas is; where nothing is left to take, tab goes on.
func TestThePathOfAClientFileIsCompleted(t *testing.T) {
	t.Parallel()
	m := write(press(atKind(testModel(90, 30, sampleData())), "enter", "enter"), "/keys/")
	m = feed(m, answer{key: "client folder", value: folder{of: "/keys/", names: []string{"old/", "client_secret_1.json", "client_secret_2.json"}}})
	if !strings.Contains(seen(m), "client_secret_2.json") {
		t.Fatalf("it shows\n%s", ansi.Strip(m.content()))
	}
	shared := press(write(m, "c"), "tab")
	if !strings.Contains(seen(shared), "> /keys/client_secret_ ") {
		t.Errorf("tab takes what all share:\n%s", ansi.Strip(shared.content()))
	}
	if w := press(shared, "tab").front().(clientWizard); w.form.focus != clientSecret {
		t.Errorf("with nothing left to take, tab leads to line %d", w.form.focus)
	}
	into := press(m, "down", "enter")
	if !into.front().typing() || !strings.Contains(seen(into), "> /keys/old/") {
		t.Errorf("enter on a folder shows\n%s", ansi.Strip(into.content()))
	}
	if w := press(m, "down", "down", "enter").front().(clientWizard); w.reading != "/keys/client_secret_1.json" {
		t.Errorf("enter on a file reads %q", w.reading)
	}
}
