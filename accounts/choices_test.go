package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
)

// A browser flow that ends in a refused exchange is not offered: the secret is missed before anybody signs in.
func TestAFlowThatNeedsASecretIsNotOfferedWithoutOne(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, client, services string
		provider               string
		ssh                    bool
		first                  provider.FlowKind
		refused                []provider.FlowKind
	}{
		{"GitHub's code needs none", `id = "Iv1"`, "repositories", "github", false, provider.Device, []provider.FlowKind{provider.Browser}},
		{"nor over SSH", `id = "Iv1"`, "repositories", "github", true, provider.Device, []provider.FlowKind{provider.Browser}},
		{"with a secret the browser is first", "id = \"Iv1\"\nsecret = \"s\"", "repositories", "github", false, provider.Browser, nil},
		{"but not over SSH", "id = \"Iv1\"\nsecret = \"s\"", "repositories", "github", true, provider.Device, nil},
		{"a kind that says so", "id = \"Iv1\"\nkind = \"github-app\"", "repositories", "github", false, provider.Device, []provider.FlowKind{provider.Browser}},
		{"a file counts as one", "id = \"Iv1\"\nsecret_file = \"/nowhere/secret\"", "repositories", "github", false, provider.Browser, nil},
		{"Google's polls need one too", `id = "x.apps.googleusercontent.com"`, "drive-own", "google", true, "", []provider.FlowKind{provider.Browser, provider.Device}},
		{"unless config.toml says that it has none", "id = \"x\"\nauth = \"none\"", "drive-own", "google", true, provider.Device, nil},
		{"Microsoft has public clients", `id = "x"`, "onedrive", "microsoft", false, provider.Browser, nil},
		{"but web is none of them", "id = \"x\"\nkind = \"web\"", "onedrive", "microsoft", false, "", []provider.FlowKind{provider.Browser, provider.Device}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			r.configure(t, "[providers."+tt.provider+".client]\n"+tt.client+"\n")
			req := accounts.AuthorizeRequest{Name: "new", Provider: tt.provider, Services: []string{tt.services}, OverSSH: tt.ssh}
			choices, err := r.FlowChoices(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			var refused []provider.FlowKind
			var first provider.FlowKind
			for _, c := range choices {
				if c.Preferred {
					first = c.Kind
				}
				if c.Unavailable == "" {
					continue
				}
				refused = append(refused, c.Kind)
				req.Kind = c.Kind
				if _, err := r.StartFlow(t.Context(), req); !errors.As(err, new(*accounts.FlowUnavailableError)) {
					t.Errorf("the %s flow started: %v", c.Kind, err)
				}
			}
			if first != tt.first || len(refused) != len(tt.refused) {
				t.Fatalf("first %s, choices %+v", first, choices)
			}
			if missed := slices.ContainsFunc(choices, func(c accounts.FlowChoice) bool { return strings.Contains(c.Unavailable, "no secret") }); missed != (len(refused) > 0) {
				t.Errorf("refused as %+v", choices)
			}
		})
	}
}
