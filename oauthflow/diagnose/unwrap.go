package diagnose

import (
	"html"
	"io"
	"mime/quotedprintable"
	"strings"

	"fettle/internal/lazyregexp"
)

// unwrap takes off what messages are packed in on their way into a log: mail encoding, HTML, escapes of JSON within
// JSON, percent signs of redirects. It keeps line breaks, so that lines can be counted; counted is false where
// mail encoding has broken them anew.
func unwrap(s string) (_ string, counted bool) {
	counted = true
	if decoded, ok := unquote(s); ok {
		s, counted = decoded, false
	}
	if page().MatchString(s) { // not every XML: a SOAP fault says in its tags whose it is
		s = stripTags(s)
	}
	// After the tags, whose ends stand at the beginnings of lines too.
	if strings.Contains(s, ">") { // most logs hold none
		s = quoted().ReplaceAllString(s, "")
	}
	// After the tags: an escaped < is text, and must not become one.
	if strings.Contains(s, "&") {
		s = html.UnescapeString(s)
	}
	if strings.Contains(s, `\`) {
		s = escapes.Replace(s)
	}
	if strings.Contains(s, "%") {
		s = percent(percent(s)) // a redirect within a redirect is encoded twice
	}
	return plus(s), counted
}

// quoted is what a mail program puts before each line of a mail that is answered or passed on.
var quoted = lazyregexp.New(`(?m)^[ \t]{0,3}(?:> ?)+`)

// plus turns the + of a description in a query into the spaces they stand for.
func plus(s string) string {
	const name = "error_description="
	if !strings.Contains(s, name) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.Index(s, name)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(name)
		for end < len(s) && s[end] != '&' && s[end] > ' ' {
			end++
		}
		b.WriteString(s[:i])
		b.WriteString(strings.ReplaceAll(s[i:end], "+", " "))
		s = s[end:]
	}
}

// page recognises HTML.
var page = lazyregexp.New(`(?i)<(?:!doctype html|html|head|body|div|span|title|p|br|h[1-6]|b|pre|table)[ >/]`)

// escapes are those of strings in JSON, also of JSON within JSON.
var escapes = strings.NewReplacer(
	`\\n`, " ", `\\r`, " ", `\\t`, " ", `\\"`, `"`, `\\\"`, `"`,
	`\n`, " ", `\r`, " ", `\t`, " ", `\"`, `"`, `\/`, "/", `\u0022`, `"`, `\u0027`, "'", `\u003d`, "=", `\u0026`, "&",
)

// unquote decodes quoted-printable, which mails about failed jobs come in.
func unquote(s string) (string, bool) {
	soft := strings.Count(s, "=\n") + strings.Count(s, "=\r\n")
	// One = at the end of a line is any shell script; two signs of the encoding are a mail.
	if soft == 0 || soft+strings.Count(s, "=3D")+strings.Count(s, "=20") < 2 {
		return s, false
	}
	decoded, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(s)))
	if err != nil { // it only looked like it: nothing is lost
		return s, false
	}
	return string(decoded), true
}

// stripTags blanks the tags of an HTML page, and what only browsers read.
func stripTags(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 || open+1 == len(s) {
			break
		}
		b.WriteString(s[:open])
		s = s[open:]
		if c := s[1] | 0x20; s[1] != '/' && s[1] != '!' && (c < 'a' || c > 'z') {
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		n := tagLength(s)
		b.WriteByte(' ')
		b.WriteString(strings.Repeat("\n", strings.Count(s[:n], "\n")))
		s = s[n:]
	}
	b.WriteString(s)
	return b.String()
}

// tagLength measures a tag, or a whole script or style sheet. A "<" that nothing closes soon is text.
func tagLength(s string) int {
	for _, name := range []string{"script", "style"} {
		if len(s) > len(name)+1 && strings.EqualFold(s[1:1+len(name)], name) {
			if end := strings.Index(s, "</"+s[1:1+len(name)]); end >= 0 {
				s2 := s[end:]
				return end + max(strings.IndexByte(s2, '>')+1, 1)
			}
		}
	}
	const longest = 4096
	if end := strings.IndexByte(s[:min(len(s), longest)], '>'); end >= 0 {
		return end + 1
	}
	return 1
}

// percent decodes what is encoded and printable, and leaves everything else as it is. Before the path of a URL it
// decodes nothing: a password there must not come apart into what looks like a path and an e-mail address.
func percent(s string) string {
	const ends = "/?# \"'\n"
	var b strings.Builder
	b.Grow(len(s))
	authority := false
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 || i+2 >= len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		if j := strings.LastIndex(s[:i], "://"); j >= 0 {
			authority = !strings.ContainsAny(s[j+3:i], ends)
		} else if authority {
			authority = !strings.ContainsAny(s[:i], ends)
		}
		hi, ok1 := unhex(s[i+1])
		lo, ok2 := unhex(s[i+2])
		if c := hi<<4 | lo; ok1 && ok2 && !authority && c >= ' ' && c <= '~' {
			b.WriteByte(c)
			s = s[i+3:]
			continue
		}
		b.WriteByte('%')
		s = s[i+1:]
	}
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
