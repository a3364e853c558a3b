package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"fettle/internal/safetext"
)

// emit prints one JSON object on one line. What it is given begins with its format. Errors of the output are looked at once,
// at the end.
func (a *app) emit(v any) error {
	enc := json.NewEncoder(a.stdout)
	// Addresses with & in them shall be copied from the output as they are.
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printf prints a line of the result. Errors of the output are looked at once, at the end.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.stdout, format+"\n", args...) }

// progress prints a line about what is going on, for a person.
func (a *app) progress(format string, args ...any) {
	if !a.quiet.Load() {
		_, _ = fmt.Fprintf(a.stderr, format+"\n", args...) // a terminal that went away stops no work
	}
}

// table prints rows in columns.
func (a *app) table(header string, rows [][]string) {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	if header != "" {
		_, _ = fmt.Fprintln(w, header)
	}
	for _, row := range rows {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a buffer never fails
	// Where a last cell is empty its column is not: no line ends in blanks.
	for line := range strings.Lines(text.String()) {
		a.printf("%s", strings.TrimRight(line, " \n"))
	}
}

// shown makes a text fit for one cell or line: sanitised, cut, never empty.
func shown(s string, width int) string {
	if s = safetext.Cut(s, width); s == "" {
		return "–"
	}
	return s
}

// oneLine is an error as one safe line.
func oneLine(err error) string { return safetext.Line(err.Error()) }

// stamp is a time in JSON: RFC 3339 in UTC, null if it is not known.
type stamp struct{ time.Time }

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	if s.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(s.UTC().Truncate(time.Second).Format(time.RFC3339))
}

// word is a string in JSON that is null where nothing is known.
type word string

// MarshalJSON implements json.Marshaler.
func (w word) MarshalJSON() ([]byte, error) {
	if w == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(w))
}

// list is a list in JSON, never null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// day is a date for a person.
func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}

// moment is a time for a person.
func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// plural counts things in words.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
