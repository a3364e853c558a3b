package tui

import (
	"context"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/oauthflow/diagnose"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// Accounts is what the screens need of the book; *accounts.Book is one. The contracts are told there: what is atomic, what
// a cancelled context leaves, which errors carry a remedy.
type Accounts interface {
	Snapshot(ctx context.Context) (accounts.Snapshot, error)
	Revision(ctx context.Context) (int64, error)
	Unstored() []accounts.Unstored
	Refresh(ctx context.Context, id string, w accounts.Want) (accounts.Outcome, error)
	RefreshMany(ctx context.Context, ids []string, w accounts.Want, report func(id string, o accounts.Outcome, err error)) error
	Verify(ctx context.Context, id string, report func(accounts.Check)) (accounts.VerifyReport, error)
	Resources(ctx context.Context, id string, refresh bool) (accounts.ResourceList, error)
	FlowChoices(ctx context.Context, r accounts.AuthorizeRequest) ([]accounts.FlowChoice, error)
	PendingFlow(ctx context.Context, name string) (accounts.PendingFlow, error)
	StartFlow(ctx context.Context, r accounts.AuthorizeRequest) (accounts.PendingFlow, error)
	DriveFlow(ctx context.Context, flowID string, io accounts.FlowIO) (accounts.FlowResult, error)
	AbandonFlow(ctx context.Context, flowID string) error
	RepeatChecks(ctx context.Context, id string, report func(accounts.Check)) (accounts.FlowResult, error)
	Decide(ctx context.Context, id string, d accounts.Decision) error
	RemovalPlan(ctx context.Context, id string) (accounts.RemovalPlan, error)
	Remove(ctx context.Context, id string, o accounts.RemoveOptions) (accounts.RemoveResult, error)
	// Tidy drops what expired: sign-ins nobody finished, credentials nobody chose.
	Tidy(ctx context.Context) error
	Clients(ctx context.Context) ([]accounts.ClientInfo, error)
	AddClient(ctx context.Context, c accounts.NewClient) (accounts.ClientInfo, error)
	TestKeptClient(ctx context.Context, providerID, clientID string) (accounts.ClientTest, error)
	PlanClientChange(ctx context.Context, clientID string, c accounts.ClientChange) (accounts.ClientPlan, error)
	ReplaceClient(ctx context.Context, clientID string, c accounts.ClientChange) (accounts.ClientPlan, error)
	MarkClient(ctx context.Context, clientID string, m accounts.ClientMarks) (accounts.ClientInfo, error)
	RemoveClient(ctx context.Context, clientID string) error
	Suspects(ctx context.Context, r diagnose.Reading) ([]accounts.Suspect, error)
	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
}

// PasswordFiles is what the screens need of the password files; *pwfile.Keeper is one.
type PasswordFiles interface {
	Canvases(ctx context.Context) ([]pwfile.Canvas, error)
	Add(ctx context.Context, n pwfile.NewCanvas) (pwfile.Canvas, error)
	Edit(ctx context.Context, id string, change pwfile.Change) (pwfile.Edited, error)
	Remove(ctx context.Context, id string) (left []string, err error)
	Check(ctx context.Context, force bool) error
	CheckRemote(ctx context.Context, opts pwfile.RemoteOptions, report func(pwfile.Seen)) error
	Plan(ctx context.Context, s pwfile.Selection) (pwfile.Plan, error)
	Generate(ctx context.Context, p pwfile.Plan, o pwfile.GenerateOptions, report func(pwfile.Progress)) (store.Run, error)
}

// Packages is what the screens need of the packages; *packages.Keeper is one.
type Packages interface {
	Packages(ctx context.Context) ([]packages.Package, error)
	Add(ctx context.Context, n packages.NewPackage) (packages.Package, error)
	Remove(ctx context.Context, id string) error
	Plan(ctx context.Context, id string, opts packages.Options) (packages.Plan, error)
	Sync(ctx context.Context, id string, opts packages.Options, report func(packages.Progress)) (packages.Result, error)
}

// Vault is what the screens need of the vault.
type Vault interface {
	// State says whether there is a vault and whether it is open.
	State() VaultState
	// Unlock opens it; an empty passphrase is for holders that need none.
	Unlock(ctx context.Context, passphrase secret.Text) error
	// ProbeKeyring tries the keyring for at most three seconds; nil means it can hold the key.
	ProbeKeyring(ctx context.Context) error
	// Setup makes the vault with the named holder.
	Setup(ctx context.Context, holder string, passphrase secret.Text) error
}

// VaultState is what is known about the vault without opening it.
type VaultState struct {
	Exists, Locked bool
	Holder         string
}

// Browser opens an address on this machine, quietly: what a browser writes to its standard error would land on the screen.
type Browser interface{ Open(url string) error }

// Clock tells the time; time.Now outside tests.
type Clock func() time.Time
