package diagnose

import (
	"slices"
	"strings"
	"time"

	"fettle/internal/lazyregexp"
)

const (
	maxFacts   = 50  // of each kind
	maxFactLen = 200 // of one
)

// The shapes of client ids. An e-mail and a client id are no secrets: they stand in every authorization URL.
var (
	googleClient = lazyregexp.New(`[0-9]{6,20}-[a-z0-9]{20,40}\.apps\.googleusercontent\.com`)
	namedClient  = lazyregexp.New(`(?i)\b(?:client_?id|app_?id|application_?id|application with identifier|application|consumer_?key)["']?\s{0,2}(?:[=:]|=>|is)?\s{0,2}["'(]?([0-9A-Za-z][0-9A-Za-z._-]{5,150})`)
	guid         = lazyregexp.New(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// facts gathers, with bounds on each kind, what helps to find the account. Patterns run only where a plain search has found their mark.
func (e *examination) facts() Facts {
	f := Facts{Providers: slices.Clone(e.known)}
	// A code or a sentence that only one provider has names it as well as its host would. Those that others may have too, such
	// as PERMISSION_DENIED, are never certain.
	for _, found := range e.found {
		if of := found.rule.Providers; len(of) > 0 && (found.diag.Confidence == Certain || len(found.rule.Log) > 0) {
			f.Providers = once(f.Providers, of[0])
		}
	}
	for i := range e.entries {
		for _, l := range e.entries[i].lines {
			if l.status != 0 {
				f.Statuses = once(f.Statuses, l.status)
			}
			lineFacts(&f, l)
		}
	}
	f.Times = e.times()
	return f
}

func lineFacts(f *Facts, l line) {
	// Google's client ids have a shape of their own and need no name before them.
	if strings.Contains(l.low, ".apps.googleusercontent.com") {
		for _, id := range googleClient().FindAllString(l.low, maxFacts) {
			f.ClientIDs = once(f.ClientIDs, id)
		}
	}
	if len(f.ClientIDs) < maxFacts && (strings.Contains(l.low, "client") || strings.Contains(l.low, "app") || strings.Contains(l.low, "consumer")) {
		for _, m := range namedClient().FindAllStringSubmatch(l.text, maxFacts) {
			// The dot of the sentence that it ends.
			if id := strings.TrimRight(m[1], "."); clientLike(id) {
				f.ClientIDs = once(f.ClientIDs, id)
			}
		}
	}
	for i := strings.IndexByte(l.low, '@'); i >= 0; {
		if mail := emailAt(l.low, i); mail != "" {
			f.Emails = once(f.Emails, mail)
		}
		next := strings.IndexByte(l.low[i+1:], '@')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	for rest := l.low; ; {
		i := strings.Index(rest, "://")
		if i < 0 {
			break
		}
		rest = rest[i+3:]
		if h := hostAt(rest); h != "" {
			f.Hosts = once(f.Hosts, h)
		}
	}
	for _, suffix := range apiSuffixes {
		if i := strings.Index(l.low, suffix); i > 0 {
			start := i
			for start > 0 && hostByte(l.low[start-1]) {
				start--
			}
			f.Hosts = once(f.Hosts, strings.Trim(l.low[start:i+len(suffix)], ".-"))
		}
	}
}

// apiSuffixes end the names of providers' hosts, which messages also write without a scheme.
var apiSuffixes = []string{
	"googleapis.com", "accounts.google.com", "microsoftonline.com", "graph.microsoft.com", "api.bingads.microsoft.com", "facebook.com", "linkedin.com", "dropboxapi.com",
	"salesforce.com", "api.github.com", "snowflakecomputing.com",
}

// clientLike tells a client id from the word that happens to follow "application": a GUID is one (Microsoft), and so is
// what is long enough and holds digits (Meta, LinkedIn, GitHub, Salesforce).
func clientLike(id string) bool {
	if guid().MatchString(id) || strings.HasSuffix(id, ".apps.googleusercontent.com") {
		return true
	}
	return strings.ContainsAny(id, "0123456789") && len(id) >= 8 && !strings.Contains(id, "..")
}

func mailByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._%+-", c) >= 0
}

func hostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-'
}

// emailAt reads the address around an @, "" if there is none.
func emailAt(s string, at int) string {
	start, end := at, at+1
	for start > 0 && mailByte(s[start-1]) && at-start < 64 {
		start--
	}
	for end < len(s) && hostByte(s[end]) && end-at < maxFactLen {
		end++
	}
	domain := strings.TrimRight(s[at+1:end], ".-")
	local := strings.TrimLeft(s[start:at], ".-%")
	if local == "" || !strings.Contains(domain, ".") || inAuthority(s, start) {
		return ""
	}
	return local + "@" + domain
}

// inAuthority reports whether a place lies between the "://" of a URL and its path: what stands before an @ there is a
// user's name and password.
func inAuthority(s string, at int) bool {
	for i := at - 1; i >= max(at-maxFactLen, 2); i-- {
		switch s[i] {
		case ' ', '?', '#':
			return false
		case '/':
			return s[i-1] == '/' && s[i-2] == ':'
		}
	}
	return at > maxFactLen // a word without end: rather no address than a password
}

// hostAt reads the host at the start of what follows "://", without user, port and path.
func hostAt(s string) string {
	end := 0
	for end < len(s) && end < maxFactLen && (hostByte(s[end]) || s[end] == '@' || s[end] == '_') {
		end++
	}
	host := s[:end]
	// The last one: a password may hold an @ of its own.
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if host = strings.Trim(host, ".-"); strings.Contains(host, ".") {
		return host
	}
	return ""
}

func once[T comparable](list []T, v T) []T {
	if len(list) >= maxFacts || slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

var instant = lazyregexp.New(`(20\d\d)[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?(Z| ?[+-]\d\d:?\d\d)?`)

// times reads when the entries that were explained were written; without any, when those at the end were. A time
// without a zone is one of this machine: jobs and fettle run on the same server.
func (e *examination) times() []time.Time {
	var out []time.Time
	add := func(i int) {
		if t, ok := timeIn(e.entries[i].lines[0].text); ok && !slices.ContainsFunc(out, t.Equal) && len(out) < maxFacts {
			out = append(out, t)
		}
	}
	for _, f := range e.found {
		add(f.entry)
	}
	if len(e.found) == 0 {
		for i := max(len(e.entries)-10, 0); i < len(e.entries); i++ {
			add(i)
		}
	}
	return out
}

func timeIn(s string) (time.Time, bool) {
	m := instant().FindStringSubmatch(s[:min(len(s), 300)])
	if m == nil {
		return time.Time{}, false
	}
	day := m[1] + "-" + m[2] + "-" + m[3] + "T" + m[4]
	zone := strings.ReplaceAll(strings.TrimSpace(m[5]), ":", "")
	var t time.Time
	var err error
	switch zone {
	case "":
		t, err = time.ParseInLocation("2006-01-02T15:04:05", day, time.Local)
	case "Z":
		t, err = time.Parse("2006-01-02T15:04:05", day)
	default:
		t, err = time.Parse("2006-01-02T15:04:05-0700", day+zone)
	}
	return t.UTC(), err == nil
}
