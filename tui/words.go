package tui

import (
	"fmt"
	"strings"
	"time"

	"fettle/accounts"
)

// stateWords says an account's state as short as a list needs it, with its age: never a bare green.
// What waits for the operator comes before what is wrong: it is what u does next.
func stateWords(a accounts.Account, now time.Time) string {
	h := a.Health
	if a.Pending != nil {
		return "pending, waits for you"
	}
	if a.Candidate != nil {
		return "waits for your choice"
	}
	switch h.State {
	case accounts.NeedsSignIn:
		return since(causeWord(h.Cause), h.Since, now)
	case accounts.WrongIdentity:
		return "wrong identity"
	case accounts.MissingPermissions:
		if n := len(a.Missing); n > 1 {
			return fmt.Sprintf("%d permissions missing", n)
		}
		return "permission missing"
	case accounts.Blocked:
		return since("blocked", h.Since, now)
	case accounts.Expiring:
		return "dies in " + span(h.DiesAt.Sub(now))
	case accounts.NoResources:
		return "no resources"
	case accounts.Unreachable:
		if h.Since.IsZero() {
			return "unreachable"
		}
		return "unreachable " + span(now.Sub(h.Since))
	case accounts.ToRevoke:
		return "still to revoke"
	case accounts.Unproven:
		// It works in its file, where this book cannot prove it.
		if a.HeldBy() != "" {
			return "held by its file"
		}
		if h.ProvenAt.IsZero() {
			return "never proven"
		}
		return "unproven " + span(now.Sub(h.ProvenAt))
	case accounts.Healthy:
		return "proven " + ago(h.ProvenAt, now)
	}
	return string(h.State)
}

// causeWord is the participle for why a sign-in is needed.
func causeWord(cause string) string {
	switch cause {
	case "revoked", "expired", "interrupted":
		return cause
	case "idle":
		return "died unused"
	case "password":
		return "password changed"
	}
	return "needs sign-in"
}

// since adds an age, where it is known.
func since(word string, t, now time.Time) string {
	if t.IsZero() {
		return word
	}
	return word + " " + ago(t, now)
}

// serviceWords names the services of an account.
func serviceWords(a accounts.Account) string {
	names := make([]string, len(a.ServiceNames))
	for i, s := range a.ServiceNames {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// identityWords names whom the account belongs to.
// The address people know each other by; a subject is only what the provider calls them.
func identityWords(a accounts.Account) string {
	switch {
	case unfinished(a.ID):
		return "–"
	case a.Identity.Email != "":
		return a.Identity.Email
	case a.Identity.Subject != "":
		return a.Identity.Subject
	}
	return "unknown"
}

// count says a number with the right form of its noun.
// For nouns that take an s; canvases are counted apart.
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// jobsLine tells of the work under way in one line, except for the job that the screen shows itself.
func jobsLine(js jobs, here *job, now time.Time, t theme) string {
	var parts []string
	for _, j := range js {
		if !j.running || here != nil && here.id == j.id {
			continue
		}
		line := j.title
		switch {
		case j.stopping:
			line += ", stopping"
		case j.prompt != nil && len(j.checks) == 0:
			line += ": waiting for you"
			if !j.prompt.ExpiresAt.IsZero() {
				line += ", " + countdown(j.prompt.ExpiresAt.Sub(now)) + " left"
			}
		case j.total > 1:
			line += fmt.Sprintf(" %d/%d", j.done, j.total)
		}
		parts = append(parts, line)
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + t.accent.Render(t.signs.busy+" "+strings.Join(parts, " · "))
}

// unstoredWords tell, as loudly as a line can, that a token exists in memory only.
// Ending fettle would lose it, so the line says what not to do too.
func unstoredWords(held []accounts.Unstored) string {
	who := held[0].Account
	if n := len(held) - 1; n > 0 {
		who += fmt.Sprintf(" and %d more", n)
	}
	return "NOT STORED: the new token of " + who + ". " + upperFirst(held[0].Remedy()) + "; keep fettle running."
}
