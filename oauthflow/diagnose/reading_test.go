package diagnose_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"fettle/oauthflow/diagnose"
)

// Every code that a rule names stands in some answer or log of the tests, so that a slip of the pen in a rule is found.
func TestEveryCodeOfTheRulesHasARow(t *testing.T) {
	t.Parallel()
	var tested strings.Builder
	for _, pattern := range []string{"testdata/answers/*.txt", "testdata/logs.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tested.WriteString(strings.ToLower(string(content)))
		}
	}
	// Synonyms of codes that have rows, taken from client libraries.
	alike := []string{
		"ErrorAccessDenied", "ConcurrentRequestOverLimit", "activityLimitReached", "TokenIssuedBeforeRevocationTimestamp", "INSUFFICIENT_ACCESS", "INVALID_ACCESS_TOKEN",
		"ORGANIZATION_NOT_APPROVED", "ORGANIZATION_NOT_ASSOCIATED_WITH_DEVELOPER_TOKEN", "insufficientFilePermissions", "notFound", "badRequest", "invalidParameter", "invalidQuery",
		"OAUTH_APP_ACCESS_DENIED", "OAUTH_EC_APP_NOT_FOUND", "application_suspended", "invalid_refresh_token", "unsupported_response_type", "unsupported_token_type", "2635",
		"issuer_mismatch", "unknown_origin", "redirected", "invalid_response", "invalid_id_token", // fettle's own
	}
	files, err := filepath.Glob("rules/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		var table struct {
			Rule []struct{ Codes []string }
		}
		if _, err := toml.DecodeFile(f, &table); err != nil {
			t.Fatal(err)
		}
		for _, r := range table.Rule {
			for _, c := range r.Codes {
				n++
				number := strings.Trim(c, "0123456789") == ""
				if number && (len(c) == 3 && c[0] == '2' || strings.HasPrefix(c, "800")) {
					continue // Meta's ranges have a row at either end
				}
				if !strings.Contains(tested.String(), strings.ToLower(c)) && !slices.Contains(alike, c) {
					t.Errorf("%s: no row has %s", f, c)
				}
			}
		}
	}
	if n < 300 {
		t.Errorf("%d codes: some were lost", n)
	}
}

func TestFactsOfAText(t *testing.T) {
	t.Parallel()
	log := `2026-11-22T03:00:01Z ERROR job sales-ga (ops@Acme.example): https://oauth2.googleapis.com/token answered HTTP 400 invalid_grant
client_id=1234567890-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com
2026-11-22T04:00:01+02:00 AADSTS700016: Application with identifier '6731de76-14a6-49ae-97bc-6eba6914391e' was not found
user@host: no address; lookup at www.googleapis.com; the application works; app_id: none`
	f := diagnose.Text(log).Facts
	for what, got := range map[string]struct{ got, want string }{
		"providers": {strings.Join(f.Providers, " "), "google microsoft"},
		"clients":   {strings.Join(f.ClientIDs, " "), "1234567890-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com 6731de76-14a6-49ae-97bc-6eba6914391e"},
		"e-mails":   {strings.Join(f.Emails, " "), "ops@acme.example"},
		"hosts":     {strings.Join(f.Hosts, " "), "oauth2.googleapis.com www.googleapis.com"},
		"statuses":  {fmt.Sprint(f.Statuses), "[400]"},
		"times":     {fmt.Sprint(f.Times), fmt.Sprint([]time.Time{time.Date(2026, 11, 22, 3, 0, 1, 0, time.UTC), time.Date(2026, 11, 22, 2, 0, 1, 0, time.UTC)})},
	} {
		if got.got != got.want {
			t.Errorf("%s: got %s, want %s", what, got.got, got.want)
		}
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	r := diagnose.Text("C:\\Canvases\\Weekly Sales.acc: SALES_GA_ACCESS_TOKEN of sales-ga, not of old-sales-ga2; Ünal's „Büro“ report\nwas wrap\nped")
	for name, want := range map[string]bool{
		"sales-ga": true, "SALES-GA": true, "weekly sales": true, "Weekly Sales.acc": true, "sales_ga_access_token": true, "büro": true, "ünal": true,
		"sales": true, "ga": false, "sales-g": false, "old-sales-ga": false, "weekly sal": false, "eekly sales": false, "": false, "/": false, "nothing": false,
	} {
		if got := r.Mentions(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestALongLogIsReadFromItsEnd(t *testing.T) {
	t.Parallel()
	noise := strings.Repeat("2026-11-22 02:00:00 INFO invalid_client was counted as 7\n", 8000)
	last := "2026-11-22 03:00:01 oauth2.googleapis.com: invalid_grant: Token has been expired or revoked."
	r := diagnose.Text("2026-11-22 01:00:00 AADSTS700016: gone\n" + noise + last)
	d := r.Best()
	if !r.Shortened || d.Cause != "revoked" || d.Line != 8002 {
		t.Errorf("shortened %v, %s in line %d", r.Shortened, d.Cause, d.Line)
	}
	if strings.Contains(meanings(r), "wrong_tenant") {
		t.Error("the beginning was read, too")
	}
	if many := diagnose.Text(strings.Repeat("\n", 100_000) + last); !many.Shortened || many.Best().Line != 100_001 {
		t.Errorf("many lines: %v, line %d", many.Shortened, many.Best().Line)
	}
	long := strings.Repeat(`{"rows":12,"note":"nothing"},`, 5000) + `{"error":"invalid_grant","error_description":"Token has been expired or revoked.","host":"oauth2.googleapis.com"}`
	if got := diagnose.Text(long); meaning(got.Best()) != "revoked reauthorize certain" || got.Best().Line != 1 {
		t.Errorf("one long line: %s in line %d", meaning(got.Best()), got.Best().Line)
	}
}

// Whatever a log holds, nothing of it comes back but codes, numbers and what names an account.
func TestAReadingShowsNoSecret(t *testing.T) {
	t.Parallel()
	for _, log := range []string{
		`oauth2.googleapis.com invalid_grant refresh_token=1//0gCANARY&client_secret=GOCSPX-CANARY`,
		`{"error":"CANARY","error_description":"CANARY","access_token":"ya29.CANARY"}`,
		`Authorization: Bearer CANARY.CANARY.CANARY HTTP 401`,
		`AADSTS50173 assertion=eyJCANARY AADSTSCANARY`,
		`https://user:CANARY@oauth2.googleapis.com/token?code=4/CANARY&state=CANARY failed`,
		`https://user:a%2FCANARY@oauth2.googleapis.com/ and https://user:a%3FCANARY%3DCANARY@oauth2.googleapis.com/ HTTP 401`,
		`proxy http://user:pa=CANARY@10.0.0.1:3128 refused HTTP 407`,
		`lookup CANARY: no such host`,
		`password CANARY was refused`,
	} {
		r := diagnose.Text(log)
		for _, shown := range []string{fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", r), fmt.Sprint(r)} {
			if strings.Contains(strings.ToUpper(shown), "CANARY") {
				t.Errorf("%s\nshows %s", log, shown)
			}
		}
	}
}

func TestUnknownSaysWhatItCan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ERROR 1045 (28000): Access denied for user 'report'@'10.0.0.7' (using password: YES) [mysql]": "a database",
		"OSError: [Errno 28] ENOSPC":                                 "a disk",
		"smtp 550 relay denied":                                      "a mail server",
		"AADSTS9999999: something new":                               "https://login.microsoftonline.com/error?code=9999999",
		"Our new access policy was denied by the board":              "no rule",
		"https://oauth2.googleapis.com/token answered 418 I'm a pot": "no rule",
	} {
		r := diagnose.Text(text)
		if d := r.Best(); r.Known() || !strings.Contains(d.Explanation, want) {
			t.Errorf("%q: %+v", text, d)
		}
	}
	if r := diagnose.Text(" \r\n\t\n"); len(r.Diagnoses) != 0 || r.Known() || r.Best().Remedy != diagnose.Unknown {
		t.Errorf("nothing: %+v", r)
	}
}

func TestEveryRemedyHasANextStep(t *testing.T) {
	t.Parallel()
	steps := map[diagnose.Step]bool{}
	for _, remedy := range []diagnose.Remedy{
		diagnose.RetryLater, diagnose.Refresh, diagnose.Reauthorize, diagnose.ReauthorizeInteractively, diagnose.GrantPermissions,
		diagnose.AskAdministrator, diagnose.FixClient, diagnose.FixUserAccount, diagnose.FixMachine, diagnose.Unknown, "of a newer fettle",
	} {
		n := diagnose.Diagnosis{Remedy: remedy}.Next("sales-ga", "google")
		steps[n.Step] = true
		if n.Words == "" || len(n.Commands) == 0 {
			t.Errorf("%s: %+v", remedy, n)
		}
		for _, c := range n.Commands {
			if !strings.HasPrefix(c, "fettle ") || strings.Contains(c, "NAME") || strings.Contains(c, "PROVIDER") {
				t.Errorf("%s: %q cannot be typed", remedy, c)
			}
		}
	}
	if len(steps) != 7 {
		t.Errorf("%d kinds of step", len(steps))
	}
	if n := (diagnose.Diagnosis{Remedy: diagnose.Reauthorize}).Next("", ""); n.Commands[0] != "fettle authorize --name NAME" {
		t.Errorf("no account is known: %v", n.Commands)
	}
}
