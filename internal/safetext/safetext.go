package safetext

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// maxRunes is the longest line returned. A name of a megabyte is an attack on the reader, not a name.
const maxRunes = 4096

const ellipsis = "…"

// Line returns s as one line that is safe to print. Tabs and line breaks become a space; those at either end go.
// A line longer than 4096 characters ends in "…". Line(Line(s)) is Line(s).
func Line(s string) string {
	if len(s) <= maxRunes && plain(s) {
		return s
	}
	return string(settle(admit(s, maxRunes)))
}

// Lines returns a pasted text as safe lines, at most limit of them; if there are more, the last one is "…".
// An escape sequence that is not closed ends with its line. A line break at the very end adds no line.
func Lines(s string, limit int) []string {
	lines := []string{}
	for s != "" && limit > 0 {
		if len(lines) == limit {
			lines[limit-1] = ellipsis
			break
		}
		line, rest := cutLine(s)
		lines = append(lines, Line(line))
		s = rest
	}
	return lines
}

// Cut returns Line(s) shortened to at most width terminal cells; what is cut is marked by "…".
func Cut(s string, width int) string {
	if width < 1 {
		return ""
	}
	return Line(displaywidth.TruncateString(Line(s), width, ellipsis)) // again: a cut can part a joiner from its letters
}

// plain reports whether s is printable ASCII, which most text is and which needs no work.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// cutLine splits s after its first line break, which belongs to neither part. CR LF is one break.
func cutLine(s string) (line, rest string) {
	i := strings.IndexFunc(s, isLineBreak)
	if i < 0 {
		return s, ""
	}
	if strings.HasPrefix(s[i:], "\r\n") {
		return s[:i], s[i+2:]
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return s[:i], s[i+size:]
}
