package cli

import (
	"slices"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

// The JSON of `fettle status`, format fettle.status/1. Field names, once released, stay.

// wireStatus is the whole answer.
type wireStatus struct {
	Format   string        `json:"format"`
	Accounts []wireAccount `json:"accounts"`
	Summary  wireSummary   `json:"summary"`
}

// wireSummary counts; stale_files counts files, not accounts.
type wireSummary struct {
	Total      int `json:"total"`
	Critical   int `json:"critical"`
	Warning    int `json:"warning"`
	OK         int `json:"ok"`
	StaleFiles int `json:"stale_files"`
}

// wireAccount is an account with what depends on it. generation rises when password files go stale, not at a refresh.
type wireAccount struct {
	ID              string                 `json:"id"`
	Name            string                 `json:"name"`
	Provider        string                 `json:"provider"`
	Services        []accounts.ServiceName `json:"services"`
	Identity        wireIdentity           `json:"identity"`
	Health          wireHealth             `json:"health"`
	Findings        []wireFinding          `json:"findings"`
	Risks           []wireRisk             `json:"risks"`
	Pending         bool                   `json:"pending"`
	Holder          string                 `json:"holder"`
	Client          word                   `json:"client"`
	GrantedScopes   []string               `json:"granted_scopes"`
	MissingScopes   []string               `json:"missing_scopes"`
	AccessExpiresAt stamp                  `json:"access_expires_at"`
	Generation      int64                  `json:"generation"`
	Canvases        []string               `json:"canvases"`
	StaleFiles      int                    `json:"stale_password_files"`
}

// wireIdentity is who signed in; subject is what is compared, because e-mail addresses change.
type wireIdentity struct {
	Subject word `json:"subject"`
	Email   word `json:"email"`
}

// wireHealth is the worst finding, in short.
type wireHealth struct {
	State       accounts.State    `json:"state"`
	Severity    accounts.Severity `json:"severity"`
	Cause       word              `json:"cause"`
	Remedy      word              `json:"remedy"`
	ProvenAt    stamp             `json:"proven_at"`
	DiesAt      stamp             `json:"dies_at"`
	DiesBecause word              `json:"dies_because"`
}

// wireFinding is one thing that is known to be wrong or coming.
type wireFinding struct {
	State    accounts.State    `json:"state"`
	Severity accounts.Severity `json:"severity"`
	Cause    word              `json:"cause"`
	Remedy   word              `json:"remedy"`
	Title    string            `json:"title"`
	Detail   word              `json:"detail"`
	Since    stamp             `json:"since"`
}

// wireRisk is a way in which the grant can end that has no date.
type wireRisk struct {
	Cause string `json:"cause"`
	Words string `json:"words"`
	Fix   word   `json:"fix"`
}

func (s survey) wire() wireStatus {
	w := wireStatus{Format: "fettle.status/1", Accounts: []wireAccount{}, Summary: s.summary()}
	for _, a := range s.Accounts {
		w.Accounts = append(w.Accounts, wireAccountOf(a, s.canvases))
	}
	return w
}

func (s survey) summary() wireSummary {
	return wireSummary{len(s.Accounts), s.count(accounts.SeverityCritical), s.count(accounts.SeverityWarning), s.count(accounts.SeverityOK), s.stale}
}

// wireAccountOf joins an account with the canvases that use it.
func wireAccountOf(a accounts.Account, canvases []pwfile.Canvas) wireAccount {
	radius := pwfile.Radius(canvases, a.ID)
	holder := a.Holder
	// Accounts of before files could hold a credential have nothing there.
	if holder == "" {
		holder = store.HolderBook
	}
	w := wireAccount{
		ID: a.ID, Name: a.Name, Provider: a.Provider, Services: list(a.ServiceNames), Identity: wireIdentity{word(a.Identity.Subject), word(a.Identity.Email)},
		Health: healthOf(a.Health), Findings: []wireFinding{}, Risks: []wireRisk{}, Pending: a.Pending != nil, Holder: holder, Client: word(a.OAuthClientID),
		GrantedScopes: list(slices.Clone(a.Granted)), MissingScopes: []string{}, AccessExpiresAt: stamp{a.AccessExpiresAt},
		Generation: a.Generation, Canvases: radius.Canvases, StaleFiles: radius.StaleFiles,
	}
	for _, m := range a.Missing {
		w.MissingScopes = append(w.MissingScopes, m.Scope)
	}
	for _, r := range a.Health.Risks {
		w.Risks = append(w.Risks, wireRisk{r.Cause, r.Words, word(r.Fix)})
	}
	for _, f := range a.Health.Findings {
		w.Findings = append(w.Findings, wireFinding{f.State, f.Severity, word(f.Cause), word(f.Remedy), f.Title, word(f.Detail), stamp{f.Since}})
	}
	return w
}

func healthOf(h accounts.Health) wireHealth {
	return wireHealth{h.State, h.Severity, word(h.Cause), word(h.Remedy), stamp{h.ProvenAt}, stamp{h.DiesAt}, word(h.DiesBecause)}
}
