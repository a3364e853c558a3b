package tui

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

var update = flag.Bool("update", false, "write the golden files anew")

// looks are the renderings of every scene that stay under watch.
var looks = []struct {
	theme         string
	width, height int
	noColor       bool
}{
	{"default", 80, 24, true},
	{"dark", 80, 24, false},
	{"light", 80, 24, false},
	{"default", 140, 40, true},
	{"dark", 140, 40, false},
	{"light", 140, 40, false},
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for name, build := range scenes {
		for _, l := range looks {
			m := testModel(l.width, l.height, sampleData())
			look, err := newTheme(l.theme, false)
			if err != nil {
				t.Fatal(err)
			}
			m.theme = look
			got := build(m).View().Content
			suffix := l.theme
			if l.noColor {
				got, suffix = withoutColor(t, got), "nocolor"
			}
			compare(t, filepath.Join("testdata", "golden", fmt.Sprintf("%s-%dx%d-%s.txt", name, l.width, l.height, suffix)), got)
		}
	}
}

// withoutColor is what leaves the program under NO_COLOR: no colour, attributes kept.
func withoutColor(t *testing.T, s string) string {
	t.Helper()
	var out bytes.Buffer
	w := colorprofile.Writer{Forward: &out, Profile: colorprofile.ASCII}
	if _, err := w.WriteString(s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	got += "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the tests with -update once", err)
	}
	if string(want) != got {
		t.Errorf("%s differs from what is drawn now:\n%s", path, ansi.Strip(got))
	}
}

// TestEveryFrameFits proves the shape of every scene at every size: exactly the height, no line wider
// than the width, no panic at nothing.
func TestEveryFrameFits(t *testing.T) {
	t.Parallel()
	sizes := [][2]int{{0, 0}, {1, 1}, {20, 6}, {40, 10}, {60, 15}, {80, 24}, {119, 30}, {120, 40}, {200, 60}}
	for name, build := range scenes {
		for _, size := range sizes {
			m := build(testModel(80, 24, sampleData()))
			m.width, m.height = size[0], size[1]
			content := m.View().Content
			if size[0] == 0 {
				continue
			}
			lines := strings.Split(content, "\n")
			if len(lines) != size[1] {
				t.Errorf("%s at %v has %d lines", name, size, len(lines))
			}
			for i, l := range lines {
				if w := ansi.StringWidth(l); w > size[0] {
					t.Errorf("%s at %v: line %d is %d cells wide: %q", name, size, i, w, ansi.Strip(l))
				}
			}
		}
	}
}
