package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestTheTerminalsCursorIsOnTheSelectedRow of lists and of choices, where screen magnifiers look for it, and away
// while a text is typed.
func TestTheTerminalsCursorIsOnTheSelectedRow(t *testing.T) {
	t.Parallel()
	for _, theme := range ThemeNames {
		for name, row := range map[string]string{
			"accounts": "sales-ga", "resources": "Acme Analytics", "canvases": "attic", "packages": "nightly", "clients": "Acme", "activity": "",
			"authorize-provider": "Acme", "authorize-done": "Regenerate", "regenerate-which": "daily-sales", "remove-how": "Forget", "decision": "Keep",
		} {
			m := testModel(80, 24, sampleData())
			m.theme, _ = newTheme(theme, false)
			m = scenes[name](m)
			v := m.View()
			if v.Cursor == nil {
				t.Errorf("%s, %s: there is none", name, theme)
				continue
			}
			line := strings.Split(ansi.Strip(v.Content), "\n")[v.Cursor.Y]
			if !strings.HasPrefix(strings.TrimSpace(line), "›") || !strings.Contains(line, row) {
				t.Errorf("%s, %s: it is on %q", name, theme, line)
			}
		}
	}
	for _, name := range []string{"accounts-filtering", "detail-revoked", "help"} {
		if v := scenes[name](testModel(80, 24, sampleData())).View(); v.Cursor != nil {
			t.Errorf("%s: it is on line %d", name, v.Cursor.Y)
		}
	}
}
