package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
)

// TestAFieldFitsANarrowScreen: nothing is cut off it, and what was typed last is seen, wherever the cursor went.
func TestAFieldFitsANarrowScreen(t *testing.T) {
	t.Parallel()
	const long = "/srv/automation/canvases/reports/of/the/north/END"
	for name, build := range scenes {
		m := build(testModel(80, 24, sampleData()))
		m.width = 40
		if !m.front().typing() {
			continue
		}
		for _, move := range []string{"end", "home", "left"} {
			m = press(write(m, long), move)
			for _, l := range strings.Split(ansi.Strip(m.content()), "\n") {
				if strings.HasPrefix(l, " > ") && strings.HasSuffix(l, "…") {
					t.Errorf("%s, after %s: the field is cut: %q", name, move, l)
				}
			}
		}
	}
	for _, scene := range []string{"accounts-filtering", "canvas-file", "client-form", "authorize-name", "diagnose-typed"} {
		m := scenes[scene](testModel(80, 24, sampleData()))
		m.width = 40
		if text := seen(write(m, long)); !strings.Contains(text, "END") {
			t.Errorf("%s hides what is typed: %s", scene, text)
		}
	}
}

// TestACopiedLineBreakIsNoBlank: a passphrase that was copied with the end of its line is that passphrase.
func TestACopiedLineBreakIsNoBlank(t *testing.T) {
	t.Parallel()
	m := testModel(80, 24, sampleData())
	m.stack = []screen{newFirstRun()}
	m = press(paste(press(m, "enter"), "two words \r\n"), "enter")
	m = press(write(m, "two words "), "enter")
	made, _ := m.jobs.get(vaultJob)
	if in, ok := made.want.(setupVault); !ok || in.passphrase.Reveal() != "two words " {
		t.Errorf("the vault is made with %T, and the page says\n%s", made.want, ansi.Strip(m.content()))
	}
	m = scenes["unlock"](testModel(80, 24, sampleData()))
	m = press(paste(m, "secret\n"), "enter")
	opened, _ := m.jobs.get(vaultJob)
	if in, ok := opened.want.(unlockVault); !ok || in.passphrase.Reveal() != "secret" {
		t.Errorf("%T opens the vault with another passphrase than was copied", opened.want)
	}
	m = press(paste(removingConfirm(), "sales-ga\n"), "enter")
	if j, _ := m.jobs.get(jobID{jobRemove, "id-sales-ga"}); !j.running {
		t.Error("a copied name does not confirm")
	}
}

// TestAnOpenPasteBoxEndsWithItsSignIn: the sign-in ended by its listener meanwhile, so keys mean what the page says again.
func TestAnOpenPasteBoxEndsWithItsSignIn(t *testing.T) {
	t.Parallel()
	m := write(press(signingIn(testModel(80, 24, sampleData()), browserPrompt), "p"), "http://127")
	if !m.front().typing() {
		t.Fatal("the paste box is not open")
	}
	m = feed(m, flowEnd(m, accounts.FlowResult{AccountID: "id-sales-ga", Name: "sales-ga", End: accounts.EndAuthorized, Reauthorized: true}))
	if m.front().typing() {
		t.Error("the page of the end still takes text")
	}
	if m = press(m, "enter"); m.front().title(m.frame()) == "Update sales-ga" {
		t.Errorf("enter does nothing:\n%s", seen(m))
	}
}
