package cli

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"fettle/accounts"
	"fettle/internal/config"
	"fettle/internal/secret"
	"fettle/oauthflow/diagnose"
	"fettle/pwfile"
)

// envPwfile names the password file to a job, so that it can ask for a newer token itself.
const envPwfile = "FETTLE_PWFILE" //nolint:gosec // the name of a variable that holds a path

// wallet is where a job's tokens come from: the book, or a password file.
type wallet interface {
	names() []string
	token(ctx context.Context, name string) (accounts.AccessToken, error)
	// user is what Google's client libraries take; nil if the account is not Google's.
	user(ctx context.Context, name string) (*authorizedUser, error)
}

// authorizedUser is Google's own format for the credential of a person.
type authorizedUser struct {
	clientID      string
	clientSecret  secret.Text
	refresh       secret.Text
	tokenEndpoint string
	email         string
}

// encode gives the members that google-auth reads, and the e-mail address for people.
func (u authorizedUser) encode() ([]byte, error) {
	return json.MarshalIndent(map[string]string{
		"type": "authorized_user", "client_id": u.clientID, "client_secret": u.clientSecret.Reveal(),
		"refresh_token": u.refresh.Reveal(), "token_uri": u.tokenEndpoint, "account": u.email,
	}, "", "  ")
}

// bookWallet holds accounts of the book.
type bookWallet struct {
	house *house
	found []accounts.Account
	ttl   time.Duration
}

func (w bookWallet) names() []string {
	var names []string
	for _, account := range w.found {
		names = append(names, account.Name)
	}
	return names
}

func (w bookWallet) account(name string) accounts.Account {
	for _, account := range w.found {
		if account.Name == name {
			return account
		}
	}
	return accounts.Account{}
}

func (w bookWallet) token(ctx context.Context, name string) (accounts.AccessToken, error) {
	return w.house.book.Token(ctx, w.account(name).ID, w.ttl)
}

func (w bookWallet) user(ctx context.Context, name string) (*authorizedUser, error) {
	account := w.account(name)
	if !isGoogle(w.house, account) {
		return nil, nil
	}
	e, err := w.house.book.Export(ctx, account.ID)
	if err != nil {
		return nil, err
	}
	return &authorizedUser{e.ClientID, e.ClientSecret, e.Refresh, e.TokenEndpoint, e.Identity.Email}, nil
}

// googleIssuer tells Google's accounts in a file, where the provider may have any name.
const googleIssuer = "https://accounts.google.com"

// isGoogle also knows an entry of config.toml that stands for Google under another name.
func isGoogle(h *house, account accounts.Account) bool {
	p, _ := h.catalogue.Get(account.Provider)
	return account.Provider == "google" || p.Issuer == googleIssuer
}

// fileWallet holds the accounts of a password file.
type fileWallet struct{ file *pwfile.File }

func (w fileWallet) names() []string {
	var names []string
	for _, c := range w.file.Accounts {
		names = append(names, c.Name)
	}
	return names
}

func (w fileWallet) token(ctx context.Context, name string) (accounts.AccessToken, error) {
	t, err := w.file.Token(ctx, name)
	if err != nil {
		return accounts.AccessToken{}, err
	}
	return accounts.AccessToken{Token: secret.New(t.AccessToken), Type: t.TokenType, ExpiresAt: t.Expiry}, nil
}

func (w fileWallet) user(ctx context.Context, name string) (*authorizedUser, error) {
	c, _ := w.file.Account(name)
	if c.Provider != "google" && c.Identity.Issuer != googleIssuer {
		return nil, nil
	}
	c, err := w.file.Credential(ctx, name)
	if err != nil {
		return nil, err
	}
	return &authorizedUser{c.ClientID, c.ClientSecret, c.Refresh, c.TokenEndpoint, c.Identity.Email}, nil
}

// withFile opens a password file as this server, without book and vault, and hands it to work.
func (a *app) withFile(path string, ttl time.Duration, work func(ctx context.Context, f *pwfile.File) error) (err error) {
	ctx, stop := a.untilSignal()
	defer stop()
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return err
	}
	// At least 1: zero would mean the reader's own default, and --min-ttl 0 asks for any token that lives.
	options := pwfile.ReaderOptions{Dir: paths.Data, MinTTL: max(ttl, 1), Alarm: a.alarm}
	f, err := pwfile.Open(ctx, path, options)
	if refused, ok := errors.AsType[*pwfile.FileError](err); ok && refused.Code == pwfile.Locked && a.hasTerminal() {
		if options.Passphrase, err = a.askSecret(ctx, "Passphrase of the file:"); err == nil {
			f, err = pwfile.Open(ctx, path, options)
		}
	}
	if err != nil {
		return err
	}
	defer func() {
		draining, cancel := context.WithTimeout(context.Background(), drainLimit)
		defer cancel()
		if unstored := f.Drain(draining); err == nil {
			err = unstored
		}
	}()
	return work(ctx, f)
}

// jobFailure is explain with the codes that jobs look for: however a provider calls it, a job wants to know whether
// somebody has to sign in, or whether trying again later may help.
func (a *app) jobFailure(err error) *failure {
	f := *a.explain(err)
	refused, ok := errors.AsType[*accounts.RefreshError](err)
	switch {
	case ok && refused.Transient:
		f.Code = string(pwfile.Unreachable)
	case ok && (refused.Diagnosis.Remedy == diagnose.Reauthorize || refused.Diagnosis.Remedy == diagnose.ReauthorizeInteractively):
		if f.Code != "expired" && f.Code != "idle" {
			f.Code = "revoked"
		}
	}
	switch f.Code {
	case "rate_limited", "dns", "timeout", "connection", "interrupted":
		f.Code = string(pwfile.Unreachable)
	case "no_vault":
		f.Code = string(pwfile.Locked)
	case "idle", "not_renewable":
		f.Code = "expired"
	}
	return &f
}
