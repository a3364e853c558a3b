package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

func init() {
	scenes["authorize-division"] = dividing
}

// dividing is the wizard with both services of Acme ticked.
func dividing(m Model) Model { return press(m, "a", "enter", "*", "enter") }

// authorized ends the sign-in of a name well.
func authorized(m Model, name string) Model {
	m = feed(m, answer{key: "how " + name, value: ways})
	m = press(m, "enter")
	return feed(m, flowEnd(m, accounts.FlowResult{AccountID: "id-" + name, Name: name, End: accounts.EndAuthorized}))
}

// TestSeveralServicesInOneGrantOrEach: the reasons stand in words; one each leads from one to the next.
func TestSeveralServicesInOneGrantOrEach(t *testing.T) {
	t.Parallel()
	m := dividing(testModel(90, 30, sampleData()))
	for _, words := range []string{"› One account for all 2: one sign-in", "asks for 3 permissions", "One account each: 2 sign-ins", "no box to miss"} {
		if !strings.Contains(seen(m), words) {
			t.Errorf("%q is missing:\n%s", words, ansi.Strip(m.content()))
		}
	}
	one := press(m, "enter").front().(authorizeWizard)
	if len(one.request.Services) != 2 || len(one.queue) != 0 {
		t.Errorf("in one: %v, then %v", one.request.Services, one.queue)
	}
	m = press(m, "down", "enter")
	if w := m.front().(authorizeWizard); len(w.request.Services) != 1 || w.request.Services[0] != "analytics" || w.name.Value() != "analytics-acme" {
		t.Fatalf("one each begins with %v as %q", w.request.Services, w.name.Value())
	}
	m = authorized(press(m, "enter"), "analytics-acme")
	if !strings.Contains(seen(m), "› Authorize the next service: Acme Sheets") {
		t.Fatalf("the first ends with\n%s", ansi.Strip(m.content()))
	}
	m = press(m, "enter")
	if w := m.front().(authorizeWizard); w.request.Services[0] != "sheets" || w.name.Value() != "sheets-acme" || w.station != atName {
		t.Fatalf("the second is %v as %q", w.request.Services, w.name.Value())
	}
	m = authorized(press(m, "enter"), "sheets-acme")
	if strings.Contains(seen(m), "next service") {
		t.Error("there is no third")
	}
}

// TestServicesThatCannotShareAGrant: where a token serves one resource only, one each is what enter does.
func TestServicesThatCannotShareAGrant(t *testing.T) {
	t.Parallel()
	p := acme
	p.Services = map[string]provider.Service{
		"files": {ID: "files", Name: "Files", Resource: "https://graph.example"}, "ads": {ID: "ads", Name: "Ads", Resource: "https://ads.example"},
	}
	m := testModel(90, 30, sampleData())
	m.providers = []provider.Provider{p}
	m = dividing(m)
	if !strings.Contains(seen(m), "› One account each") || !strings.Contains(seen(m), "serves one of these only") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	if stuck := press(m, "down", "enter"); !strings.Contains(stuck.notice.text, "cannot be done in one sign-in") {
		t.Errorf("the other way says %q", stuck.notice.text)
	}
	if back := press(m, "esc"); !strings.Contains(seen(back), "What shall the jobs do") {
		t.Error("esc does not go back to the services")
	}
}

// TestAClientThatCannotServe greys out what its kind does not carry.
func TestAClientThatCannotServe(t *testing.T) {
	t.Parallel()
	p := nord
	p.Services = map[string]provider.Service{"drive": nord.Services["drive"], "mail": {ID: "mail", Name: "Nord Mail"}}
	p.ClientKinds = map[string]provider.ClientKind{"tv": {ID: "tv", Name: "TV", Services: []string{"drive"}}}
	m := testModel(90, 30, sampleData())
	m.providers = []provider.Provider{p}
	m.data.clients = []accounts.ClientInfo{{ID: "c1", Provider: "nord", Kind: "tv", KindID: "tv"}}
	m = press(m, "a", "enter", "*")
	if w := m.front().(authorizeWizard); len(w.services.ticked) != 1 || w.services.ticked[0] != "drive" || !strings.Contains(seen(m), "kind TV cannot serve it") {
		t.Errorf("%v are ticked:\n%s", w.services.ticked, ansi.Strip(m.content()))
	}
}
