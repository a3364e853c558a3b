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

// leaf cuts a page of a listing: the items from start on, and where the next page starts, 0 at the end. Every
// provider may give fewer than asked for, so what the caller asks for does not count.
func (s *Server) leaf(hostPath, start string) (some []any, next int) {
	items := s.items[hostPath]
	from, err := strconv.Atoi(start)
	if err != nil || from < 0 || from > len(items) {
		from = 0
	}
	to := min(from+s.PageSize, len(items))
	if to < len(items) {
		next = to
	}
	return append([]any{}, items[from:to]...), next // never null
}
