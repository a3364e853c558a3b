package lookalike

import (
	"slices"
	"strconv"
)

// Resources sets what the listing at HOST/PATH holds from now on; each item has the provider's own shape.
func (s *Server) Resources(hostPath string, items ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[hostPath] = slices.Clone(items)
}

// leaf cuts a page of a listing: the items from start on, at most size, and where the next page starts, 0 at the end.
// Every provider may give fewer than asked for, so these pages are short.
func leaf(items []any, start string, size int) (some []any, next int) {
	from, err := strconv.Atoi(start)
	if err != nil || from < 0 || from > len(items) {
		from = 0
	}
	to := min(from+size, len(items))
	if to < len(items) {
		next = to
	}
	return items[from:to], next
}
