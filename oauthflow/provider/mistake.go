package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/lazyregexp"
)

// fieldError is a mistake in one key of an entry.
type fieldError struct {
	key []string
	err error
}

func (e *fieldError) Error() string { return strings.Join(e.key, ".") + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

func wrong(key, format string, args ...any) error {
	return &fieldError{key: strings.Split(key, "."), err: fmt.Errorf(format, args...)}
}

// locate adds file, key and line to an error about an entry.
func locate(file string, text []byte, id string, err error) error {
	var f *fieldError
	if !errors.As(err, &f) {
		return fmt.Errorf("%s: providers.%s: %w", file, id, err)
	}
	key := append([]string{"providers", id}, f.key...)
	if line := lineOf(text, key); line > 0 {
		return fmt.Errorf("%s:%d: %s: %w", file, line, strings.Join(key, "."), f.err)
	}
	return fmt.Errorf("%s: %s: %w", file, strings.Join(key, "."), f.err)
}

var (
	decodeText = lazyregexp.New(`^(?:toml: )?(?:line (\d+))?(?: ?\(last key "(.+?)"\))?: (.*)$`)
	wrongType  = lazyregexp.New(`^incompatible types: TOML value has type (.+); destination has type (.+)$`)
	mismatch   = lazyregexp.New(`^type mismatch for .+: expected (.+) but found (.+)$`)
)

// decodeError brings the decoder's errors, of which some are typed and some are text, into the one form of this package.
func decodeError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	m := decodeText().FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%s: %s", file, text)
	}
	where, what := file, m[3]
	if m[1] != "" {
		where += ":" + m[1]
	}
	// The decoder names the last key it read, which is the one that is wrong or the one before it.
	if m[2] != "" {
		where += ": " + m[2]
	}
	if t := wrongType().FindStringSubmatch(what); t != nil {
		what = fmt.Sprintf("the value is of type %s, and has to be of type %s", tomlType(t[1]), tomlType(t[2]))
	} else if t := mismatch().FindStringSubmatch(what); t != nil {
		what = fmt.Sprintf("the value is of type %s, and has to be of type %s", tomlType(t[2]), tomlType(t[1]))
	}
	return fmt.Errorf("%s: %s", where, what)
}

// tomlType is TOML's name for a type that the decoder calls by Go's.
func tomlType(name string) string {
	switch name {
	case "int64", "int":
		return "integer"
	case "float64":
		return "float"
	case "bool":
		return "boolean"
	}
	return name
}

// lineOf finds where a key is written, 0 if nowhere: the decoder knows lines only of what it fails to read.
// Keys of inline tables are found by the line of the table.
func lineOf(text []byte, key []string) int {
	var table []string
	best, depth := 0, 0
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = splitKey(strings.Trim(strings.SplitN(line, "#", 2)[0], "[] \t"))
			// The nearest table above counts where the key itself is not written: it may be one that is missing.
			if n := len(table); n > depth && n <= len(key) && slices.Equal(table, key[:n]) {
				best, depth = i+1, n
			}
			continue
		}
		name, _, isPair := strings.Cut(line, "=")
		if !isPair {
			continue
		}
		full := append(slices.Clone(table), splitKey(strings.TrimSpace(name))...)
		if n := len(full); n > depth && n <= len(key) && slices.Equal(full, key[:n]) {
			best, depth = i+1, n
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
