package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fettle/accounts"
)

// environment is what a job gets: variables, and a folder of credential files that goes away with it.
type environment struct {
	variables []string
	folder    string
}

// fill gets a token for each account and, for Google's, writes the file that its client libraries take.
func (h *house) fill(ctx context.Context, env *environment, found []accounts.Account, x execution) error {
	google := map[string]string{} // name → file
	for _, account := range found {
		token, err := h.book.Token(ctx, account.ID, x.ttl)
		if err != nil {
			return err
		}
		name := variable(account.Name)
		env.set(name+"_ACCESS_TOKEN", token.Token.Reveal())
		if !token.ExpiresAt.IsZero() {
			env.set(name+"_EXPIRES_AT", token.ExpiresAt.UTC().Format(time.RFC3339))
		}
		if !isGoogle(h, account) {
			continue
		}
		file, err := h.googleFile(ctx, env, account)
		if err != nil {
			return err
		}
		env.set(name+"_CREDENTIALS_FILE", file)
		google[account.Name] = file
	}
	if x.adc != "" && google[x.adc] == "" {
		return usage("--adc names %s, which is no Google account", x.adc)
	}
	for name, file := range google {
		if name == x.adc || x.adc == "" && len(google) == 1 {
			env.set("GOOGLE_APPLICATION_CREDENTIALS", file)
		}
	}
	return nil
}

// variable is a reference name as the beginning of a variable's name.
func variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func (e *environment) set(name, value string) { e.variables = append(e.variables, name+"="+value) }

func isGoogle(h *house, account accounts.Account) bool {
	p, _ := h.catalogue.Get(account.Provider)
	return account.Provider == "google" || p.Issuer == "https://accounts.google.com"
}

// googleFile writes an authorized_user file, readable by this user alone, and returns its path.
func (h *house) googleFile(ctx context.Context, env *environment, account accounts.Account) (string, error) {
	e, err := h.book.Export(ctx, account.ID)
	if err != nil {
		return "", err
	}
	content, err := json.MarshalIndent(map[string]string{
		"type": "authorized_user", "client_id": e.ClientID, "client_secret": e.ClientSecret.Reveal(),
		"refresh_token": e.Refresh.Reveal(), "token_uri": e.TokenEndpoint, "account": e.Identity.Email,
	}, "", "  ")
	if err != nil {
		return "", err
	}
	if env.folder == "" {
		// XDG_RUNTIME_DIR is this user's alone, in memory, and gone at logout.
		if env.folder, err = os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "fettle-exec-"); err != nil {
			return "", fmt.Errorf("make a folder for credential files: %w", err)
		}
	}
	path := filepath.Join(env.folder, account.Name+".json")
	return path, os.WriteFile(path, content, 0o600)
}

// remove takes the credential files away.
func (e *environment) remove() error {
	if e.folder == "" {
		return nil
	}
	return os.RemoveAll(e.folder)
}
