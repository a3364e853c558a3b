package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
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
