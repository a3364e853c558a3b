package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

func (s clientsScreen) view(f frame) string {
	c, at, ok := s.current(f)
	if !ok {
		return fill(noClients(f), f.width, f.height, f.theme.signs.ellipsis)
	}
	return fill(listAndDetail(f, func(f frame) []string { return s.table(at, f, listRows(f, 0)) },
		func(f frame) []string { return clientLines(c, f) }), f.width, f.height, f.theme.signs.ellipsis)
}

// noClients greets who has no client yet.
func noClients(f frame) []string {
	if !f.data.loaded {
		return []string{"", " Reading the book" + f.theme.signs.ellipsis}
	}
	lines := []string{"", " No client yet.", ""}
	return append(lines, indent1(wrap("A client is your own registration of fettle at a provider: without one nobody can sign in there. "+
		"Press a: fettle shows step by step how to register one, and takes what the provider gives you.", f.width-2))...)
}

// table draws the heads and the window of rows around the cursor.
func (s clientsScreen) table(at int, f frame, height int) []string {
	t, e := f.theme, f.theme.signs.ellipsis
	list := f.data.clients
	const kind, users, ends = 18, 9, diesWidth
	names := max((f.width-kind-users-ends-7)/2, 8)
	head := "  " + pad("PROVIDER", names, e) + " " + pad("CLIENT", names, e) + " " + pad("KIND", kind, e) + " " + pad("ACCOUNTS", users, e) + " " + pad("ENDS", ends, e)
	lines := []string{t.faint.Render(cut(head, f.width, ""))}
	win := windowOf(s.focus.former, at, len(list), height)
	for i := win.from; i < win.to; i++ {
		c := list[i]
		k, _ := kindOf(cmp.Or(c.KindID, c.Kind), f.provider(c.Provider))
		pointer := " "
		if i == at {
			pointer = t.signs.pointer
		}
		row := pointer + " " + pad(c.ProviderName, names, e) + " " + pad(c.Label, names, e) + " " + pad(cmp.Or(k.Name, c.Kind, "–"), kind, e) + " " + fmt.Sprintf("%*d  ", users-1, len(c.UsedBy)) + pad(date(c.DiesAt, f.now), ends, e)
		if i == at {
			row = t.selected.Render(pad(row, f.width, e))
		}
		lines = append(lines, row)
	}
	return lines
}

// clientLines are everything known about one client that is kept.
func clientLines(c accounts.ClientInfo, f frame) []string {
	lines := append(clientFacts(c, f), fact("Used by", usedByWords(c.UsedBy), f)...)
	return append(lines, clientTestLines(c, f)...)
}

// fact is a name and a value, wrapped beside it.
// A value that has several lines keeps to its column.
func fact(name, value string, f frame) []string {
	var lines []string
	for _, l := range wrap(value, f.width-18) {
		lines = append(lines, " "+f.theme.faint.Render(pad(name, 16, ""))+l)
		name = ""
	}
	return lines
}

// clientFacts are what a client is, kept or not.
func clientFacts(c accounts.ClientInfo, f frame) []string {
	t := f.theme
	p := f.provider(c.Provider)
	k, known := kindOf(cmp.Or(c.KindID, c.Kind), p)
	lines := []string{" " + t.title.Render(c.Label) + t.faint.Render("  "+c.ProviderName)}
	add := func(name, value string) { lines = append(lines, fact(name, value, f)...) }
	add("Client ID", c.OAuthID)
	add("Authentication", authWords(c.Auth))
	if known {
		add("Kind", k.Name)
	}
	if flows := flowsOf(c, p); len(flows) > 0 {
		add("Signs in by", flowWords(flows))
	}
	if k.Redirects != "" {
		add("Redirects", k.Redirects)
	}
	if len(c.Redirects) > 0 {
		add("Registered", strings.Join(c.Redirects, ", "))
	}
	if !c.DiesAt.IsZero() {
		add("Ends", stamp(c.DiesAt, f.now)+": "+c.DiesBecause)
	}
	if c.Testing {
		add("Consent screen", "in testing: the provider ends sign-ins through it early")
	}
	if c.FromConfig {
		add("Kept", "in config.toml; it is edited there")
	}
	return lines
}

// usedByWords name the accounts of a client, as many as one reads.
func usedByWords(names []string) string {
	const most = 12
	switch n := len(names); {
	case n == 0:
		return "no account"
	case n > most:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(names, ", ")
}

// authWords name how a client proves itself at the token endpoint (RFC 6749 §2.3.1).
func authWords(a provider.AuthMethod) string {
	switch a {
	case provider.AuthPost:
		return "its secret, in the request's form"
	case provider.AuthBasic:
		return "its secret, in the request's header"
	case provider.AuthNone:
		return "none: a public client"
	}
	return string(a)
}

// clientTestLines say what came of the last test of a client.
// Of this run of fettle only: a test is not stored.
func clientTestLines(c accounts.ClientInfo, f frame) []string {
	t := f.theme
	j, ok := f.jobs.get(clientTestJob(c))
	test, answered := j.result.(accounts.ClientTest)
	switch {
	case !ok:
		return nil
	case j.stopping:
		return []string{"", " " + t.accent.Render(t.signs.busy+" Stopping the test")}
	case j.running:
		return []string{"", " " + t.accent.Render(t.signs.busy+" Asking "+c.ProviderName+" whether it takes this client")}
	case j.err != nil && errors.Is(j.err, context.Canceled):
		return []string{"", " " + t.faint.Render("The test was stopped.")}
	case j.err != nil:
		return append([]string{""}, failureLines(j.err, f)...)
	case !answered:
		return nil
	}
	// Where a provider says nothing of a client before somebody signs in, that is neither proof nor refutation.
	sign, style := t.signs.unknown, t.warn
	switch test.Verdict {
	case accounts.ClientProven:
		sign, style = t.signs.ok, t.ok
	case accounts.ClientRefuted:
		sign, style = t.signs.critical, t.bad
	case accounts.ClientUnknown:
	}
	lines := append([]string{""}, paragraphAt(sign+" "+sentence(test.Title), f.width-2, " ", style)...)
	if test.Diagnosis != nil {
		lines = append(lines, diagnosisLines(*test.Diagnosis, f)...)
	}
	for _, way := range test.Flows {
		if way.Unavailable == "" {
			lines = append(lines, " "+t.ok.Render(t.signs.ok)+" "+wayNames[way.Kind])
			continue
		}
		lines = append(lines, paragraphAt("- "+wayNames[way.Kind]+": "+way.Unavailable, f.width-2, " ", t.faint)...)
	}
	for _, note := range test.Notes {
		lines = append(lines, paragraphAt(t.signs.warning+" "+note, f.width-2, " ", t.warn)...)
	}
	return lines
}
