package accounts_test

import (
	"reflect"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/sandbox"
)

func TestSplitsSayWhatEachWayCosts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, provider string
		services       []string
		parts          [][]string // of the preferred way
		says           string
		refuses        string // why one sign-in for all is not allowed
	}{
		{"one service with one permission", "google", []string{"analytics"}, [][]string{{"analytics"}}, "no box to leave unticked", ""},
		{"two of Google", "google", []string{"analytics", "bigquery"}, [][]string{{"analytics", "bigquery"}}, "tick every box", ""},
		{"two resources of Microsoft", "microsoft", []string{"onedrive", "advertising"}, [][]string{{"onedrive"}, {"advertising"}}, "lives and dies by itself", "serves one resource"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := accounts.Splits(builtin(t, c.provider), c.services)
			if !all[0].Preferred || !reflect.DeepEqual(all[0].Parts, c.parts) || !strings.Contains(all[0].Why, c.says) {
				t.Errorf("%+v", all[0])
			}
			refused := ""
			for i, s := range all {
				refused += s.Unavailable
				if (s.Why == "") == (s.Unavailable == "") || s.Preferred != (i == 0) {
					t.Errorf("%+v", s)
				}
			}
			if c.refuses != "" && !strings.Contains(refused, c.refuses) || c.refuses == "" && refused != "" {
				t.Errorf("refused because %q", refused)
			}
		})
	}
}

func TestAFlowSaysWhatThePageWillAsk(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	for _, c := range []struct {
		req  accounts.AuthorizeRequest
		says string
	}{{request("one"), "one permission"}, {everything("all"), "tick every box"}} {
		choices, err := r.FlowChoices(t.Context(), c.req)
		if err != nil || len(choices) == 0 {
			t.Fatal(err)
		}
		for _, choice := range choices {
			if !strings.Contains(choice.Consent, c.says) {
				t.Errorf("%s: %q", c.req.Name, choice.Consent)
			}
		}
	}
}
