package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
)

// TestAPasteIsSeenOnTheSmallestScreen: the box, and what was wrong with what came in.
func TestAPasteIsSeenOnTheSmallestScreen(t *testing.T) {
	t.Parallel()
	m := press(signingIn(testModel(40, 10, sampleData()), browserPrompt), "p")
	if m = write(m, "code"); !strings.Contains(seen(m), "> ****") {
		t.Errorf("the box is not seen:\n%s", ansi.Strip(m.content()))
	}
	m = scenes["authorize-rejected"](testModel(40, 10, sampleData()))
	if !strings.Contains(seen(m), "This is the address to open in a") {
		t.Errorf("what was wrong is not seen:\n%s", ansi.Strip(m.content()))
	}
}

// TestAPasteIsToldOnlyOfItsOwnSignIn: the next one of the same account has had none.
func TestAPasteIsToldOnlyOfItsOwnSignIn(t *testing.T) {
	t.Parallel()
	m := feed(signingIn(testModel(80, 24, sampleData()), browserPrompt), tea.PasteMsg{Content: "http://127.0.0.1:41235/callback?code=x"})
	if !strings.Contains(seen(m), "Pasted 38 characters.") {
		t.Fatalf("the paste is not told:\n%s", ansi.Strip(m.content()))
	}
	again := feed(m, flowEnd(m, accounts.FlowResult{AccountID: "id-sales-ga", Name: "sales-ga", End: accounts.EndPartial, Why: "one permission is missing", Reauthorized: true}))
	again = press(feed(press(again, "enter"), answer{key: "how sales-ga", value: ways}), "enter")
	other := feed(press(m, "w"), answer{key: "other way sales-ga", value: ways})
	for name, m := range map[string]Model{"again": again, "other way": other} {
		m = feed(m, flowNews(m, "sales-ga", accounts.FlowEvent{Kind: accounts.FlowPrompt, Prompt: &browserPrompt}))
		if text := seen(m); !strings.Contains(text, "open the sign-in page") || strings.Contains(text, "Pasted") {
			t.Errorf("%s: the next sign-in shows\n%s", name, ansi.Strip(m.content()))
		}
	}
}
