package tui

import (
	"fmt"
	"strings"

	"fettle/accounts"
)

// factLines are the facts that need no judgement.
func factLines(a accounts.Account, f frame) []string {
	lines := heading("Facts", "", f.theme)
	add := func(name, value string) { lines = append(lines, fact(name, value, f)...) }
	add("Provider", a.ProviderName)
	add("Services", serviceWords(a))
	add("Identity", identityWords(a))
	add("Client", a.ClientLabel)
	// What a password file holds was erased here: about its tokens the book knows nothing.
	if a.HeldBy() == "" {
		add("Access token", accessWords(a, f))
		add("Refresh token", refreshWords(a))
	}
	add("Authorized", stamp(a.AuthorizedAt, f.now))
	add("Generation", fmt.Sprint(a.Generation))
	for i, holder := range holders(a, f) {
		if i == 0 {
			add("Held by", holder)
			continue
		}
		add("", holder)
	}
	return lines
}

// holders say who uses a credential of this account: the book or a file, and where each token works once the files that
// have credentials of their own under its name.
func holders(a accounts.Account, f frame) []string {
	list := []string{"this book"}
	if file := a.HeldBy(); file != "" {
		list[0] = file
	}
	for _, other := range f.data.snapshot.Accounts {
		if strings.HasPrefix(other.Name, a.Name+"@") && !unfinished(other.ID) { // accounts.DedicatedName
			holder := other.HeldBy()
			if holder == "" {
				holder = "this book, until its file is written"
			}
			list = append(list, other.Name+": "+holder)
		}
	}
	return list
}

// accessWords make no fault of an expired access token: the next job gets another one.
func accessWords(a accounts.Account, f frame) string {
	switch {
	case a.AccessExpiresAt.IsZero():
		return "no expiry stated"
	case a.AccessExpiresAt.After(f.now):
		return "good for " + span(a.AccessExpiresAt.Sub(f.now))
	}
	return "expired " + ago(a.AccessExpiresAt, f.now)
}

// refreshWords say whether a refresh replaces the token: it decides if two holders can share it (RFC 9700 §4.14).
func refreshWords(a accounts.Account) string {
	if !a.HasRefresh {
		return "none: the access token itself is exchanged"
	}
	switch a.Rotation {
	case "none":
		return "kept, stays the same"
	case "replace":
		return "kept, replaced by each refresh"
	}
	return "kept, each one works once"
}
