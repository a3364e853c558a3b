package tui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

func init() {
	for name, build := range map[string]func(Model) Model{
		"clients":           func(m Model) Model { return press(withClients(m), "i") },
		"clients-empty":     func(m Model) Model { return press(m, "i") },
		"clients-remove":    func(m Model) Model { return press(withClients(m), "i", "end", "x") },
		"client-provider":   func(m Model) Model { return press(withClients(m), "i", "a") },
		"client-kind":       atKind,
		"client-steps":      func(m Model) Model { return press(atKind(m), "enter") },
		"client-form":       func(m Model) Model { return write(press(atKind(m), "enter", "enter"), "~/Downloads/client.json") },
		"client-wrong-file": func(m Model) Model { return paste(press(atKind(m), "enter", "enter"), `{"type":"service_account"}`) },
		"client-review":     func(m Model) Model { return paste(press(atKind(m), "enter", "enter"), clientFile("installed")) },
		"client-wrong-kind": func(m Model) Model { return paste(press(atKind(m), "enter", "enter"), clientFile("web")) },
		"client-kept":       func(m Model) Model { return clientEnd(addingClient(m), kept, nil) },
		"client-not-kept": func(m Model) Model {
			return clientEnd(addingClient(m), accounts.ClientInfo{}, errors.New("the disk is full"))
		},
		"client-replace":     func(m Model) Model { return write(press(withClients(m), "i", "down", "s", "enter"), "new secret") },
		"client-replacement": replacing,
		"clients-proven":     func(m Model) Model { return testedClient(m, provenClient, nil) },
		"clients-refuted":    func(m Model) Model { return testedClient(m, refutedClient, nil) },
	} {
		scenes[name] = build
	}
}

// nord is a provider like Google: its clients come as files of two kinds that differ.
var nord = provider.Provider{
	ID: "nord", Name: "Nord", Flows: []provider.FlowKind{provider.Browser, provider.Device},
	Services: map[string]provider.Service{"drive": {ID: "drive", Name: "Nord Drive", Scopes: []string{"drive"}}},
	Registration: provider.Registration{Console: "https://console.nord.example/clients", Docs: "https://nord.example/docs",
		Steps: []string{"Open the console and choose a project, or create one."}, After: []string{"Under Audience publish the app, or every sign-in ends after 7 days."}},
	ClientKinds: map[string]provider.ClientKind{
		"desktop": {ID: "desktop", Name: "Desktop app", Preferred: true, Auth: provider.AuthPost, Flows: []provider.FlowKind{provider.Browser}, FileKey: "installed",
			Redirects: "any port of http://127.0.0.1", Words: "Fits everything but the device flow.", Steps: []string{"Press Create client, choose Desktop app, and download the JSON file."}},
		"web": {ID: "web", Name: "Web application", Auth: provider.AuthPost, Flows: []provider.FlowKind{provider.Browser}, FileKey: "web",
			Redirects: "only addresses registered with it", Words: "Only where one exists already."},
		"public": {ID: "public", Name: "Public client", Auth: provider.AuthNone, Flows: []provider.FlowKind{provider.Device}, Redirects: "none", Words: "Has no secret."},
	},
}

// kept is the client that clientFile describes, as the book keeps it.
var kept = accounts.ClientInfo{ID: "c9", Provider: "nord", ProviderName: "Nord", Label: "shop (installed)", OAuthID: "12-ab.apps.nord.example", Auth: provider.AuthPost, Kind: "desktop", HasSecret: true, UsedBy: []string{}}

// withClients has one client of config.toml, one that is used and one that is not.
func withClients(m Model) Model {
	m.providers = []provider.Provider{acme, nord}
	d := m.data
	d.clients = []accounts.ClientInfo{
		{ID: accounts.ClientFromConfig, Provider: "acme", ProviderName: "Acme", Label: "from config", OAuthID: "fettle", Auth: provider.AuthNone, FromConfig: true, UsedBy: []string{"finance-sheets", "web-ga"}},
		{ID: "c1", Provider: "acme", ProviderName: "Acme", Label: "Acme sales", OAuthID: "sales-client", Auth: provider.AuthPost, HasSecret: true, UsedBy: []string{"sales-ga"},
			SecretExpiresAt: noon.AddDate(0, 1, 0), DiesAt: noon.AddDate(0, 1, 0), DiesBecause: "its secret ends then"},
		{ID: "c2", Provider: "nord", ProviderName: "Nord", Label: "shop", OAuthID: "11-xy.apps.nord.example", Auth: provider.AuthPost, Kind: "web", Redirects: []string{"http://localhost:8080/cb"}, HasSecret: true, UsedBy: []string{}},
	}
	m.data = d
	return m
}

func atKind(m Model) Model { return press(withClients(m), "i", "a", "down", "enter") }

func paste(m Model, text string) Model { return feed(m, tea.PasteMsg{Content: text}) }

// clientFile is a file as a console offers it, with the line ends that a terminal makes of a paste.
func clientFile(key string) string {
	return fmt.Sprintf("{\r\"%s\":{\"client_id\":\"12-ab.apps.nord.example\",\"project_id\":\"shop\",\r\"client_secret\":\"GOCSPX-canary\",\"redirect_uris\":[\"http://localhost\"]}}\r", key)
}

func addingClient(m Model) Model {
	return press(paste(press(atKind(m), "enter", "enter"), clientFile("installed")), "enter")
}

func clientEnd(m Model, info accounts.ClientInfo, err error) Model {
	id := jobID{jobClient, "nord"}
	j, _ := m.jobs.get(id)
	e := jobEvent{id: id, run: j.run, ended: true, err: err}
	if err == nil {
		e.result = info
	}
	return feed(m, e)
}

// TestAddingAClientFromItsFile: pasted with carriage returns, recognised, looked at, kept, and never shown.
func TestAddingAClientFromItsFile(t *testing.T) {
	t.Parallel()
	m := paste(press(atKind(testModel(90, 30, sampleData())), "enter", "enter"), clientFile("installed"))
	if text := seen(m); !strings.Contains(text, "12-ab.apps.nord.example") || !strings.Contains(text, "Desktop app") || !strings.Contains(text, "› Keep it") {
		t.Fatalf("it shows\n%s", ansi.Strip(m.content()))
	}
	if strings.Contains(m.View().Content, "canary") {
		t.Error("the secret is shown")
	}
	m = press(m, "enter")
	j, _ := m.jobs.get(jobID{jobClient, "nord"})
	added, ok := j.want.(addClient)
	if !ok || added.client.Provider != "nord" || added.client.Kind != "desktop" || added.client.Secret.Reveal() != "GOCSPX-canary" || added.client.Label != "shop (installed)" {
		t.Fatalf("%T is asked for", j.want)
	}
	d := m.data
	d.clients = []accounts.ClientInfo{kept}
	m = feed(clientEnd(m, kept, nil), dataMsg{data: d})
	if j, _ := m.jobs.get(jobID{jobClient, "nord"}); j.want != nil {
		t.Error("the registry keeps the secret")
	}
	m = press(m, "enter")
	if w, ok := m.front().(authorizeWizard); !ok || w.request.ClientID != "c9" || w.request.Provider != "nord" || len(m.stack) != 3 {
		t.Errorf("enter at the end opens %T", m.front())
	}
}

// TestAClientOfAnotherKind is not kept by enter; it says what is wrong and can be kept on purpose.
func TestAClientOfAnotherKind(t *testing.T) {
	t.Parallel()
	m := scenes["client-wrong-kind"](testModel(90, 30, sampleData()))
	if text := seen(m); !strings.Contains(text, "Web application, not Desktop app") || !strings.Contains(text, "only addresses registered with it") {
		t.Fatalf("it shows\n%s", ansi.Strip(m.content()))
	}
	if back := press(m, "enter"); len(back.jobs) != 0 || !back.front().typing() {
		t.Error("enter keeps the wrong kind")
	}
	if forced := press(m, "down", "enter"); len(forced.jobs) != 1 {
		t.Error("it cannot be kept on purpose")
	}
}

// TestTypingAClient asks for what its kind needs and nothing else.
func TestTypingAClient(t *testing.T) {
	t.Parallel()
	start := testModel(90, 30, sampleData())
	m := press(atKind(start), "enter", "enter", "enter")
	if !strings.Contains(seen(m), "The client ID is missing.") {
		t.Errorf("nothing typed shows\n%s", ansi.Strip(m.content()))
	}
	m = press(write(m, "id-1"), "enter", "enter", "enter")
	if !strings.Contains(seen(m), "Desktop app has a secret") {
		t.Errorf("no secret shows\n%s", ansi.Strip(m.content()))
	}
	m = press(paste(m, "s3cret \n"), "enter", "enter")
	m = press(write(m, "Shop"), "enter", "enter")
	j, _ := m.jobs.get(jobID{jobClient, "nord"})
	added, ok := j.want.(addClient)
	if !ok || added.client.OAuthID != "id-1" || added.client.Secret.Reveal() != "s3cret" || added.client.Label != "Shop" {
		t.Errorf("%+v is asked for", j.want)
	}
	m = press(atKind(start), "down", "enter", "enter") // the public client
	if text := seen(m); strings.Contains(text, "Client secret") {
		t.Errorf("a public client is asked for a secret\n%s", text)
	}
	m = press(write(m, "id-2"), "enter", "enter", "enter")
	j, _ = m.jobs.get(jobID{jobClient, "nord"})
	if added, ok := j.want.(addClient); !ok || !added.client.Secret.Empty() || added.client.Auth != provider.AuthNone {
		t.Errorf("%+v is asked for", j.want)
	}
}

// TestEscGoesBackThroughTheClientWizard, and what was typed is still there.
func TestEscGoesBackThroughTheClientWizard(t *testing.T) {
	t.Parallel()
	m := write(press(atKind(testModel(90, 30, sampleData())), "enter", "enter"), "id-1")
	m = press(m, "esc", "enter")
	if !strings.Contains(seen(m), "> id-1") {
		t.Errorf("what was typed is gone\n%s", ansi.Strip(m.content()))
	}
	m = press(m, "esc", "esc", "esc", "esc")
	if _, ok := m.front().(clientsScreen); !ok {
		t.Errorf("esc ends at %T", m.front())
	}
}

// TestAnAuthorizationWithoutAClientLeadsThere and goes on with the new client.
func TestAnAuthorizationWithoutAClientLeadsThere(t *testing.T) {
	t.Parallel()
	m := testModel(90, 30, sampleData())
	m.providers = []provider.Provider{acme, nord}
	m = press(m, "a", "down", "enter")
	if w, ok := m.front().(clientWizard); !ok || !w.returning {
		t.Fatalf("enter on a provider without a client opens %T", m.front())
	}
	m = press(paste(press(m, "enter", "enter"), clientFile("installed")), "enter")
	d := m.data
	d.clients = []accounts.ClientInfo{kept}
	m = feed(clientEnd(m, kept, nil), dataMsg{data: d})
	if !strings.Contains(seen(m), "› Go on with the authorization") {
		t.Fatalf("it ends with\n%s", ansi.Strip(m.content()))
	}
	m = press(m, "enter", "enter")
	w, ok := m.front().(authorizeWizard)
	if !ok || w.station != atServices || w.request.Provider != "nord" || w.request.ClientID != "c9" {
		t.Errorf("%T at %d through %q of %q", m.front(), w.station, w.request.ClientID, w.request.Provider)
	}
}

// TestRemovingAClientAsks, with no as the default, and is off while accounts use it.
func TestRemovingAClientAsks(t *testing.T) {
	t.Parallel()
	m := press(withClients(testModel(90, 30, sampleData())), "i", "end", "x")
	if no := press(m, "enter"); len(no.jobs) != 0 || len(no.overlays) > 0 {
		t.Error("enter removes it")
	}
	if again := press(m, "x"); len(again.jobs) != 0 {
		t.Error("the key that asks also confirms")
	}
	yes := press(m, "y")
	if j, ok := yes.jobs.get(jobID{jobClientGone, "c2"}); !ok || !j.running || len(yes.overlays) > 0 {
		t.Error("y does not remove it")
	}
	used := press(withClients(testModel(90, 30, sampleData())), "i", "down", "x")
	if len(used.overlays) > 0 || !strings.Contains(used.notice.text, "sales-ga") {
		t.Errorf("a used client: %T, %q", used.front(), used.notice.text)
	}
}

// TestTheFingerStaysOnAClient through a look that brings another one before it, and one that takes it away.
func TestTheFingerStaysOnAClient(t *testing.T) {
	t.Parallel()
	m := press(withClients(testModel(90, 30, sampleData())), "i", "down", "down")
	d := m.data
	d.clients = append([]accounts.ClientInfo{{ID: "c0", Provider: "acme", Label: "another"}}, d.clients...)
	m = feed(m, dataMsg{data: d})
	if c, _, _ := m.front().(clientsScreen).current(m.frame()); c.ID != "c2" {
		t.Errorf("the cursor went to %q", c.ID)
	}
	d.clients = d.clients[:2]
	m = feed(m, dataMsg{data: d})
	if c, _, ok := m.front().(clientsScreen).current(m.frame()); !ok || c.ID == "" {
		t.Error("a client that is gone takes the cursor with it")
	}
}

// TestTenThousandClients cost a frame what three cost.
func TestTenThousandClients(t *testing.T) {
	t.Parallel()
	m := withClients(testModel(80, 24, sampleData()))
	d := m.data
	for i := range 10_000 {
		c := d.clients[1]
		c.ID, c.Label = fmt.Sprintf("x%05d", i), fmt.Sprintf("client %05d", i)
		d.clients = append(d.clients, c)
	}
	m.data = d
	if text := seen(press(m, "i", "end")); !strings.Contains(text, "client 09999") {
		t.Errorf("the last is not shown: %s", text)
	}
}

// TestReadingAClientFile names each thing that is no file of a client, without its content.
func TestReadingAClientFile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	write := func(name, content string) string {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("good.json", clientFile("installed"))
	if content, err := readClientFile("~/good.json"); err != nil || string(content) != clientFile("installed") {
		t.Errorf("below the home: %q, %v", content, err)
	}
	for path, want := range map[string]string{
		filepath.Join(home, "missing.json"): "paste its text here",
		home:                                "is no file",
		"/dev/zero":                         "is no file",
		write("long.json", strings.Repeat("x", clientFileLimit+1)): "too long",
	} {
		if _, err := readClientFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// TestAFileThatCannotBeRead is said on the page, and an answer that comes too late is dropped.
func TestAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	m := press(scenes["client-form"](testModel(90, 30, sampleData())), "enter")
	if !strings.Contains(seen(m), "Reading ~/Downloads/client.json") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	bad := feed(m, answer{key: "client file nord", err: errors.New("~/Downloads/client.json is not on this machine")})
	if !strings.Contains(seen(bad), "is not on this machine.") {
		t.Errorf("it shows\n%s", ansi.Strip(bad.content()))
	}
	good := feed(m, answer{key: "client file nord", value: []byte(clientFile("installed"))})
	if !strings.Contains(seen(good), "› Keep it") {
		t.Errorf("it shows\n%s", ansi.Strip(good.content()))
	}
	if late := feed(press(m, "esc"), answer{key: "client file nord", value: []byte(clientFile("web"))}); strings.Contains(seen(late), "Keep this one") {
		t.Error("a late answer moves the screen")
	}
}
