package tui

import (
	"os"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// combinations are the lists of scopes that screens really have, gathered from every scene.
func combinations() map[string][]scope {
	out := map[string][]scope{}
	for name, build := range scenes {
		sc := build(testModel(80, 24, sampleData())).front().scopes()
		key := name
		for _, s := range sc {
			key += "+" + string(s)
		}
		out[key] = sc
	}
	return out
}

// TestNoTwoActionsOfOneScopeShareAKey and no action is shadowed whole by a more specific scope.
func TestNoTwoActionsOfOneScopeShareAKey(t *testing.T) {
	t.Parallel()
	seen := map[scope]map[string]actionID{}
	for _, a := range actions {
		if seen[a.scope] == nil {
			seen[a.scope] = map[string]actionID{}
		}
		for _, k := range a.keys {
			if other, taken := seen[a.scope][k]; taken {
				t.Errorf("%s: %s means %s and %s", a.scope, k, other, a.id)
			}
			seen[a.scope][k] = a.id
		}
	}
}

// TestEveryActionCanBeReached presses the first key of each action on a screen that has its scope.
func TestEveryActionCanBeReached(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	for _, scopes := range combinations() {
		for _, a := range live(scopes) {
			got, ok := match(keyPress(a.keys[0]), scopes)
			if !ok || got.id != a.id || got.scope != a.scope {
				t.Errorf("%v: %s means %s, not %s", scopes, a.keys[0], got.id, a.id)
				continue
			}
			reached[string(a.scope)+string(a.id)] = true
		}
	}
	for _, a := range actions {
		if !reached[string(a.scope)+string(a.id)] {
			t.Errorf("no screen reaches %s of %s", a.id, a.scope)
		}
		if a.help == "" || a.label == "" {
			t.Errorf("%s says nothing", a.id)
		}
	}
}

// TestDangerAsks: an action that destroys is confirmed by another key.
func TestDangerAsks(t *testing.T) {
	t.Parallel()
	for _, a := range actions {
		if a.danger && a.id != actRemove {
			t.Errorf("%s is dangerous: prove that it asks", a.id)
		}
	}
	m := press(removing(testModel(80, 24, sampleData())), "x", "x", "enter")
	if j, ok := m.jobs.get(jobID{jobRemove, "id-sales-ga"}); ok {
		t.Errorf("x removes without the name: %v", j)
	}
	m = write(m, "sales-ga")
	m = press(m, "enter")
	if _, ok := m.jobs.get(jobID{jobRemove, "id-sales-ga"}); !ok {
		t.Error("the name does not confirm")
	}
}

// TestAKeyThatIsOffSaysWhy on every screen.
func TestAKeyThatIsOffSaysWhy(t *testing.T) {
	t.Parallel()
	for name, build := range scenes {
		m := build(testModel(80, 24, sampleData()))
		if m.front().typing() {
			continue
		}
		for _, a := range live(m.front().scopes()) {
			why, on := a.on(m.front().situation(m.frame()))
			if on {
				continue
			}
			if after := press(m, a.keys[0]); after.notice.text != upperFirst(why)+"." {
				t.Errorf("%s: %s is off and says %q", name, a.keys[0], after.notice.text)
			}
		}
	}
}

// TestOtherLayouts: a key of a Cyrillic layout means what it means on a US one, where the terminal says so.
func TestOtherLayouts(t *testing.T) {
	t.Parallel()
	a, ok := match(tea.KeyPressMsg{Code: 'к', Text: "к", BaseCode: 'r'}, []scope{inAccounts})
	if !ok || a.id != actRefresh {
		t.Errorf("it means %q", a.id)
	}
}

// TestTheKeysPage keeps docs/keys.md true.
func TestTheKeysPage(t *testing.T) {
	t.Parallel()
	const path = "../docs/keys.md"
	if *update {
		if err := os.WriteFile(path, []byte(KeysMarkdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != KeysMarkdown() {
		t.Errorf("%s is not what the table says: run the tests of tui with -update", path)
	}
}

// TestTheFooterFits shows only what is on, whole entries, and help.
func TestTheFooterFits(t *testing.T) {
	t.Parallel()
	for name, build := range scenes {
		for _, width := range []int{40, 60, 80, 200} {
			m := build(testModel(width, 24, sampleData()))
			lines := strings.Split(m.content(), "\n")
			foot := lines[len(lines)-1]
			if !m.front().typing() && !strings.Contains(foot, "help") {
				t.Errorf("%s at %d: no help in %q", name, width, foot)
			}
		}
	}
	if !slices.Contains(ThemeNames, "default") {
		t.Error("there is no default theme")
	}
}
