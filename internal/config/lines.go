package config

import (
	"slices"
	"strings"
)

// lineOf finds the line of a key, or of the nearest table above it; 0 if there is none. It reads line by line,
// which is enough for pointing a person at the right place.
func lineOf(text []byte, key []string) int {
	var table []string
	best, depth := 0, 0
	number := 0
	consider := func(path []string) {
		if n := len(path); n > depth && n <= len(key) && slices.Equal(path, key[:n]) {
			best, depth = number, n
		}
	}
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			line, _, _ = strings.Cut(line, "#")
			table = splitKey(strings.Trim(line, "[] \t"))
			consider(table)
			continue
		}
		if name, _, ok := strings.Cut(line, "="); ok {
			consider(append(slices.Clone(table), splitKey(name)...))
		}
	}
	return best
}

func splitKey(s string) []string {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return parts
}
