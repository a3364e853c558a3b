package tui

import (
	"fmt"
	"strings"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// view asks one question a step. A replacement has no step before its lines: where and what kind is known.
func (s clientWizard) view(f frame) string {
	line := steps{names: clientStations, at: int(s.at)}
	if s.former != nil {
		line = steps{names: clientStations[clientAtForm:], at: int(s.at - clientAtForm)}
	}
	p := s.provider(f)
	switch s.at {
	case clientAtProvider:
		question := "At which provider is the client registered?"
		return line.page(question, s.providers.lines(line.body(question, f)), f)
	case clientAtKind:
		question := "Which kind of client of " + p.Name + "?"
		return line.page(question, s.kinds.lines(line.body(question, f)), f)
	case clientAtSteps:
		return line.page("Register a client at "+p.Name+", then press enter", s.stepPage(f), f)
	case clientAtForm:
		return line.answer(s.formQuestion(f), s.form.lines, s.problem, s.formHint(f), f)
	case clientAtReview:
		body := s.reviewLines(f)
		question := "This is what fettle would keep"
		if s.former != nil {
			question = "This is what would change"
		}
		return line.page(question, withNext(body, s.review, line.body(question, f)), f)
	}
	j, _ := f.jobs.get(s.job())
	question, body := s.endLines(j, f)
	if j.running {
		return line.page(question, body, f)
	}
	return line.page(question, withNext(body, s.nexts(f), line.body(question, f)), f)
}

// stepPage is the part of the steps that fits.
func (s clientWizard) stepPage(f frame) []string {
	height := max(f.height-4, 1)
	return strings.Split(scrolled(s.stepLines(f), s.top, f.inner(f.width, height)), "\n")
}

// stepLines say how a client of this kind is registered, numbered, with the addresses to open.
// In the catalogue's words, which change as consoles do; without any the redirects are what one has to know.
func (s clientWizard) stepLines(f frame) []string {
	t, p := f.theme, s.provider(f)
	k, _ := s.kind(f)
	var lines []string
	if url := p.Registration.Console; url != "" {
		lines = append(lines, " "+link(url, url, t)+t.faint.Render("   c copies it, b prints it alone"), "")
	}
	all := p.RegistrationSteps(k.ID)
	for i, step := range all {
		for n, l := range wrap(step, f.width-6) {
			lead := "    "
			if n == 0 {
				lead = fmt.Sprintf(" %2d ", i+1)
			}
			lines = append(lines, t.key.Render(lead)+l)
		}
	}
	if len(all) == 0 {
		lines = append(lines, indent1(wrap("The catalogue does not say how. Register an OAuth client in "+p.Name+"'s developer console; allow one of these redirects if it asks for any:", f.width-2))...)
		for _, r := range p.Redirects {
			lines = append(lines, "   "+t.accent.Render(r))
		}
	}
	if k.Redirects != "" {
		lines = append(append(lines, ""), paragraphAt("Redirects: "+k.Redirects, f.width-2, " ", t.faint)...)
	}
	if docs := p.Registration.Docs; docs != "" {
		lines = append(lines, "", " "+t.faint.Render("The provider's own words: ")+link(docs, docs, t))
	}
	return lines
}

func (s clientWizard) formQuestion(f frame) string {
	if s.former != nil {
		return "What takes the place of " + s.former.Label + "?"
	}
	return "What did " + s.provider(f).Name + " give you?"
}

// formHint says what happens to what is typed.
func (s clientWizard) formHint(f frame) string {
	e := f.theme.signs.ellipsis
	switch {
	case s.reading != "":
		return "Reading " + cutLeft(s.reading, f.width-12, e) + e
	case s.former != nil:
		return "Register the new secret at " + s.former.ProviderName + " first and keep the old one valid there until every password file is written anew."
	}
	return "The secret is stored sealed and never shown again."
}

// reviewLines say what was recognised, and what is wrong with it.
func (s clientWizard) reviewLines(f frame) []string {
	t, c, p := f.theme, *s.found, s.provider(f)
	// Drawn as a client that is kept, with what the book would fill in.
	info := accounts.ClientInfo{Provider: p.ID, ProviderName: p.Name, Label: c.Label, OAuthID: c.OAuthID, Auth: c.Auth, Kind: c.Kind, Redirects: c.Redirects}
	if info.Label == "" {
		info.Label = p.Name
	}
	if info.Auth == "" && c.Secret.Empty() {
		info.Auth = provider.AuthNone
	}
	if !c.SecretExpiresAt.IsZero() {
		info.DiesAt, info.DiesBecause = c.SecretExpiresAt, "its secret ends then"
	}
	lines := clientFacts(washed(info), f)
	if why := s.wrongKind(f); why != "" {
		lines = append(append(lines, ""), paragraphAt(t.signs.warning+" "+why, f.width-2, " ", t.warn)...)
	}
	if s.former != nil {
		lines = append(lines, s.replacedLines(f)...)
	}
	return lines
}

// replacedLines say what a replacement means for accounts and password files.
// Shown before the change and after it: the same files then wait to be written.
func (s clientWizard) replacedLines(f frame) []string {
	if s.plan == nil {
		return []string{"", " " + f.theme.faint.Render("Looking up what it means"+f.theme.signs.ellipsis)}
	}
	if len(s.plan.Effects) == 0 {
		return []string{"", " No account and no password file is touched by it."}
	}
	lines := []string{""}
	for _, e := range s.plan.Effects {
		lines = append(lines, paragraphAt(sentence(e), f.width-2, " ", f.theme.warn)...)
	}
	return lines
}

// endLines say what came of it.
func (s clientWizard) endLines(j job, f frame) (question string, body []string) {
	info, ok := s.kept(f)
	switch {
	case j.running:
		return "Keeping the client" + f.theme.signs.ellipsis, nil
	case j.err != nil:
		return "The client was not kept", failureLines(j.err, f)
	case !ok:
		return "The client is kept", nil
	case s.former != nil:
		return info.Label + " is replaced", append(s.replacedLines(f), clientTestLines(info, f)...)
	}
	return info.Label + " is kept", clientLines(info, f)
}
