package tui

import (
	"strings"

	"rsc.io/qr"
)

// qrLines draw a QR code of a short address with half blocks, two rows of it a line. What is light in the code is drawn, with the
// quiet zone that scanners need: without colours it reads right on a dark terminal. nil if there is nothing to draw.
func qrLines(text string) []string {
	// Longer ones need more rows than a terminal has.
	if text == "" || len(text) > 120 {
		return nil
	}
	// The lowest correction: a screen has no dirt, and the code stays small.
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil
	}
	// Half of what the standard asks for, because the screen has few rows.
	const quiet = 2
	light := func(x, y int) bool { return !code.Black(x, y) }
	var lines []string
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var b strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			switch up, down := light(x, y), light(x, y+1); {
			case up && down:
				b.WriteString("█")
			case up:
				b.WriteString("▀")
			case down:
				b.WriteString("▄")
			default:
				b.WriteString(" ")
			}
		}
		lines = append(lines, b.String())
	}
	return lines
}
