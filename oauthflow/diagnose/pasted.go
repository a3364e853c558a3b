package diagnose

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// pasted is a text that may hold secrets. A Reading holds it by a pointer, of which fmt prints no more than the
// address: fmt asks no method of a field that is not exported.
type pasted struct {
	lower string
	words map[string]struct{}
}

func newPasted(lower string) *pasted {
	p := &pasted{lower: lower, words: make(map[string]struct{}, 1024)}
	start := -1
	for i := 0; i < len(lower); {
		in, size := nameByte[lower[i]], 1
		if lower[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(lower[i:])
			in = inName(r)
		}
		switch {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			p.words[lower[start:i]] = struct{}{}
			start = -1
		}
		i += size
	}
	if start >= 0 {
		p.words[lower[start:]] = struct{}{}
	}
	return p
}

// nameByte is inName of ASCII: a log is read byte by byte, and most of it is ASCII.
var nameByte = func() (in [256]bool) {
	for c := range utf8.RuneSelf {
		in[c] = inName(rune(c))
	}
	return in
}()

// inName reports whether a character can be part of a reference name or of a code.
func inName(r rune) bool {
	return r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// mentions looks the first word up before it searches: ten thousand names must not mean as many searches.
func (p *pasted) mentions(name string) bool {
	if p == nil {
		return false
	}
	name = strings.ToLower(strings.TrimSpace(name))
	start := strings.IndexFunc(name, inName)
	if start < 0 {
		return false
	}
	first := name[start:]
	if end := strings.IndexFunc(first, func(r rune) bool { return !inName(r) }); end >= 0 {
		first = first[:end]
	}
	if _, ok := p.words[first]; !ok {
		return false
	}
	return first == name || p.bounded(name)
}

// bounded searches for a name of several words that no letter touches: "weekly sales.acc", but not in "biweekly sales.acc".
func (p *pasted) bounded(name string) bool {
	for from := 0; ; {
		i := strings.Index(p.lower[from:], name)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(p.lower[:i])
		after, _ := utf8.DecodeRuneInString(p.lower[i+len(name):])
		if !inName(before) && !inName(after) {
			return true
		}
		from = i + 1
	}
}
