package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// demoClients are the clients of the demo provider.
func (r *rig) demoClients(t testing.TB) []accounts.ClientInfo {
	t.Helper()
	all, err := r.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(c accounts.ClientInfo) bool { return c.Provider != "demo" })
}

func TestClientsAreKeptSealed(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	if all := r.demoClients(t); len(all) != 1 || !all[0].FromConfig || all[0].ID != accounts.ClientFromConfig || all[0].Label != "from config" || all[0].UsedBy == nil {
		t.Fatalf("%+v", all)
	}
	added, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "demo", Label: "second", OAuthID: sandbox.PostClient, Secret: secret.New(sandbox.PostSecret)})
	if err != nil || !added.HasSecret || added.Auth != provider.AuthPost {
		t.Fatalf("%+v, %v", added, err)
	}
	if found := leaks(t, r.dir, sandbox.PostSecret); len(found) > 0 {
		t.Errorf("the secret lies in %v", found)
	}
	req := request("sales")
	req.ClientID = added.ID
	result := r.authorize(t, req, sandbox.Consent{All: true})
	if result.End != accounts.EndAuthorized {
		t.Fatalf("%+v", result)
	}
	if a := r.look(t, result.AccountID); a.ClientLabel != "second" || a.OAuthClientID != sandbox.PostClient || a.AuthMethod != provider.AuthPost {
		t.Errorf("%+v", a)
	}
	r.must(t, result.AccountID, accounts.Now(true)) // the secret opens and is right

	var used *accounts.ClientInUseError
	if err := r.RemoveClient(t.Context(), added.ID); !errors.As(err, &used) || !slices.Equal(used.Accounts, []string{"sales"}) || !strings.Contains(err.Error(), "sales") {
		t.Errorf("removing a client in use: %v", err)
	}
	if _, err := r.Remove(t.Context(), result.AccountID, accounts.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	req.Name = "pending"
	flow := r.start(t, req)
	if err := r.RemoveClient(t.Context(), added.ID); !errors.As(err, &used) || !slices.Equal(used.Accounts, []string{"pending"}) {
		t.Errorf("removing a client that a flow needs: %v", err)
	}
	if err := r.AbandonFlow(t.Context(), flow.FlowID); err != nil {
		t.Fatal(err)
	}
	if err := r.RemoveClient(t.Context(), added.ID); err != nil || len(r.demoClients(t)) != 1 {
		t.Errorf("%v", err)
	}
}

func TestAReplacedSecretRaisesTheGeneration(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	c, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "demo", Label: "second", OAuthID: sandbox.PostClient, Secret: secret.New("wrong for now")})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ReplaceClientSecret(t.Context(), c.ID, secret.New(sandbox.PostSecret)); err != nil {
		t.Fatal(err)
	}
	req := request("sales")
	req.ClientID = c.ID
	id := r.authorize(t, req, sandbox.Consent{All: true}).AccountID
	if err := r.ReplaceClientSecret(t.Context(), c.ID, secret.New("another")); err != nil {
		t.Fatal(err)
	}
	if a := r.look(t, id); a.Generation != 2 {
		t.Errorf("generation %d: files carry the old secret", a.Generation)
	}
	if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); err == nil {
		t.Error("the provider took the wrong secret: it was not replaced")
	}
	if err := r.ReplaceClientSecret(t.Context(), c.ID, secret.New(sandbox.PostSecret)); err != nil {
		t.Fatal(err)
	}
	r.must(t, id, accounts.Now(true))
	if a := r.look(t, id); a.Generation != 3 {
		t.Errorf("generation %d", a.Generation)
	}
}

func TestClientsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	good := accounts.NewClient{Provider: "demo", Label: "x", OAuthID: "id-1", Secret: secret.New("hush-hush")}
	if _, err := r.AddClient(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*accounts.NewClient){
		"the same twice":     func(*accounts.NewClient) {},
		"no id":              func(c *accounts.NewClient) { c.OAuthID = "" },
		"an id with control": func(c *accounts.NewClient) { c.OAuthID = "a\x1b[2Jb" },
		"a long id":          func(c *accounts.NewClient) { c.OAuthID = strings.Repeat("a", 501) },
		"no secret":          func(c *accounts.NewClient) { c.OAuthID, c.Secret, c.Auth = "id-2", secret.Text{}, provider.AuthBasic },
		"a useless secret":   func(c *accounts.NewClient) { c.OAuthID, c.Auth = "id-2", provider.AuthNone },
		"unknown auth":       func(c *accounts.NewClient) { c.OAuthID, c.Auth = "id-2", "magic" },
		"unknown provider":   func(c *accounts.NewClient) { c.Provider = "nobody" },
	} {
		c := good
		change(&c)
		if _, err := r.AddClient(t.Context(), c); err == nil || strings.Contains(err.Error(), "hush") || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, err := range map[string]error{
		"replacing": r.ReplaceClientSecret(t.Context(), accounts.ClientFromConfig, secret.New("x")),
		"removing":  r.RemoveClient(t.Context(), accounts.ClientFromConfig),
	} {
		if !errors.Is(err, accounts.ErrFromConfig) {
			t.Errorf("%s the one from config: %v", what, err)
		}
	}
	if _, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "google", Label: "a", OAuthID: "g1", Secret: secret.New("s")}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "google", Label: "b", OAuthID: "g2", Secret: secret.New("s")}); err != nil {
		t.Fatal(err)
	}
	req := accounts.AuthorizeRequest{Name: "new", Provider: "google", Services: []string{"analytics"}}
	if _, err := r.FlowChoices(t.Context(), req); err == nil || !strings.Contains(err.Error(), "a, b") {
		t.Errorf("two clients and no word which: %v", err)
	}
	req.Provider, req.Services = "github", []string{"repositories"}
	want := "there is no client of GitHub yet; add one with `fettle client add github`"
	if _, err := r.FlowChoices(t.Context(), req); !isA[*accounts.ClientError](err) || err.Error() != want {
		t.Errorf("no client: %v, not %s", err, want)
	}
}

func TestGooglesFilesAreToldApart(t *testing.T) {
	t.Parallel()
	installed := `{"installed":{"client_id":"1-a.apps.googleusercontent.com","project_id":"shop","token_uri":"https://oauth2.googleapis.com/token","client_secret":"GOCSPX-x","redirect_uris":["http://localhost"]}}`
	c, err := accounts.ReadGoogleClientFile([]byte(installed))
	if err != nil || c.Provider != "google" || c.OAuthID != "1-a.apps.googleusercontent.com" || c.Secret.Reveal() != "GOCSPX-x" || c.Kind != "installed" || c.Auth != provider.AuthPost || c.Label != "shop (installed)" {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = accounts.ReadGoogleClientFile([]byte(strings.Replace(installed, "installed", "web", 1)))
	if err != nil || c.Kind != "web" || !slices.Equal(c.Redirects, []string{"http://localhost"}) {
		t.Errorf("%+v, %v", c, err)
	}
	for text, says := range map[string]string{
		`{"type":"service_account","private_key":"-----BEGIN"}`:                          "service account",
		`{"type":"authorized_user","refresh_token":"1//x","client_id":"a"}`:              "authorized_user",
		`{"type":"external_account"}`:                                                    "workload identity",
		`{"token":"ya29.x","refresh_token":"1//x"}`:                                      "saved token",
		`{"project_info":{},"client":[]}`:                                                "google-services.json",
		`{"client_id":"a","client_secret":"b"}`:                                          `under "installed" or "web"`,
		`{"installed":{"client_id":"a","client_secret":"s"},"web":{}}`:                   "two clients",
		`{"installed":{"client_secret":"GOCSPX-x"}}`:                                     "no usable client id",
		`{"installed":{"client_id":"a"}}`:                                                "no client secret",
		`{"web":{"client_id":"a","client_secret":"s","token_uri":"https://evil.test/"}}`: "evil.test",
		`{}`:                       "not an OAuth client",
		`[]`:                       "not JSON",
		`-----BEGIN PRIVATE KEY-`:  "not JSON",
		strings.Repeat(" ", 1<<17): "too long",
	} {
		_, err := accounts.ReadGoogleClientFile([]byte(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "GOCSPX-x") || strings.Contains(err.Error(), "1//x") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func FuzzReadGoogleClientFile(f *testing.F) {
	f.Add([]byte(`{"installed":{"client_id":"a","client_secret":"s","redirect_uris":[]}}`))
	f.Add([]byte(`{"web":null,"type":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := accounts.ReadGoogleClientFile(data)
		if err == nil && (c.OAuthID == "" || c.Secret.Empty() || c.Provider != "google") {
			t.Errorf("%q gave %+v", data, c)
		}
	})
}
