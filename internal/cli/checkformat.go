package cli

import (
	"fmt"
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
	var said []string
	more := 0
	for _, account := range v.Accounts {
		switch {
		case account.Health.Severity == accounts.SeverityOK:
		case len(said) == namedInLine:
			more++
		default:
			said = append(said, account.Name+" "+pluginText(account.Health.Title))
		}
	}
	if more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	if v.stale > 0 {
		said = append(said, plural(v.stale, "stale password file", "stale password files"))
	}
	if len(said) == 0 {
		said = []string{plural(len(v.Accounts), "account", "accounts") + " healthy"}
	}
	s := v.summary()
	a.printf("FETTLE %s - %s | critical=%d;;0;0 warning=%d;0;;0 ok=%d;;;0 stale_files=%d;0;;0",
		monitorWords[v.code], strings.Join(said, ", "), s.Critical, s.Warning, s.OK, s.StaleFiles)
	return nil
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
	metric("fettle_check_timestamp_seconds", "When this was looked at.", func(name string) { a.printf("%s %d", name, v.TakenAt.Unix()) })
	return nil
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
	Format   string        `json:"format"`
	Status   string        `json:"status"`
	ExitCode int           `json:"exit_code"`
	Accounts []wireChecked `json:"accounts"`
	Summary  wireSummary   `json:"summary"`
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
	w := wireVerdict{"fettle.check/1", strings.ToLower(monitorWords[v.code]), v.code, []wireChecked{}, v.summary()}
	for _, account := range v.Accounts {
		w.Accounts = append(w.Accounts, wireChecked{
			account.ID, account.Name, account.Provider, healthOf(account.Health), pwfile.Radius(v.canvases, account.ID).StaleFiles,
		})
	}
	return a.emit(w)
}
