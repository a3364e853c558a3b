package tui

// window is the part of a long list that is shown: pure arithmetic over a count, a cursor and a height.
// 10,000 rows cost what 40 cost.
type window struct{ from, to int }

// windowOf returns the rows to draw so that the row under the cursor is among them, keeping the former
// first row where it can.
func windowOf(former, cursor, count, height int) window {
	if height <= 0 || count == 0 {
		return window{}
	}
	from := min(former, max(count-height, 0))
	switch {
	case cursor < from:
		from = cursor
	case cursor >= from+height:
		from = cursor - height + 1
	}
	from = max(from, 0)
	return window{from, min(from+height, count)}
}

// moved is the cursor after a move, kept within count rows.
func moved(cursor, count, height int, id actionID) int {
	switch id {
	case actUp:
		cursor--
	case actDown:
		cursor++
	case actPageUp:
		// A line of the former page stays, to find one's place by.
		cursor -= max(height-1, 1)
	case actPageDn:
		cursor += max(height-1, 1)
	case actTop:
		cursor = 0
	case actBottom:
		cursor = count - 1
	}
	// Also for other actions: a list that became shorter takes the cursor along.
	return max(min(cursor, count-1), 0)
}
