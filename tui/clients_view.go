package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// clientRows is how many rows of the list fit: half of a narrow screen belongs to the client under the cursor.
func clientRows(f frame) int {
	if f.wide() {
		return max(f.height-2, 1)
	}
	return max(min(len(f.data.clients), (f.height-4)/2), 1)
}

func (s clientsScreen) view(f frame) string {
	t := f.theme
	c, at, ok := s.current(f)
	if !ok {
		return fill(noClients(f), f.width, f.height, t.signs.ellipsis)
	}
	if f.wide() {
		left := f.width * 3 / 5
		right := f.width - left - 3
		list := s.table(at, f.inner(left, f.height))
		return fill(sideBySide(list, left, clientLines(c, f.inner(right, f.height)), right, f.height, t), f.width, f.height, t.signs.ellipsis)
	}
	lines := append(s.table(at, f), "", t.faint.Render(strings.Repeat(t.signs.rule, f.width)))
	return fill(append(lines, clientLines(c, f)...), f.width, f.height, t.signs.ellipsis)
}

func noClients(f frame) []string {
	if !f.data.loaded {
		return []string{"", " Reading the book" + f.theme.signs.ellipsis}
	}
	lines := []string{"", " No client yet.", ""}
	return append(lines, indent1(wrap("A client is your own registration of fettle at a provider: without one nobody can sign in there. "+
		"Press a: fettle shows step by step how to register one, and takes what the provider gives you.", f.width-2))...)
}

// table draws the heads and the window of rows around the cursor.
func (s clientsScreen) table(at int, f frame) []string {
	t, e := f.theme, f.theme.signs.ellipsis
	list := f.data.clients
	const kind, users = 22, 9
	names := max((f.width-kind-users-6)/2, 8)
	head := "  " + pad("PROVIDER", names, e) + " " + pad("CLIENT", names, e) + " " + pad("KIND", kind, e) + " " + pad("ACCOUNTS", users, e)
	lines := []string{t.faint.Render(cut(head, f.width, ""))}
	win := windowOf(s.former, at, len(list), clientRows(f))
	for i := win.from; i < win.to; i++ {
		c := list[i]
		k, _ := kindOf(c.Kind, f.provider(c.Provider))
		pointer := " "
		if i == at {
			pointer = t.signs.pointer
		}
		row := pointer + " " + pad(c.ProviderName, names, e) + " " + pad(c.Label, names, e) + " " + pad(cmp.Or(k.Name, c.Kind, "–"), kind, e) + " " + fmt.Sprintf("%*d", users-1, len(c.UsedBy))
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
	return lines
}

// fact is a name and a value, wrapped beside it.
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
	k, known := kindOf(c.Kind, p)
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

// staleBy counts what would have to be written anew if a client changed: its accounts' canvases.
func staleBy(c accounts.ClientInfo, f frame) []string {
	var canvases []string
	for _, a := range f.data.snapshot.Accounts {
		if !slices.Contains(c.UsedBy, a.Name) {
			continue
		}
		for _, name := range a.Canvases {
			if !slices.Contains(canvases, name) {
				canvases = append(canvases, name)
			}
		}
	}
	slices.Sort(canvases)
	return canvases
}
