package accounts_test

import (
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// A service whose calls wait for a developer token says so, instead of passing for one that lists nothing.
func TestCallsThatWaitForATokenSaySo(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	const why = "nothing is listed without a developer token"
	service := func(vars string) string {
		return r.server.ProviderTOML("demo", vars) + `
[providers.demo.services.waiting]
scopes = ["reports.read"]
[providers.demo.services.waiting.probe]
url = "` + r.server.URL() + `/v1/reports"
headers = { developer-token = "{developer_token}" }
needs = { developer_token = "` + why + `" }
[providers.demo.services.waiting.resources]
url = "` + r.server.URL() + `/v1/reports"
headers = { developer-token = "{developer_token}" }
needs = { developer_token = "` + why + `" }
items = "reports"
`
	}
	id := ""
	look := func() (checks map[accounts.CheckID]accounts.Check, list accounts.ServiceResources) {
		checks = map[accounts.CheckID]accounts.Check{}
		report, err := r.Verify(t.Context(), id, func(accounts.Check) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Checks {
			checks[c.ID] = c
		}
		all, err := r.Resources(t.Context(), id, false)
		if err != nil {
			t.Fatal(err)
		}
		return checks, all.Services[0]
	}
	r.configure(t, service(`vars = { developer_token = "" }`))
	id = r.plant(t, 1)[0]
	r.change(t, id, func(a *store.Account) { a.Services = []string{"waiting"} })
	checks, list := look()
	for _, id := range []accounts.CheckID{accounts.CheckProbe, accounts.CheckResources} {
		if c := checks[id]; c.State != accounts.CheckSkipped || c.Detail != why {
			t.Errorf("%s: %+v", id, c)
		}
	}
	if !list.Lists || list.Empty != why {
		t.Errorf("without: %+v", list)
	}
	r.configure(t, service(`vars = { developer_token = "T" }`))
	if checks, list = look(); checks[accounts.CheckProbe].State != accounts.CheckOK || list.Empty == why {
		t.Errorf("with: %+v, %+v", checks[accounts.CheckProbe], list)
	}
}
