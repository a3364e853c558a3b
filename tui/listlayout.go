package tui

import "strings"

// listAndDetail lays a list and what is under its cursor out: side by side on a wide screen, else one below the
// other, so that what a row has no room for is always there.
func listAndDetail(f frame, list, detail func(f frame) []string) []string {
	if f.wide() {
		return beside(f, list, detail)
	}
	lines := append(list(f), f.theme.faint.Render(strings.Repeat(f.theme.signs.rule, f.width)))
	return append(lines, detail(f)...)
}

// beside gives a list three fifths of the width, for it has the columns, and the rest to what is under its cursor.
func beside(f frame, list, detail func(f frame) []string) []string {
	const bar = 3
	left := f.width * 3 / 5
	right := f.width - left - bar
	return sideBySide(list(f.inner(left, f.height)), left, detail(f.inner(right, f.height)), right, f.height, f.theme)
}

// listRows is how many rows of such a list fit under its heads and the lines above it: half of a narrow screen
// belongs to the detail.
func listRows(f frame, above int) int {
	if f.wide() {
		return max(f.height-above-2, 1)
	}
	return max((f.height-above-3)/2, 1)
}
