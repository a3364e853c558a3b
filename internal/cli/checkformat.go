package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/accounts"
	"fettle/pwfile"
)

var monitorFormats = map[string]func(*app, verdict) error{"nagios": printNagios, "prometheus": printPrometheus, "json": printCheckJSON}

// namedInLine is how many accounts a monitor's line names.
const namedInLine = 5

// printNagios prints one line with performance data, as the plugin guidelines say.
func printNagios(a *app, v verdict) error {
	said := v.named(accounts.SeverityCritical)
	for _, m := range v.missed {
		said = append(said, m.name+" could not be verified: "+pluginText(m.why.Message))
	}
	said = append(said, v.named(accounts.SeverityWarning)...)
	if more := len(said) - namedInLine; more > 0 {
		said = append(said[:namedInLine], fmt.Sprintf("and %d more", more))
	}
	if v.stale > 0 {
		said = append(said, plural(v.stale, "stale password file", "stale password files"))
	}
	switch {
	case len(v.Accounts) == 0:
		said = append(said, "there are no accounts in "+pluginText(v.book))
	case len(said) == 0:
		said = []string{plural(len(v.Accounts), "account", "accounts") + " healthy"}
	}
	s := v.summary()
	a.printf("FETTLE %s - %s | critical=%d;;0;0 warning=%d;0;;0 ok=%d;;;0 stale_files=%d;0;;0",
		monitorWords[v.code], strings.Join(said, ", "), s.Critical, s.Warning, s.OK, s.StaleFiles)
	return nil
}

// named are the accounts of a severity, with what is wrong.
func (v verdict) named(severity accounts.Severity) []string {
	var said []string
	for _, account := range v.Accounts {
		if account.Health.Severity == severity {
			said = append(said, account.Name+" "+pluginText(account.Health.Title))
		}
	}
	return said
}

// printPrometheus prints the text exposition format.
func printPrometheus(a *app, v verdict) error {
	metric := func(name, help string, values func(name string)) {
		a.printf("# HELP %s %s\n# TYPE %s gauge", name, help, name)
		values(name)
	}
	s := v.summary()
	metric("fettle_accounts", "Accounts by severity of their health.", func(name string) {
		a.printf("%s{severity=\"critical\"} %d\n%s{severity=\"warning\"} %d\n%s{severity=\"ok\"} %d", name, s.Critical, name, s.Warning, name, s.OK)
	})
	metric("fettle_stale_password_files", "Password files that carry a former credential or are not where they should be.", func(name string) {
		a.printf("%s %d", name, s.StaleFiles)
	})
	metric("fettle_account_state", "1 for the state that the account's health is in.", func(name string) {
		for _, account := range v.Accounts {
			a.printf("%s{%s,state=%s,severity=%s} 1", name, labels(account), label(string(account.Health.State)), label(string(account.Health.Severity)))
		}
	})
	metric("fettle_account_proven_timestamp_seconds", "When the provider last accepted the account's grant.", func(name string) {
		v.times(a, name, func(account accounts.Account) time.Time { return account.Health.ProvenAt })
	})
	metric("fettle_account_dies_timestamp_seconds", "When the account's grant will die, where that is known.", func(name string) {
		v.times(a, name, func(account accounts.Account) time.Time { return account.Health.DiesAt })
	})
	metric("fettle_account_stale_password_files", "Stale password files of the account.", func(name string) {
		for _, account := range v.Accounts {
			a.printf("%s{%s} %d", name, labels(account), pwfile.Radius(v.canvases, account.ID).StaleFiles)
		}
	})
	if v.asked {
		metric("fettle_account_verified", "0 for an account that could not be verified, so that its health is what was known before.", func(name string) {
			for _, account := range v.Accounts {
				a.printf("%s{%s} %d", name, labels(account), v.verified(account.ID))
			}
		})
	}
	metric("fettle_check_timestamp_seconds", "When this was looked at.", func(name string) { a.printf("%s %d", name, v.TakenAt.Unix()) })
	return nil
}

// verified is 0 for an account whose verification could not be carried out, else 1.
func (v verdict) verified(id string) int {
	if slices.ContainsFunc(v.missed, func(m missed) bool { return m.id == id }) {
		return 0
	}
	return 1
}

// times prints a moment of each account that has one.
func (v verdict) times(a *app, name string, of func(accounts.Account) time.Time) {
	for _, account := range v.Accounts {
		if t := of(account); !t.IsZero() {
			a.printf("%s{%s} %d", name, labels(account), t.Unix())
		}
	}
}

func labels(account accounts.Account) string {
	return "account=" + label(account.Name) + ",provider=" + label(account.Provider)
}

// label quotes a label's value.
// The three characters that the text format escapes, and no others.
func label(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// wireVerdict is fettle.check/1.
type wireVerdict struct {
	Format      string        `json:"format"`
	Status      string        `json:"status"`
	ExitCode    int           `json:"exit_code"`
	Accounts    []wireChecked `json:"accounts"`
	NotVerified []wireMissed  `json:"not_verified"`
	Summary     wireSummary   `json:"summary"`
}

// wireMissed is an account that --verify could not verify; what stands in accounts was known of it before.
type wireMissed struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	Error *wireFailure `json:"error"`
}

// wireChecked is an account as a monitor wants it.
type wireChecked struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Provider   string     `json:"provider"`
	Health     wireHealth `json:"health"`
	StaleFiles int        `json:"stale_password_files"`
}

// printCheckJSON prints what a monitor of one's own may want.
func printCheckJSON(a *app, v verdict) error {
	w := wireVerdict{"fettle.check/1", strings.ToLower(monitorWords[v.code]), v.code, []wireChecked{}, []wireMissed{}, v.summary()}
	for _, m := range v.missed {
		w.NotVerified = append(w.NotVerified, wireMissed{m.id, m.name, m.why.wire()})
	}
	for _, account := range v.Accounts {
		w.Accounts = append(w.Accounts, wireChecked{
			account.ID, account.Name, account.Provider, healthOf(account.Health), pwfile.Radius(v.canvases, account.ID).StaleFiles,
		})
	}
	return a.emit(w)
}
