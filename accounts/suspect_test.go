package accounts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

const clientOfSales = "1234567890-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com"

var failedAt = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// people is a book with an account of each kind that a text could mean.
func people() accounts.Snapshot {
	healthy := accounts.Health{Finding: accounts.Finding{State: accounts.Healthy, Severity: accounts.SeverityOK}}
	ill := func(state accounts.State, cause string, remedy diagnose.Remedy) accounts.Health {
		f := accounts.Finding{State: state, Severity: accounts.SeverityCritical, Cause: cause, Remedy: remedy, Title: cause}
		return accounts.Health{Finding: f, Findings: []accounts.Finding{f}}
	}
	account := func(name, of, service, email, client string, h accounts.Health) accounts.Account {
		return accounts.Account{
			Account: store.Account{ID: "id-" + name, Name: name, Provider: of, OAuthClientID: client, Identity: oauthflow.Identity{Subject: name, Email: email},
				Services: []string{service}},
			ProviderName: strings.ToUpper(of[:1]) + of[1:], ServiceNames: []accounts.ServiceName{{ID: service, Name: map[string]string{
				"analytics": "Google Analytics", "sheets": "Google Sheets", "onedrive": "OneDrive", "reports": "Acme Reports", "insights": "Meta Insights",
			}[service]}}, Health: h,
		}
	}
	s := accounts.Snapshot{Accounts: []accounts.Account{
		account("sales-ga", "google", "analytics", "Sales@acme.example", clientOfSales, ill(accounts.NeedsSignIn, "revoked", diagnose.Reauthorize)),
		account("hr-sheets", "google", "sheets", "hr@acme.example", "other.apps.googleusercontent.com", healthy),
		account("files-od", "microsoft", "onedrive", "files@acme.example", "6731de76-14a6-49ae-97bc-6eba6914391e", ill(accounts.NeedsSignIn, "idle", diagnose.Reauthorize)),
		account("report", "acme", "reports", "", "fettle", healthy),
		account("social", "linkedin-native", "ads", "", "78abcdefgh", ill(accounts.NeedsSignIn, "revoked", diagnose.Reauthorize)),
		account("ads", "meta", "insights", "", "4242424242", healthy),
	}}
	s.Accounts[1].Observations = []store.Observation{{Kind: store.ObservedRefresh, At: failedAt.Add(5 * time.Minute), FailsFrom: failedAt, Cause: "timeout"}}
	return s
}

func suspectsIn(t *testing.T, s accounts.Snapshot, text string) []accounts.Suspect {
	t.Helper()
	catalogue, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return accounts.SuspectsOf(s, accounts.Clues{
		Reading: diagnose.Text(text), Catalogue: catalogue,
		Canvases: []store.Canvas{
			{Name: "Weekly Sales", Path: "/srv/canvas/weekly-sales.acc", AccountIDs: []string{"id-sales-ga", "id-hr-sheets"}},
			{Name: "drive", Path: "/srv/canvas/onedrive-copy.acc", AccountIDs: []string{"id-files-od"}},
		},
	}, 0)
}

func names(suspects []accounts.Suspect) string {
	var all []string
	for _, s := range suspects {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

func TestSuspects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"reference name", "job hr-sheets: invalid_grant", "hr-sheets"},
		{"reference name in capitals", "HR-SHEETS: Unable to refresh tokens", "hr-sheets"},
		{"part of another name", "job hr-sheets2: connection reset", ""},
		{"environment variable", "FILES_OD_ACCESS_TOKEN: 401 from graph.microsoft.com", "files-od"},
		{"e-mail, in another case", "invalid_grant for SALES@ACME.EXAMPLE", "sales-ga"},
		{"client id", "AADSTS700016: Application with identifier '6731de76-14a6-49ae-97bc-6eba6914391e' was not found", "files-od"},
		{"client id of Google", "unauthorized_client client_id=" + clientOfSales, "sales-ga"},
		{"file of the canvas", `C:\Canvas\weekly-sales.acc: Unable to refresh tokens`, "sales-ga hr-sheets"},
		{"password file of the canvas", "cannot use onedrive-copy.pwfile.age: AADSTS50076", "files-od"},
		{"name of the canvas", "canvas Weekly Sales failed: Unable to refresh tokens", "sales-ga hr-sheets"},
		{"another provider than the canvas's other account", "weekly-sales.acc AADSTS50076", "sales-ga hr-sheets"},
		{"same trouble, whoever has it", "Unable to refresh tokens", "sales-ga social"},
		{"same trouble, provider named", "oauth2.googleapis.com: invalid_grant: Token has been expired or revoked.", "sales-ga"},
		{"same trouble at the other provider", "AADSTS700082: The refresh token has expired due to inactivity", "files-od"},
		{"service by its host", "analyticsadmin.googleapis.com 403 ACCESS_TOKEN_SCOPE_INSUFFICIENT", "sales-ga"},
		{"service by its name", "Google Sheets import: The remote server returned an error: (403) Forbidden", "hr-sheets"},
		{"time of the failure", "2026-11-22T03:01:00Z oauth2.googleapis.com: i/o timeout", "hr-sheets"},
		{"another time", "2026-11-21T03:01:00Z oauth2.googleapis.com: i/o timeout", ""},
		{"provider alone says too little", "graph.facebook.com: connection reset", ""},
		{"a provider that only the config knows", "report: access token refused", "report"},
		{"an ordinary word still names", "writing the report to disk", "report"},
		{"variant of a provider", "api.linkedin.com serviceErrorCode 65601: revoked by the user", "social"},
		{"variant of another provider", "dropbox: invalid_access_token", ""},
		{"nobody", "disk full", ""},
		{"nothing", "", ""},
		{"near counts before far", "2026-11-22 01:00:00 job hr-sheets done\n" + strings.Repeat("2026-11-22 02:00:00 INFO step\n", 40) +
			"2026-11-22 03:00:00 job files-od: AADSTS50076", "files-od"},
		{"far where nothing is near", "2026-11-22 01:00:00 job files-od begins\n" + strings.Repeat("2026-11-22 02:00:00 INFO step\n", 40) + "2026-11-22 03:00:00 AADSTS50076", "files-od"},
		{"two jobs, one cause", "job=sales-ga oauth2: \"invalid_grant\" \"Bad Request\"\njob=hr-sheets oauth2: \"invalid_grant\" \"Bad Request\"", "hr-sheets sales-ga"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := suspectsIn(t, people(), tt.text)
			sorted := func(s string) string { f := strings.Fields(s); slices.Sort(f); return strings.Join(f, " ") }
			if sorted(names(got)) != sorted(tt.want) {
				t.Errorf("got %+v, want %q", got, tt.want)
			}
			for _, s := range got {
				if s.AccountID != "id-"+s.Name || s.Score <= 0 || len(s.Why) == 0 {
					t.Errorf("incomplete: %+v", s)
				}
			}
		})
	}
}

func TestASuspectThatIsWellNeedsItsFilesAnew(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]diagnose.Step{"hr-sheets": diagnose.StepFiles, "sales-ga": diagnose.StepSignIn} {
		text := "job " + name + ": oauth2: \"invalid_grant\" \"Bad Request\""
		got := suspectsIn(t, people(), text)
		if len(got) != 1 || got[0].Next(diagnose.Text(text).Best()).Step != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	text := "job hr-sheets: oauth2.googleapis.com: connection refused"
	if n := suspectsIn(t, people(), text)[0].Next(diagnose.Text(text).Best()); n.Step != diagnose.StepVerify || n.Commands[0] != "fettle verify hr-sheets" {
		t.Errorf("%+v", n)
	}
}

// A thousand accounts that merely fit are no suspects; those that are ill in the same way are, as many as can be read.
func TestSuspectsDoNotGuess(t *testing.T) {
	t.Parallel()
	s := people()
	fit, same := s.Accounts[1], s.Accounts[0]
	s.Accounts = nil
	for i := range 1000 {
		a := fit
		a.ID, a.Name, a.Identity.Email, a.Observations = fmt.Sprintf("id-fit-%d", i), fmt.Sprintf("fit-%d", i), "", nil
		s.Accounts = append(s.Accounts, a)
	}
	if got := suspectsIn(t, s, "Google Sheets import: The remote server returned an error: (403) Forbidden"); len(got) != 0 {
		t.Errorf("%d of a thousand were picked", len(got))
	}
	for i := range 30 {
		a := same
		a.ID, a.Name, a.Identity.Email = fmt.Sprintf("id-ill-%d", i), fmt.Sprintf("ill-%d", i), ""
		s.Accounts = append(s.Accounts, a)
	}
	got := suspectsIn(t, s, "oauth2.googleapis.com: invalid_grant: Token has been expired or revoked.")
	if len(got) != 20 || !strings.HasPrefix(got[0].Name, "ill-") || got[0].Named {
		t.Errorf("%d suspects, first %+v", len(got), got[0])
	}
}

func TestSuspectsOfABook(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	r.authorized(t, "sales-ga")
	got, err := r.Suspects(t.Context(), diagnose.Text("job sales-ga: invalid_grant"))
	if err != nil || names(got) != "sales-ga" {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = r.Suspects(t.Context(), diagnose.Text("")); err != nil || len(got) != 0 {
		t.Errorf("an empty text: %+v, %v", got, err)
	}
	r.close(t)
	if _, err = r.Suspects(t.Context(), diagnose.Text("job sales-ga: invalid_grant")); err == nil {
		t.Error("a store that cannot be read has no accounts, says a nil error")
	}
	r.open(t)
}

func BenchmarkSuspects(b *testing.B) {
	s := people()
	for i := range 10_000 {
		a := s.Accounts[i%5]
		a.ID, a.Name = fmt.Sprintf("id-%d", i), fmt.Sprintf("account-%d", i)
		s.Accounts = append(s.Accounts, a)
	}
	c := accounts.Clues{Reading: diagnose.Text(strings.Repeat("2026-11-22 03:00:01 job account-77 oauth2.googleapis.com: invalid_grant: Token has been expired or revoked.\n", 2000))}
	for b.Loop() {
		accounts.SuspectsOf(s, c, 0)
	}
}
