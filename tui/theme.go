package tui

import (
	"fmt"
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"

	"fettle/accounts"
)

// theme is the look: tokens first, the few styles made of them second. It asks the terminal nothing; the
// default uses the sixteen colours that the user's own palette defines.
// A query for the terminal's colours would be answered over SSH when it likes, and in pieces its answer reads as keys.
type theme struct {
	// faint is for what is read second; ok, warn and bad never stand without a sign or a word of the same meaning.
	text, faint, accent, ok, warn, bad, title, key ink
	selected                                       ink
	qr                                             ink // light on dark, whatever the terminal's background is
	signs                                          signs
	ascii                                          bool
}

// asciiText spells the marks that stand in words, each in as many cells; letters of other scripts stay.
var asciiText = strings.NewReplacer("›", ">", "–", "-", "·", "-", "…", "~", "“", `"`, "”", `"`, "’", "'", "→", ">", "↑", "^", "↓", "v", "×", "x")

// spelled is what is drawn, as the terminal can show it.
func (t theme) spelled(content string) string {
	if t.ascii {
		return asciiText.Replace(content)
	}
	return content
}

// ink is a style for text of one line, worked out once: a screen renders a hundred pieces a frame.
// after resets everything, so inks are not put into each other: pieces are rendered one by one and joined.
type ink struct {
	style         lipgloss.Style
	before, after string
}

// newInk renders a letter to find what stands around it: around an empty text nothing does.
func newInk(style lipgloss.Style) ink {
	before, after, _ := strings.Cut(style.Render("x"), "x")
	return ink{style, before, after}
}

// Render returns the text in the ink.
func (i ink) Render(text string) string {
	if text == "" {
		return ""
	}
	return i.before + text + i.after
}

// signs are the marks that say with a shape what colour says too.
// busy is no spinner: frames that only turn wake screen readers, and braille dots mean nothing to them.
type signs struct {
	critical, warning, ok, busy, waiting, unknown string
	pointer, marked, box, ticked                  string
	rule, bar, branch, last                       string
	ellipsis, down                                string
	past, future, point, end                      string
}

var unicodeSigns = signs{
	critical: "✗", warning: "!", ok: "✓", busy: "…", waiting: "»", unknown: "?",
	pointer: "›", marked: "●", box: "☐", ticked: "☑",
	rule: "─", bar: "│", branch: "├ ", last: "└ ", ellipsis: "…", down: "↓",
	past: "━", future: "─", point: "●", end: "◆",
}

// asciiSigns have one cell for a state, as its column does; only boxes and branches are wider.
var asciiSigns = signs{
	critical: "x", warning: "!", ok: "+", busy: "~", waiting: "@", unknown: "?",
	pointer: ">", marked: "*", box: "[ ]", ticked: "[x]",
	rule: "-", bar: "|", branch: "|- ", last: "`- ", ellipsis: "~", down: "v",
	past: "=", future: "-", point: "o", end: "#",
}

// ThemeNames lists what --theme takes.
var ThemeNames = []string{"default", "dark", "light", "contrast"}

// newTheme returns the named theme; ascii replaces every sign by one that any terminal shows.
func newTheme(name string, ascii bool) (theme, error) {
	base := lipgloss.NewStyle()
	fg := func(c color.Color) ink { return newInk(base.Foreground(c)) }
	strong := func(c color.Color) ink { return newInk(base.Foreground(c).Bold(true)) }
	plain, bold := newInk(base), newInk(base.Bold(true))
	t := theme{text: plain, title: bold, selected: newInk(base.Reverse(true)), signs: unicodeSigns}
	t.qr = newInk(base.Foreground(lipgloss.BrightWhite).Background(lipgloss.Black))
	switch name {
	case "", "default":
		t.faint, t.accent = newInk(base.Faint(true)), fg(lipgloss.Cyan)
		t.ok, t.warn, t.bad = fg(lipgloss.Green), fg(lipgloss.Yellow), strong(lipgloss.Red)
	case "dark":
		t.faint, t.accent = fg(lipgloss.Color("#8a8f98")), fg(lipgloss.Color("#7dcfff"))
		t.ok, t.warn, t.bad = fg(lipgloss.Color("#9ece6a")), fg(lipgloss.Color("#e0af68")), strong(lipgloss.Color("#ff7a93"))
	case "light":
		t.faint, t.accent = fg(lipgloss.Color("#5f6670")), fg(lipgloss.Color("#00558f"))
		t.ok, t.warn, t.bad = fg(lipgloss.Color("#2f6b12")), fg(lipgloss.Color("#8a5300")), strong(lipgloss.Color("#b00030"))
	// Without colours at all: shape, weight and inversion only.
	case "contrast":
		t.faint, t.accent, t.qr = plain, bold, plain
		t.ok, t.warn, t.bad = plain, newInk(base.Bold(true).Underline(true)), newInk(base.Bold(true).Reverse(true))
	default:
		return theme{}, fmt.Errorf("theme %q: there are %v", name, ThemeNames)
	}
	t.key = t.accent
	if ascii {
		t.signs, t.ascii = asciiSigns, true
	}
	return t, nil
}

// severity returns the sign and the style of a severity.
func (t theme) severity(s accounts.Severity) (string, ink) {
	switch s {
	case accounts.SeverityCritical:
		return t.signs.critical, t.bad
	case accounts.SeverityWarning:
		return t.signs.warning, t.warn
	case accounts.SeverityOK:
		return t.signs.ok, t.ok
	}
	return t.signs.unknown, t.faint
}
