package tui

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// anyText is what names may be made of: any characters, sequences, and letters of the scripts that have to pass.
var anyText = rapid.OneOf(
	rapid.String(),
	rapid.SampledFrom([]string{hostile, "דו״ח המכירות", "حساب المبيعات", "売上アカウント", "👩‍👩‍👧‍👦 ❤️‍🔥 🇮🇱", "é ñ ǎ̃ x̄", strings.Repeat("広", 200), "\x1b]8;;http://x\x07y", "\xff\xfe"}),
)

// TestEveryFrameFitsWhateverTheNames: every screen keeps its shape and obeys nothing, at any size.
func TestEveryFrameFitsWhateverTheNames(t *testing.T) {
	t.Parallel()
	names := make([]string, 0, len(scenes))
	for name := range scenes {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		d := sampleData()
		for i := range d.snapshot.Accounts {
			a := &d.snapshot.Accounts[i]
			a.Identity.Email, a.ProviderName, a.Health.Detail = anyText.Draw(t, "email"), anyText.Draw(t, "provider"), anyText.Draw(t, "detail")
			a.Canvases = []string{anyText.Draw(t, "canvas")}
		}
		d.canvases[0].Name, d.canvases[0].Places[0].Target = anyText.Draw(t, "canvas name"), anyText.Draw(t, "path")
		width, height := rapid.IntRange(1, 160).Draw(t, "width"), rapid.IntRange(1, 50).Draw(t, "height")
		name := rapid.SampledFrom(names).Draw(t, "scene")
		m := scenes[name](testModel(80, 24, withFacts(d)))
		m.width, m.height = width, height
		content := m.View().Content
		lines := strings.Split(content, "\n")
		if len(lines) != height {
			t.Fatalf("%s at %d×%d has %d lines", name, width, height, len(lines))
		}
		for _, l := range lines {
			if w := ansi.StringWidth(l); w > width {
				t.Fatalf("%s at %d×%d has a line of %d cells: %q", name, width, height, w, l)
			}
		}
		if rest := allowed.ReplaceAllString(content, ""); strings.ContainsAny(rest, "\x1b\x07\u202e\u009b") {
			t.Fatalf("%s writes %q", name, rest)
		}
	})
}

// TestHonestTextPasses: the scripts and signs that people use arrive as they are.
func TestHonestTextPasses(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile("../internal/safetext/testdata/unchanged.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(kept)) {
		line = strings.TrimSpace(line)
		if line != safetext.Line(line) { // what is invisible at its ends
			continue
		}
		d := sampleData()
		d.snapshot.Accounts[0].Identity.Email = line
		m := testModel(300, 60, withFacts(d))
		if got := ansi.Strip(press(m, "enter").View().Content); !strings.Contains(got, line) {
			t.Errorf("%q is not shown as it is", line)
		}
	}
}

// TestWashingCopies: what a service shares is never written to, and what is clean is not copied.
func TestWashingCopies(t *testing.T) {
	t.Parallel()
	scopes := []string{"good", "bad\x1b[2J"}
	kept := map[string]string{"k": "v\u202e"}
	in := accounts.Account{Account: store.Account{Granted: scopes, Kept: kept}, Pending: &accounts.PendingFlow{Name: "n\a"}}
	pending := in.Pending
	out := washed(in)
	if out.Granted[1] != "bad" || out.Kept["k"] != "v" || out.Pending.Name != "n" {
		t.Errorf("it washes to %q, %q, %q", out.Granted, out.Kept, out.Pending.Name)
	}
	if scopes[1] != "bad\x1b[2J" || kept["k"] != "v\u202e" || pending.Name != "n\a" {
		t.Error("what was shared was written to")
	}
	if list, ok := washed(any([]string{"x\a"})).([]string); !ok || list[0] != "x" {
		t.Errorf("behind an interface: %q", list)
	}
	if clean := washed(scopes[:1]); &clean[0] != &scopes[0] {
		t.Error("what is clean was copied")
	}
	if a := washed([2]string{"a", "b\a"}); a[1] != "b" {
		t.Errorf("an array: %q", a)
	}
}
