package diagnose

import (
	"slices"
	"strings"
)

// maxLog is how much of a text is read. Of a longer one it is the end: what stopped a job stands there.
const (
	maxLog   = 256 << 10
	maxLines = 20000
)

// Text reads a message pasted from a job's log, or a whole log.
//
// Nothing in a log says for sure what its words mean, so the bar is higher than for an answer that fettle got
// itself. A code that only OAuth uses ("invalid_grant") counts anywhere; one that other programs use too
// ("access_denied") counts only beside words that speak of OAuth or of a provider, and then as likely; a word of
// a database, a disk or a mail server in the same entry takes the weight from everything that is not such a code.
// What no rule explains is said to be unknown.
func Text(log string) Reading {
	end, skipped := lastOf(narrow(log))
	r := Reading{Shortened: skipped > 0}
	t, err := rules()
	if err != nil || strings.TrimSpace(end) == "" {
		return r
	}
	text, counted := unwrap(end)
	e := t.examine(text, skipped+1)
	// Only where nothing was found: undoing a wrap that is none would glue words that do not belong together.
	if len(e.found) == 0 {
		if joined, ok := rejoin(text); ok { // a terminal cut words in two
			if again := t.examine(joined, 1); len(again.found) > 0 {
				e, counted = again, false
			}
		}
	}
	r.text, r.Facts = e.text, e.facts()
	r.Diagnoses, r.near = e.diagnoses(counted)
	if len(r.Diagnoses) == 0 && len(e.entries) > 0 {
		r.Diagnoses = []Diagnosis{e.unknown()}
	}
	r.RuledOut = ruledOut(r, e)
	return r
}

// narrow makes ASCII of UTF-16, which PowerShell writes its logs in.
func narrow(s string) string {
	s = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "\xff\xfe"), "\xfe\xff"), "\ufeff")
	if strings.Count(s, "\x00") > len(s)/4 {
		return strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// lastOf returns the end of a long text, from a line break on, and how many lines come before it.
func lastOf(log string) (end string, skipped int) {
	start := max(len(log)-maxLog, 0)
	if start > 0 {
		if i := strings.IndexByte(log[start:], '\n'); i >= 0 {
			start += i + 1
		}
	}
	for cut, n := len(log), 0; cut > start; n++ {
		if n == maxLines {
			start = cut + 1
			break
		}
		cut = start + max(strings.LastIndexByte(log[start:cut], '\n'), 0)
	}
	if start == 0 {
		return log, 0
	}
	return log[start:], max(strings.Count(log[:start], "\n"), 1)
}

// rejoin undoes a wrap at a fixed width, which cuts words in two: all lines but the last are as long as one another.
func rejoin(text string) (string, bool) {
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	if len(lines) < 2 || len(lines) > 2000 {
		return text, false
	}
	width := 0
	for _, l := range lines {
		width = max(width, len(strings.TrimRight(l, "\r")))
	}
	var b strings.Builder
	joined := false
	for i, l := range lines {
		l = strings.TrimRight(l, "\r")
		b.WriteString(l)
		if len(l) >= width-1 && i < len(lines)-1 {
			joined = true
			continue
		}
		b.WriteByte('\n')
	}
	return b.String(), joined
}

// Recognises reports whether a text shows that it speaks of this provider. Providers that only a configuration
// knows leave no such mark.
func Recognises(providerID string) bool {
	t, _ := rules() // Text finds nothing in a table that cannot be read, and its test fails
	return slices.ContainsFunc(t.signs, func(s sign) bool { return IsOf(providerID, s.Provider) })
}
