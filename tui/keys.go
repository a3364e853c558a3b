package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// match finds the action that a key means in the given scopes: the most specific scope wins, inGlobal
// comes last. The keystroke on a US layout counts too, so that keys work on other layouts where the
// terminal reports it.
// It says nothing of whether the action is on: who presses a key that is off is told why.
func match(k tea.KeyPressMsg, scopes []scope) (action, bool) {
	for _, sc := range append(slices.Clone(scopes), inGlobal) {
		for _, a := range actions {
			if a.scope == sc && a.means(k) {
				return a, true
			}
		}
	}
	return action{}, false
}

// means looks at the US layout only where no modifier is held: with one, the terminal names the key itself.
func (a action) means(k tea.KeyPressMsg) bool {
	return slices.Contains(a.keys, k.String()) || slices.Contains(a.keys, strings.TrimPrefix(k.Keystroke(), "shift+")) && k.Mod == 0
}

// live lists the actions of the scopes in the table's order, each with the keys that a more specific scope
// has not taken; one without any is left out.
// Help and footer are made of it, so neither names a key that would do something else here.
func live(scopes []scope) []action {
	taken := map[string]bool{}
	out := make([]action, 0, len(actions))
	for _, sc := range append(slices.Clone(scopes), inGlobal) {
		for _, a := range actions {
			if a.scope != sc {
				continue
			}
			if slices.ContainsFunc(a.keys, func(k string) bool { return taken[k] }) {
				a.keys = slices.DeleteFunc(slices.Clone(a.keys), func(k string) bool { return taken[k] })
			}
			if len(a.keys) > 0 {
				out = append(out, a)
			}
		}
		for _, a := range out {
			for _, k := range a.keys {
				taken[k] = true
			}
		}
	}
	return out
}

// keyName is a key as people read it.
// The other names are read as Bubble Tea spells them: enter, esc, ctrl+x.
func keyName(k string) string {
	switch k {
	case "pgup":
		return "PgUp"
	case "pgdown":
		return "PgDn"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "right":
		return "→"
	}
	return k
}

// footer shows the keys of the screen in one line: those that are on, as many as fit, and help unless
// keys are text at the moment.
// Only the first key of an action is shown, and what is off is left out: help has the rest, and the reasons.
func footer(scopes []scope, s situation, typing bool, width int, t theme) string {
	const gap = "  "
	help := t.key.Render("?") + t.faint.Render(" help")
	if typing {
		help = ""
	}
	room := width - cells(help) - 1
	var b strings.Builder
	used := 0
	for _, a := range live(scopes) {
		// A key message of nothing but a text is spelled as that text, which is all that ends looks at.
		if a.quiet || a.id == actHelp || typing && !ends(tea.KeyPressMsg{Text: a.keys[0]}) {
			continue
		}
		if _, ok := a.on(s); !ok {
			continue
		}
		entry := t.key.Render(keyName(a.keys[0])) + t.faint.Render(" "+a.label)
		w := cells(entry) + len(gap)
		// The table's order is by use, so what no longer fits matters least.
		if used+w > room {
			break
		}
		b.WriteString(entry + gap)
		used += w
	}
	return " " + b.String() + help
}
