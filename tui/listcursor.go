package tui

// listCursor is a place in a list whose rows come and go: it stays on its item, and where that is gone on its line.
type listCursor struct {
	at     string // ID of the item; "" = the first
	line   int    // where it was last
	former int    // first row drawn when it last moved
}

// row is the row of the cursor among n items.
func (c listCursor) row(n int, id func(i int) string) int {
	if c.line < n && id(c.line) == c.at { // where it was: nothing moved, and ten thousand rows cost one look
		return c.line
	}
	for i := range n {
		if id(i) == c.at {
			return i
		}
	}
	return max(min(c.line, n-1), 0)
}

// moved is the cursor after an action that moves it over n items, of which height are shown.
// Until the first move at is empty: the cursor is on the first row, whatever comes to stand there.
func (c listCursor) moved(action actionID, n, height int, id func(i int) string) listCursor {
	if n == 0 {
		return c
	}
	c.line = moved(c.row(n, id), n, height, action)
	c.former = windowOf(c.former, c.line, n, height).from
	c.at = id(c.line)
	return c
}
