package accounts_test

import (
	"maps"
	"slices"
	"testing"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// TestEveryBuiltInServiceWorks: each can be authorized on its own, is probed, and lists something where it has a listing.
func TestEveryBuiltInServiceWorks(t *testing.T) {
	t.Parallel()
	catalogue, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalogue.All() {
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			o := lookalike.Options{Vars: map[string]string{}}
			if _, wants := p.Vars["developer_token"]; wants {
				o.Vars["developer_token"] = "made-up"
			}
			l := newLife(t, p.ID, o)
			for _, id := range slices.Sorted(maps.Keys(l.entry.Services)) {
				svc := l.entry.Services[id]
				l.services = []string{id}
				result := l.signIn(t, id, provider.Browser, lookalike.Consent{})
				if result.End != accounts.EndAuthorized {
					t.Errorf("%s ended as %s: %s\n%s", id, result.End, result.Why, states(result.Checks))
					continue
				}
				if names := l.names(t, result.AccountID, false); svc.Resources.URL != "" && len(names) == 0 {
					t.Errorf("%s lists nothing: %s", id, states(result.Checks))
				}
			}
		})
	}
}

// TestAnotherPersonIsNotTakenForTheFirst: the account waits for a decision, and the credential in use stays as it is.
func TestAnotherPersonIsNotTakenForTheFirst(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		before, _ := l.secrets(t, a.ID)
		result := l.signIn(t, "sales", provider.Browser, lookalike.Consent{As: "ben@example.org"})
		if result.End != accounts.EndWaitingDecision {
			t.Fatalf("ended as %s: %s", result.End, states(result.Checks))
		}
		after, _ := l.secrets(t, a.ID)
		if now := l.look(t, a.ID); !now.Identity.Same(a.Identity) || after.Access.Hash() != before.Access.Hash() || now.Health.State != accounts.Healthy {
			t.Errorf("belongs to %+v, is %s", now.Identity, now.Health.State)
		}
	})
}

// TestProvidersAreCheckedWithoutASignIn: what `provider check` asks is answered by each as the real one does.
func TestProvidersAreCheckedWithoutASignIn(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		_, checks := oauthflow.CheckProvider(t.Context(), nil, l.entry, l.entry.Client.ID, nil)
		for _, c := range checks {
			if c.State == oauthflow.CheckFailed {
				t.Errorf("%s at %s: %s", c.ID, c.Address, c.Detail)
			}
		}
		if len(checks) < 4 {
			t.Errorf("only %d checks", len(checks))
		}
	})
}
