package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns what compiles the pattern once and then returns it. A pattern that is wrong panics at its first use, as in
// regexp.MustCompile.
func New(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
