package diagnose

import (
	"cmp"
	"strings"

	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
)

// entry is what one call wrote into a log: a line with its stack trace, its JSON, its headers and body.
type entry struct {
	lines []line
	sum   line // what all of them say together; its text is the first one's
	stamp bool // begins with a time
	raw   bool // begins with the status line of an HTTP answer, so that status and body are of one answer
}

const (
	maxPiece      = 4000 // bytes of a line that are read as one; safetext shortens longer ones
	maxEntryLines = 200
)

// stamped recognises the beginnings of log lines: a date, a time of day, a level, a level in brackets.
var stamped = lazyregexp.New(`^(?:\[|\(|<\d+>)?\s?(?:\d{4}[-/]\d\d[-/]\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}|\d\d:\d\d:\d\d|[A-Z][a-z]{2}\s+\d{1,2} \d\d:\d\d|\d{1,2}/[A-Z][a-z]{2}/\d{4}|time=|ts=|\{"(?:time|ts|timestamp|level|@timestamp)")`)

// entriesOf cuts a text into lines and gathers them into entries.
func (t *table) entriesOf(text string, firstLine int) []entry {
	lines := make([]line, 0, min(strings.Count(text, "\n")+1, 1+len(text)/20))
	var entries []entry
	var starts []int // where each entry begins in lines
	depth := 0
	n := firstLine
	for raw, rest, whole := "", text, true; rest != ""; {
		wasWhole := whole
		raw, rest, whole = cutPiece(rest)
		l := line{n: n, text: safetext.Line(raw)}
		if whole {
			n++
		}
		if l.text == "" {
			continue
		}
		// A time begins an entry whatever was open before: a brace that nobody closed must not swallow the log.
		stamp := wasWhole && stampedLine(l.text)
		open := len(starts) > 0 && len(lines)-starts[len(starts)-1] < maxEntryLines
		continues := open && !stamp && !record(l.text, lines[starts[len(starts)-1]].text) &&
			(!wasWhole || depth > 0 || continuation(raw, l.text) || entries[len(entries)-1].raw && inAnswer(l.text))
		if !continues {
			isRaw := strings.HasPrefix(l.text, "HTTP/") || strings.HasPrefix(l.text, "< HTTP/")
			entries, starts = append(entries, entry{stamp: stamp, raw: isRaw}), append(starts, len(lines))
			depth = 0
		}
		t.read(&l) // after the decision, which needs the text only
		lines = append(lines, l)
		depth = max(depth+braces(l.text), 0)
	}
	for i := range entries {
		end := len(lines)
		if i+1 < len(entries) {
			end = starts[i+1]
		}
		entries[i].lines = lines[starts[i]:end:end]
		entries[i].sum = sumOf(entries[i].lines)
	}
	return entries
}

// cutPiece takes the next line off a text, or a piece of a very long one: a whole log can stand in one line of JSON.
func cutPiece(s string) (piece, rest string, whole bool) {
	end := strings.IndexByte(s[:min(len(s), maxPiece+1)], '\n')
	switch {
	case end >= 0:
		return s[:end], s[end+1:], true
	case len(s) <= maxPiece:
		return s, "", true
	}
	if i := strings.LastIndexAny(s[:maxPiece], " ,;"); i > maxPiece/2 {
		return s[:i+1], s[i+1:], false
	}
	return s[:maxPiece], s[maxPiece:], false
}

// braces counts how many more open in a line than close.
func braces(s string) int {
	n := 0
	for i := range len(s) {
		switch s[i] {
		case '{', '[':
			n++
		case '}', ']':
			n--
		}
	}
	return n
}

// sumOf puts together what the lines of an entry say.
func sumOf(lines []line) line {
	s := lines[0]
	for _, l := range lines[1:] {
		if len(l.codes) > 0 {
			s.codes = append(s.codes[:len(s.codes):len(s.codes)], l.codes...)
		}
		if len(l.numbers) > 0 {
			s.numbers = append(s.numbers[:len(s.numbers):len(s.numbers)], l.numbers...)
		}
		s.status = cmp.Or(s.status, l.status)
		s.provider = cmp.Or(s.provider, l.provider)
		s.foreign = cmp.Or(s.foreign, l.foreign)
		s.oauth, s.distinct, s.field = s.oauth || l.oauth, s.distinct || l.distinct, s.field || l.field
	}
	return s
}

// stampedLine asks the pattern only where one of its beginnings stands.
func stampedLine(s string) bool {
	switch c := s[0]; {
	case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', strings.IndexByte("[(<{t ", c) >= 0:
		return stamped().MatchString(s[:min(len(s), 80)])
	}
	return false
}

// record reports whether a line is a JSON log record of its own, after another one.
func record(text, before string) bool {
	return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") && strings.HasPrefix(before, "{")
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
var header = lazyregexp.New(`^(?:< )?[A-Za-z][A-Za-z0-9-]+: `)

// inAnswer reports whether a line can belong to an HTTP answer that began above: in what curl -v or a debugger prints,
// status, headers and body are one message, though nothing indents them.
func inAnswer(text string) bool {
	return header().MatchString(text) || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") || strings.HasPrefix(text, "<") || strings.HasPrefix(text, "error=")
}
