package tui

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// cut shortens s to width cells, with the ellipsis where something was left out.
// ansi.Truncate keeps colours and links whole, and never cuts through a wide character.
func cut(s string, width int, ellipsis string) string {
	if width <= 0 {
		return ""
	}
	if cells(s) <= width {
		return s
	}
	return ansi.Truncate(s, width, ellipsis)
}

// cutLeft shortens s from its left end: the end of a path says more than its beginning.
func cutLeft(s string, width int, ellipsis string) string {
	if over := cells(s) - width; over > 0 && width > 0 {
		return cut(ansi.TruncateLeft(s, over+cells(ellipsis), ellipsis), width, "")
	}
	return s
}

// cells is the width of s on the screen. Text of printable ASCII, our own signs and colours, which most of a
// screen is, needs no look at grapheme clusters.
// It is asked for every piece of every row, at every key.
func cells(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= ' ' && c <= '~':
			n++
		case c == '\x1b' && strings.HasPrefix(s[i:], "\x1b["):
			end := strings.IndexByte(s[i:], 'm')
			if end < 0 {
				return ansi.StringWidth(s)
			}
			i += end
		case c == 0xE2: // the first byte of every sign below
			r, size := utf8.DecodeRuneInString(s[i:])
			if !strings.ContainsRune(narrow, r) {
				return ansi.StringWidth(s)
			}
			n++
			i += size - 1
		default:
			return ansi.StringWidth(s)
		}
	}
	return n
}

// narrow are the signs of one cell that stand in almost every line.
const narrow = "─│›…✓✗●–━█▀▄“”"

// pad cuts or fills s to exactly width cells.
func pad(s string, width int, ellipsis string) string {
	s = cut(s, width, ellipsis)
	if gap := width - cells(s); gap > 0 {
		s += strings.Repeat(" ", gap)
	}
	return s
}

// wrap breaks s at words into lines of at most width cells.
// Words that are longer than a line are broken, so that no address runs out of sight.
func wrap(s string, width int) []string {
	if width <= 0 || s == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(s, width, ""), "\n")
}

// paragraph renders wrapped text in one style, line by line so that no style runs over a line's end.
// The renderer compares cell by cell; a style left open would colour what stands beside it.
func paragraph(s string, width int, style ink) []string {
	lines := wrap(s, width)
	for i, l := range lines {
		lines[i] = style.Render(l)
	}
	return lines
}

// paragraphAt is a paragraph whose lines begin with some cells of air.
func paragraphAt(s string, width int, air string, style ink) []string {
	return indented(paragraph(s, width, style), air)
}

func indent(lines []string) []string  { return indented(lines, "   ") }
func indent1(lines []string) []string { return indented(lines, " ") }

// indented writes into the lines it is given: hand it none that somebody keeps.
func indented(lines []string, air string) []string {
	for i := range lines {
		lines[i] = air + lines[i]
	}
	return lines
}

// upperFirst begins a sentence; an address stays as it is spelled.
func upperFirst(s string) string {
	if first, _, _ := strings.Cut(s, " "); strings.Contains(first, "://") {
		return s
	}
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return upperFirst(strings.TrimSuffix(s, ".")) + "."
}

// fill makes lines exactly height lines of exactly width cells: the shape every view returns.
// So nothing of the former frame stays, and parts can be joined side by side without another look at their size.
func fill(lines []string, width, height int, ellipsis string) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	out := make([]string, height)
	for i := range out {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out[i] = pad(line, width, ellipsis)
	}
	return strings.Join(out, "\n")
}

// scrolled shows a long page from line top on, and says that there is more below.
// top may be too large after the page became shorter: its end is shown then.
func scrolled(lines []string, top int, f frame) string {
	shown := slices.Clone(lines[min(top, max(len(lines)-f.height, 0)):])
	if len(shown) > f.height && f.height > 1 {
		shown[f.height-1] = " " + f.theme.faint.Render(f.theme.signs.down+" more")
	}
	return fill(shown, f.width, f.height, f.theme.signs.ellipsis)
}

// sideBySide joins two columns of lines with a bar between them, at least height lines long.
func sideBySide(left []string, leftWidth int, right []string, rightWidth, height int, t theme) []string {
	n := max(len(left), len(right), height)
	at := func(lines []string, i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return ""
	}
	out := make([]string, n)
	for i := range out {
		out[i] = pad(at(left, i), leftWidth, t.signs.ellipsis) + t.faint.Render(" "+t.signs.bar+" ") + pad(at(right, i), rightWidth, t.signs.ellipsis)
	}
	return out
}
