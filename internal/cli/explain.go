package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/atomicfile"
	"fettle/internal/config"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// explain turns an error into what is told: the one place where errors get their code, remedy and exit code.
func (a *app) explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	// The order matters: an account's error wraps the network's, and the account is what a person can act on.
	for _, table := range []func(error) *failure{a.explainHouse, a.explainAccount, explainFlow, explainRest} {
		if f := table(err); f != nil {
			return f
		}
	}
	message, remedy := split(oneLine(err))
	return &failure{Code: "failed", Message: message, Remedy: remedy, exit: exitFailed}
}

// split parts the sentences of typed errors, which end in "; what to do".
func split(text string) (message, remedy string) {
	// The last one: what comes before may quote a provider that uses semicolons itself.
	if i := strings.LastIndex(text, "; "); i > 0 {
		return text[:i], text[i+2:]
	}
	return text, ""
}

// splitAs makes a failure of a sentence that ends in what to do.
func splitAs(code string, err error) *failure {
	message, remedy := split(oneLine(err))
	return &failure{Code: code, Message: message, Remedy: remedy, exit: exitFailed}
}

// explainHouse is about the vault, the store, the config and this machine.
func (a *app) explainHouse(err error) *failure {
	if locked, ok := errors.AsType[*vault.LockedError](err); ok {
		message := "the vault is locked: " + string(locked.Reason)
		if locked.Err != nil {
			message += fmt.Sprintf(" (%v)", locked.Err)
		}
		return &failure{Code: "locked", Message: message, Remedy: locked.Remedy, exit: exitLocked}
	}
	if errors.Is(err, vault.ErrNoVault) {
		return noVault("there is no vault yet")
	}
	if damaged, ok := errors.AsType[*vault.DamagedError](err); ok {
		message := damaged.Path + " " + damaged.Reason
		return &failure{Code: "vault_damaged", Message: message, Remedy: damaged.Remedy, exit: exitFailed}
	}
	if _, ok := errors.AsType[*vault.TamperedError](err); ok {
		return splitAs("tampered", err)
	}
	if refused, ok := errors.AsType[*atomicfile.Refused](err); ok {
		return &failure{Code: "refused", Message: refused.Path + " is refused: " + refused.Reason, Remedy: refused.Remedy, exit: exitFailed}
	}
	if mistake, ok := errors.AsType[*config.Error](err); ok {
		return &failure{Code: "config", Message: mistake.Error(), Remedy: "correct " + mistake.Path, exit: exitFailed}
	}
	if owner, ok := errors.AsType[*store.OwnerError](err); ok {
		command := strings.TrimSpace(owner.Command() + " " + strings.Join(a.args, " "))
		return &failure{Code: "wrong_user", Message: fmt.Sprintf("%s belongs to %s, and a book belongs to one user", owner.Path, owner.Owner), Remedy: command, exit: exitFailed}
	}
	if _, ok := errors.AsType[*store.CorruptError](err); ok {
		return &failure{Code: "store_damaged", Message: oneLine(err), exit: exitFailed}
	}
	if errors.Is(err, config.ErrNoHome) {
		return &failure{Code: "no_home", Message: oneLine(err), Remedy: "set HOME, or name the book by --data DIR and the configuration by --config FILE", exit: exitFailed}
	}
	if errors.Is(err, errNoTerminal) {
		return &failure{Code: "no_terminal", Message: oneLine(err), Remedy: "run this in a terminal", exit: exitFailed}
	}
	return nil
}

// explainAccount is about one account.
func (a *app) explainAccount(err error) *failure {
	if unknown, ok := errors.AsType[*accounts.UnknownAccountError](err); ok {
		return unknownName("account", unknown.Name, unknown.Nearest, "`fettle status` lists the accounts")
	}
	if refused, ok := errors.AsType[*accounts.RefreshError](err); ok {
		f := diagnosed(refused.Diagnosis)
		f.Message, f.Account = fmt.Sprintf("%s: %s", refused.Account, refused.Diagnosis.Title), refused.Account
		// Beside a password file there is nothing to sign in to: its accounts are at home in another book.
		if a.atHome && refused.Diagnosis.Remedy.EndsGrant() {
			f.Remedy = strings.TrimSpace(f.Remedy + " " + "Run: " + reauthorize(refused.Account))
		}
		return f
	}
	if once, ok := errors.AsType[*accounts.SingleUseError](err); ok {
		return &failure{Code: "single_use", Message: oneLine(err), Remedy: "fettle exec --account " + once.Account + " -- COMMAND", Account: once.Account, exit: exitFailed}
	}
	if held, ok := errors.AsType[*accounts.HeldError](err); ok {
		f := splitAs("held", err)
		f.Account = held.Account
		return f
	}
	if own, ok := errors.AsType[*accounts.DedicatedError](err); ok {
		return &failure{Code: "dedicated", Message: own.Name + ": " + own.Why, Remedy: own.Remedy, Account: own.Name, exit: exitFailed}
	}
	if removed, ok := errors.AsType[*accounts.RemovedError](err); ok {
		return &failure{Code: "to_revoke", Message: removed.Account + " was removed here and is still valid at the provider",
			Remedy: "fettle remove " + removed.Account + " --revoke", Account: removed.Account, exit: exitFailed}
	}
	if none, ok := errors.AsType[*accounts.NoGrantError](err); ok {
		return &failure{Code: "never_authorized", Message: none.Account + " has no credential", Remedy: reauthorize(none.Account), Account: none.Account, exit: exitFailed}
	}
	if ended, ok := errors.AsType[*accounts.NotRenewableError](err); ok {
		return &failure{Code: "not_renewable", Message: oneLine(err), Remedy: reauthorize(ended.Account), Account: ended.Account, exit: exitFailed}
	}
	if blocked, ok := errors.AsType[*accounts.BlockedError](err); ok {
		f := splitAs("blocked", err)
		f.Account = blocked.Account
		return f
	}
	if unstored, ok := errors.AsType[*accounts.UnstoredError](err); ok {
		return &failure{Code: "unstored", Message: oneLine(err), Account: unstored.Account, exit: exitFailed}
	}
	if dead, ok := errors.AsType[*accounts.DeadAccountError](err); ok {
		return &failure{Code: string(dead.State), Message: fmt.Sprintf("%s is of no use to a job now: %s", dead.Account, dead.Title),
			Remedy: reauthorize(dead.Account), Account: dead.Account, exit: exitFailed}
	}
	return nil
}

// explainFlow is about an authorization.
func explainFlow(err error) *failure {
	if failed, ok := errors.AsType[*accounts.FlowFailedError](err); ok {
		f := diagnosed(failed.Diagnosis)
		f.Message, f.Account = fmt.Sprintf("authorizing %s failed: %s", failed.Name, failed.Diagnosis.Title), failed.Name
		return f
	}
	if pending, ok := errors.AsType[*accounts.FlowPendingError](err); ok {
		return &failure{Code: "flow_pending", Message: fmt.Sprintf("an authorization of %s was started at %s", pending.Flow.Name, moment(pending.Flow.StartedAt)),
			Remedy: reauthorize(pending.Flow.Name) + " continues it, --restart starts anew", Account: pending.Flow.Name, exit: exitFailed}
	}
	if other, ok := errors.AsType[*accounts.IdentityError](err); ok {
		f := splitAs("wrong_identity", err)
		f.Account = other.Account
		return f
	}
	switch {
	case errors.Is(err, accounts.ErrFlowDriven):
		return &failure{Code: "flow_driven", Message: oneLine(err), Remedy: "finish it there, or stop that process first", exit: exitFailed}
	case errors.Is(err, accounts.ErrFlowExpired):
		return &failure{Code: "expired", Message: "nobody signed in in time", Remedy: "start it again", exit: exitFailed}
	case errors.Is(err, accounts.ErrNoPendingFlow):
		return &failure{Code: "no_flow", Message: oneLine(err), exit: exitFailed}
	}
	if unavailable, ok := errors.AsType[*accounts.FlowUnavailableError](err); ok {
		return &failure{Code: "flow_unavailable", Message: unavailable.Error(), Remedy: "leave out --flow, or choose another client", exit: exitFailed}
	}
	return nil
}

// explainRest is about clients, files, providers and the network.
func explainRest(err error) *failure {
	if _, ok := errors.AsType[*accounts.ClientError](err); ok {
		message, remedy := split(oneLine(err))
		if remedy == "" {
			remedy = "`fettle client list` shows the clients"
		}
		return &failure{Code: "client", Message: message, Remedy: remedy, exit: exitFailed}
	}
	if file, ok := errors.AsType[*pwfile.FileError](err); ok {
		return &failure{Code: string(file.Code), Message: file.Path + " cannot be used: " + file.Text, Remedy: file.Remedy, exit: exitFailed}
	}
	if state, ok := errors.AsType[*pwfile.StateError](err); ok {
		return &failure{Code: string(state.Code), Message: state.Path + " cannot be used: " + state.Text, Remedy: state.Remedy, exit: exitFailed}
	}
	if none, ok := errors.AsType[*pwfile.NoAccountError](err); ok {
		return &failure{Code: "unknown_account", Message: fmt.Sprintf("%s has no account %q, it carries %s", none.Path, none.Name, strings.Join(none.Names, ", ")),
			Remedy: none.Remedy, Account: shown(none.Name, 63), exit: exitFailed}
	}
	if bring, ok := errors.AsType[*packages.Error](err); ok {
		f := &failure{Code: string(bring.Code), Message: bring.Text, Remedy: bring.Remedy, exit: exitFailed}
		if bring.Target != "" {
			f.Message = bring.Target + ": " + bring.Text
		}
		return f
	}
	if _, ok := errors.AsType[*packages.BlockedError](err); ok {
		return splitAs("blocked", err)
	}
	if said, ok := errors.AsType[*oauthflow.Error](err); ok {
		f := diagnosed(diagnose.Of(err, diagnose.Hints{Provider: said.Provider}))
		if f.Message == "" {
			f.Message = oneLine(err)
		}
		return f
	}
	if missing, ok := errors.AsType[*fs.PathError](err); ok {
		return &failure{Code: "file", Message: missing.Path + ": " + missing.Err.Error(), Remedy: "check the path", exit: exitFailed}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, accounts.ErrDraining) {
		return &failure{Code: "interrupted", Message: "interrupted; nothing is lost", Remedy: "run the same again", exit: exitFailed}
	}
	return nil
}

// diagnosed makes a failure of a diagnosis.
func diagnosed(d diagnose.Diagnosis) *failure {
	f := &failure{Code: d.Cause, Message: d.Title, Remedy: d.Explanation, exit: exitFailed}
	if f.Code == "" {
		f.Code = "failed"
	}
	return f
}

// reauthorize is the command that most remedies end in.
func reauthorize(name string) string { return "fettle authorize --name " + name }

// unknownName says which names the person may have meant.
func unknownName(what, name string, nearest []string, otherwise string) *failure {
	f := &failure{Code: "unknown_" + what, Message: fmt.Sprintf("there is no %s %q", what, shown(name, 60)), Remedy: otherwise, exit: exitFailed}
	if what == "account" {
		f.Account = shown(name, 63)
	}
	if len(nearest) > 0 {
		f.Remedy = "did you mean " + strings.Join(nearest, ", ") + "?"
	}
	return f
}
