package tui

import (
	"strings"
	"testing"
)

// TestAsciiIsAscii on every screen: a serial console shows anything else as garbage.
func TestAsciiIsAscii(t *testing.T) {
	t.Parallel()
	for name, build := range scenes {
		m := testModel(140, 40, sampleData())
		var err error
		if m.theme, err = newTheme("default", true); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(build(m).View().Content) {
			if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
				t.Errorf("%s: %q", name, line)
			}
		}
	}
}
