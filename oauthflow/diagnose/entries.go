package diagnose

import (
	"regexp"
	"strings"

	"fettle/internal/safetext"
)

// entry is what one call wrote into a log: a line with its stack trace, its JSON, its headers and body.
type entry struct {
	lines []line
	stamp bool // begins with a time
}

const (
	maxLineBytes  = 64 << 10 // of a line; the rest is not looked at
	maxEntryLines = 200
)

// stamped recognises the beginnings of log lines: a date, a time of day, a level, a level in brackets.
var stamped = regexp.MustCompile(`^(?:\[|\(|<\d+>)?\s?(?:\d{4}[-/]\d\d[-/]\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}|\d\d:\d\d:\d\d|[A-Z][a-z]{2}\s+\d{1,2} \d\d:\d\d|\d{1,2}/[A-Z][a-z]{2}/\d{4}|time=|ts=|\{"(?:time|ts|timestamp|level|@timestamp)")`)

// entriesOf cuts a text into lines and gathers them into entries.
func (t *table) entriesOf(text string, firstLine int) []entry {
	var all []entry
	depth, http := 0, false
	n := firstLine
	for raw := range strings.SplitSeq(text, "\n") {
		l := line{n: n, text: safetext.Line(raw[:min(len(raw), maxLineBytes)])}
		n++
		if l.text == "" {
			continue
		}
		stamp := stamped.MatchString(l.text)
		open := len(all) > 0 && len(all[len(all)-1].lines) < maxEntryLines
		continues := open && !stamp && !record(l.text, all) && (depth > 0 || continuation(raw, l.text) || http && inAnswer(l.text))
		t.read(&l)
		if continues {
			last := &all[len(all)-1]
			last.lines = append(last.lines, l)
		} else {
			all = append(all, entry{lines: []line{l}, stamp: stamp})
			depth, http = 0, strings.HasPrefix(l.text, "HTTP/") || strings.HasPrefix(l.text, "< HTTP/")
		}
		depth = max(depth+strings.Count(l.text, "{")+strings.Count(l.text, "[")-strings.Count(l.text, "}")-strings.Count(l.text, "]"), 0)
	}
	return all
}

// record reports whether a line is a JSON log record of its own, after another one.
func record(text string, before []entry) bool {
	return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") && len(before) > 0 && strings.HasPrefix(before[len(before)-1].lines[0].text, "{")
}

// continuation reports whether a line goes on with what the line before began.
func continuation(raw, text string) bool {
	if raw[0] == ' ' || raw[0] == '\t' {
		return true
	}
	for _, p := range []string{"at ", "Caused by", "--- ", "... ", "}", "]", ")", `"`, "'", "{", "File ", "during handling", "The above exception", "#"} {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// header is a line of an HTTP answer.
var header = regexp.MustCompile(`^(?:< )?[A-Za-z][A-Za-z0-9-]+: `)

// inAnswer reports whether a line can belong to an HTTP answer that began above.
func inAnswer(text string) bool {
	return header.MatchString(text) || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") || strings.HasPrefix(text, "<") || strings.HasPrefix(text, "error=")
}
