package tui

import (
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
)

// TestARevocationThatCannotBeMadeIsNotBegun: the option that is off stays off for enter.
func TestARevocationThatCannotBeMadeIsNotBegun(t *testing.T) {
	t.Parallel()
	m := feed(press(testModel(80, 24, sampleData()), "x"), answer{key: "removal id-sales-ga", value: accounts.RemovalPlan{AccountID: "id-sales-ga", Name: "sales-ga"}})
	m = press(m, "down", "enter")
	if m.front().typing() || !strings.Contains(m.notice.text, "cannot be asked to revoke") {
		t.Errorf("enter on it says %q and shows\n%s", m.notice.text, ansi.Strip(m.content()))
	}
	if m = press(m, "up", "enter"); !m.front().typing() {
		t.Errorf("forgetting is held back too:\n%s", ansi.Strip(m.content()))
	}
}

// TestARemovalThatCannotBePlannedSaysSo instead of looking for ever.
func TestARemovalThatCannotBePlannedSaysSo(t *testing.T) {
	t.Parallel()
	m := feed(press(testModel(80, 24, sampleData()), "x"), answer{key: "removal id-sales-ga", err: errors.New("the disk does not answer")})
	text := seen(m)
	if !strings.Contains(text, "The disk does not answer.") || strings.Contains(text, "Finding out") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	if m = press(m, "enter"); !strings.Contains(m.notice.text, "not known") {
		t.Errorf("enter says %q", m.notice.text)
	}
}
