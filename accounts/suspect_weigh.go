package accounts

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow/diagnose"
)

// sameTime is how far the time in a log and the time of an observation may lie apart and still tell of one
// failure: jobs log when they give up, which is after their own retries.
const sameTime = 15 * time.Minute

// verdict is a suspect while it is weighed.
type verdict struct {
	Suspect
	ailing bool // it is not well, in a way that fits
}

func (v *verdict) add(weight int, format string, args ...any) {
	v.Score += weight
	v.Why = append(v.Why, fmt.Sprintf(format, args...))
	v.Named = v.Named || weight >= namesIt
}

// inquiry holds what is looked up once for all accounts.
type inquiry struct {
	Clues
	canvases map[string][]store.Canvas // account ID → canvases
	hosts    map[string]string         // host → service it belongs to alone, as "provider/service"
}

func newInquiry(c Clues) inquiry {
	inq := inquiry{Clues: c, canvases: map[string][]store.Canvas{}, hosts: map[string]string{}}
	for _, canvas := range c.Canvases {
		for _, id := range canvas.AccountIDs {
			inq.canvases[id] = append(inq.canvases[id], canvas)
		}
	}
	if c.Catalogue == nil {
		return inq
	}
	shared := map[string]bool{} // www.googleapis.com serves Drive and Sheets: it tells nothing
	for _, p := range c.Catalogue.All() {
		for id, s := range p.Services {
			for _, raw := range []string{s.Probe.URL, s.Resources.URL} {
				host, of := hostOf(raw), p.ID+"/"+id
				if former, ok := inq.hosts[host]; ok && former != of {
					shared[host] = true
				}
				inq.hosts[host] = of
			}
		}
	}
	for host := range shared {
		delete(inq.hosts, host)
	}
	delete(inq.hosts, "")
	return inq
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// weigh gathers what speaks for one account. An account of another provider than the text speaks of can be meant
// only if the text names it.
func (inq inquiry) weigh(a *Account) verdict {
	v := verdict{Suspect: Suspect{AccountID: a.ID, Name: a.Name, Provider: a.Provider, Well: a.Health.State == Healthy}}
	inq.weighNames(a, &v)
	inq.weighCanvases(a, &v)
	// Error texts of Microsoft and Google name the client, seldom the user.
	facts := inq.Reading.Facts
	if a.OAuthClientID != "" && slices.Contains(facts.ClientIDs, a.OAuthClientID) {
		v.add(weighsClient, "the client id in the text is its client's")
	}
	// Dropped as a whole: the weights of what fits must not add up for an account at another provider.
	if !v.Named && inq.otherProvider(a) {
		return verdict{}
	}
	inq.weighKind(a, &v)
	inq.weighHealth(a, &v)
	return v
}

// weighNames looks for what only this account has.
func (inq inquiry) weighNames(a *Account, v *verdict) {
	r := inq.Reading
	// The variable of `fettle exec`, which no text holds by accident.
	switch env := strings.ReplaceAll(a.Name, "-", "_") + "_access_token"; {
	case r.Mentions(env):
		v.add(weighsName, "the text names its environment variable")
	case !r.Mentions(a.Name):
	case distinctive(a.Name):
		v.add(weighsName, "its name is in the text")
	default:
		v.add(weighsWord, "its name is in the text, though that is an ordinary word")
	}
	if a.Identity.Email != "" && slices.Contains(r.Facts.Emails, strings.ToLower(a.Identity.Email)) {
		v.add(weighsEmail, "its e-mail address is in the text")
	}
}

// distinctive tells names from ordinary words, which logs are full of.
func distinctive(name string) bool { return strings.ContainsAny(name, "-_0123456789. ") }

// weighCanvases looks for what uses the account: jobs log their canvas or its file, hardly ever an account.
func (inq inquiry) weighCanvases(a *Account, v *verdict) {
	for _, c := range inq.canvases[a.ID] {
		switch base := filepath.Base(c.Path); {
		case c.Path != "" && (inq.Reading.Mentions(base) || inq.Reading.Mentions(strings.TrimSuffix(base, filepath.Ext(base))+".pwfile.age")):
			v.add(weighsPath, "the file of canvas %s, which uses it, is in the text", c.Name)
		case inq.Reading.Mentions(c.Name) && distinctive(c.Name):
			v.add(weighsCanvas, "canvas %s, which uses it, is in the text", c.Name)
		case inq.Reading.Mentions(c.Name):
			v.add(weighsProvider, "the word %s is in the text, which is also a canvas that uses it", c.Name)
		}
	}
}

// otherProvider reports whether the text speaks of providers, and this account's is none of them. Providers that
// only a configuration knows leave no mark in a text, so they are never ruled out.
func (inq inquiry) otherProvider(a *Account) bool {
	of := inq.Reading.Facts.Providers
	return len(of) > 0 && diagnose.Recognises(a.Provider) && !slices.ContainsFunc(of, func(p string) bool { return diagnose.IsOf(a.Provider, p) })
}

// weighKind looks for the provider and the service: many accounts share them, so they decide between others.
func (inq inquiry) weighKind(a *Account, v *verdict) {
	r := inq.Reading
	servers := []string{hostOf(a.Server.Token), hostOf(a.Server.Issuer)}
	if slices.ContainsFunc(r.Facts.Providers, func(p string) bool { return diagnose.IsOf(a.Provider, p) }) || slices.ContainsFunc(r.Facts.Hosts, func(h string) bool { return slices.Contains(servers, h) }) {
		v.add(weighsProvider, "it is an account at %s", a.ProviderName)
	}
	for _, s := range a.ServiceNames {
		id := a.Provider + "/" + s.ID
		if r.Mentions(s.Name) || slices.ContainsFunc(r.Facts.Hosts, func(h string) bool { return inq.hosts[h] == id }) {
			v.add(weighsService, "it is for %s, which the text speaks of", s.Name)
			break
		}
	}
}

// weighHealth compares the text with what fettle has seen itself: the same cause now, or a failure at the same time.
func (inq inquiry) weighHealth(a *Account, v *verdict) {
	if a.Health.Severity != SeverityOK && a.Health.Severity != "" {
		inq.weighFindings(a, v)
	}
	for _, o := range a.Observations {
		if o.OK {
			continue
		}
		for _, at := range inq.Reading.Facts.Times {
			if near(at, o.At) || near(at, o.FailsFrom) {
				v.add(weighsTime, "it was seen failing at the time in the text")
				v.ailing = true
				return
			}
		}
	}
}

// weighFindings compares what is known to be wrong with an account with what the text says is wrong.
func (inq inquiry) weighFindings(a *Account, v *verdict) {
	remedy := ""
	for _, d := range inq.Reading.Diagnoses {
		// Two things that nobody understands are not the same thing.
		if d.Remedy == diagnose.Unknown {
			continue
		}
		for _, f := range a.Health.Findings {
			switch {
			case f.Cause == d.Cause:
				v.add(weighsCause, "it has the same trouble: %s", f.Title)
				v.ailing = true
				return
			case f.Remedy == d.Remedy && remedy == "":
				remedy = f.Title
			}
		}
	}
	if remedy != "" {
		v.add(weighsRemedy, "it needs the same repair: %s", remedy)
		v.ailing = true
	}
}

// near compares a time of a log with one of an observation; zero means that there was none.
func near(a, b time.Time) bool { return !b.IsZero() && a.Sub(b).Abs() <= sameTime }
