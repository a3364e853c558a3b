package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// wireDeath is a way in which grants end; days is null where the answer or an event decides.
type wireDeath struct {
	ID          string   `json:"id"`
	Cause       string   `json:"cause"`
	From        string   `json:"from"`
	Days        *int     `json:"days"`
	If          word     `json:"if"`
	Scopes      []string `json:"scopes"`
	Services    []string `json:"services"`
	ClientKinds []string `json:"client_kinds"`
	Words       string   `json:"words"`
	Fix         word     `json:"fix"`
}

// wireRevoke is what revoking does there, or where it is done by hand.
type wireRevoke struct {
	Scope   word `json:"scope"`
	Page    word `json:"page"`
	Effects word `json:"effects"`
}

// wireProviderDetail is fettle.provider/1. Maps are by service.
type wireProviderDetail struct {
	Format string `json:"format"`
	wireProvider
	Issuer      word                         `json:"issuer"`
	Endpoints   provider.Endpoints           `json:"endpoints"`
	Rotation    word                         `json:"rotation"`
	IdleDays    int                          `json:"idle_days"`
	MaxDays     int                          `json:"max_days"`
	Client      word                         `json:"client"`
	FromConfig  bool                         `json:"from_config"`
	Scopes      map[string][]string          `json:"scopes"`
	Words       map[string]map[string]string `json:"permissions"`
	Blocked     map[string]string            `json:"blocked"`
	Deaths      []wireDeath                  `json:"deaths"`
	ClientKinds []wireKind                   `json:"client_kinds"`
	Console     word                         `json:"console"`
	Docs        word                         `json:"docs"`
	Revoke      wireRevoke                   `json:"revoke"`
}

func (a *app) providerShow() *cobra.Command {
	return &cobra.Command{
		Use:               "show PROVIDER",
		Short:             "Show what the catalogue says about a provider",
		Long:              "show prints flows, endpoints and services of a provider, what ends its grants early, which kinds of clients it has and how to register one, and what revoking does there.",
		Args:              takes("PROVIDER"),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			p, err := a.provider(args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(wireDetailOf(p))
			}
			a.printProvider(p)
			return nil
		}),
	}
}

func wireDetailOf(p provider.Provider) wireProviderDetail {
	w := wireProviderDetail{
		Format: "fettle.provider/1", wireProvider: wireProviderOf(p), Issuer: word(p.Issuer), Endpoints: p.Endpoints, Rotation: word(p.Rotation),
		IdleDays: p.IdleDays, MaxDays: p.MaxDays, Client: word(p.Client.ID), FromConfig: p.FromConfig,
		Scopes: map[string][]string{}, Words: map[string]map[string]string{}, Blocked: map[string]string{}, Deaths: []wireDeath{}, ClientKinds: []wireKind{},
		Console: word(p.Registration.Console), Docs: word(p.Registration.Docs),
		Revoke: wireRevoke{word(p.Revoke.Scope), word(p.Revoke.Page), word(safetext.Line(p.Revoke.Effects))},
	}
	for id, s := range p.Services {
		w.Scopes[id] = list(s.Scopes)
		w.Words[id] = map[string]string{}
		for scope, words := range s.Permissions {
			w.Words[id][scope] = safetext.Line(words)
		}
		if why := blockedBy(s); why != "" {
			w.Blocked[id] = safetext.Line(why)
		}
	}
	for _, d := range p.DeathList() {
		wd := wireDeath{ID: d.ID, Cause: d.Cause, From: string(d.From), If: word(d.If), Scopes: list(d.Scopes), Services: list(d.Services),
			ClientKinds: list(d.ClientKinds), Words: safetext.Line(d.Words), Fix: word(safetext.Line(d.Fix))}
		if d.Days > 0 {
			wd.Days = &d.Days
		}
		w.Deaths = append(w.Deaths, wd)
	}
	for _, k := range p.ClientKindList() {
		w.ClientKinds = append(w.ClientKinds, wireKindOf(p, k))
	}
	return w
}

// blockedBy says why a service's calls cannot be made yet; "" means that they can.
func blockedBy(s provider.Service) string {
	if s.Resources.Blocked != "" {
		return s.Resources.Blocked
	}
	return s.Probe.Blocked
}

// safeLines sanitises a list and is never nil.
func safeLines(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = safetext.Line(text)
	}
	return out
}

// printProvider shows an entry with config.toml laid over it: what is in force, not what is built in.
func (a *app) printProvider(p provider.Provider) {
	a.printf("%s  %s", p.ID, shown(p.Name, 60))
	a.printf("  flows: %s; rotation: %s", flowWords(p.Flows), shown(string(p.Rotation), 20))
	if p.Issuer != "" {
		a.printf("  issuer: %s", shown(p.Issuer, 200))
	}
	a.printEndpoints(p.Endpoints)
	for _, s := range p.ServiceList() {
		a.printf("  service %s  %s", s.ID, shown(s.Name, 60))
		for _, scope := range s.Scopes {
			a.printf("    %s  %s", shown(scope, 120), safetext.Cut(s.Permissions[scope], 120))
		}
		if why := blockedBy(s); why != "" {
			a.printf("    ! %s", safetext.Line(why))
		}
	}
	a.printDeaths(p)
	a.printKinds(p)
	if p.Revoke.Effects != "" || p.Revoke.Page != "" {
		a.printf("  revoking")
		if p.Revoke.Effects != "" {
			a.printf("    %s", safetext.Line(p.Revoke.Effects))
		}
		if p.Revoke.Page != "" {
			a.printf("    by hand: %s", shown(p.Revoke.Page, 200))
		}
	}
}

// printDeaths falls back on the bare terms where an entry of config.toml says no more.
func (a *app) printDeaths(p provider.Provider) {
	deaths := p.DeathList()
	if len(deaths) == 0 {
		if p.IdleDays > 0 {
			a.printf("  a grant that is not used dies after %s", plural(p.IdleDays, "day", "days"))
		}
		if p.MaxDays > 0 {
			a.printf("  a grant dies %s after consent", plural(p.MaxDays, "day", "days"))
		}
		return
	}
	a.printf("  what ends a grant")
	for _, d := range deaths {
		a.printf("    - %s", safetext.Line(d.Words))
		if d.Fix != "" {
			a.printf("      → %s", safetext.Line(d.Fix))
		}
	}
}

// printKinds is the registration in short; `fettle client explain` is the long form.
func (a *app) printKinds(p provider.Provider) {
	for _, k := range p.ClientKindList() {
		secret := "no secret"
		if k.NeedsSecret() {
			secret = "with a secret"
		}
		preferred := ""
		if k.Preferred {
			preferred = ", preferred"
		}
		a.printf("  client %s  %s (%s; %s%s)", k.ID, shown(k.Name, 60), flowWords(k.Flows), secret, preferred)
		if len(k.Services) > 0 {
			a.printf("    only for %s", safetext.Line(strings.Join(k.Services, ", ")))
		}
		if k.Words != "" {
			a.printf("    %s", safetext.Line(k.Words))
		}
		if k.Redirects != "" {
			a.printf("    redirects: %s", safetext.Line(k.Redirects))
		}
		for i, step := range p.RegistrationSteps(k.ID) {
			a.printf("    %d. %s", i+1, safetext.Line(step))
		}
	}
}

// printEndpoints leaves out what only the metadata gives: `provider check` asks for that.
func (a *app) printEndpoints(e provider.Endpoints) {
	for _, endpoint := range []struct{ what, url string }{
		{"authorization", e.Authorization}, {"token", e.Token}, {"device authorization", e.Device}, {"revocation", e.Revocation},
		{"introspection", e.Introspection}, {"userinfo", e.Userinfo}, {"keys", e.JWKS},
	} {
		if endpoint.url != "" {
			a.printf("  %s: %s", endpoint.what, shown(endpoint.url, 200))
		}
	}
}
