package diagnose

import "strings"

// line is one line of a text with what its words say.
type line struct {
	n    int    // from 1
	text string // safe to print, escape sequences gone
	low  string // in lower case, spaces single

	codes    []string
	numbers  []string // codes that are numbers, read from fields that hold codes
	status   int
	provider string
	oauth    bool
	foreign  string
	distinct bool // holds a code that nothing but OAuth uses
	field    bool // holds a code in a field named error, as RFC 6749 §5.2 has it
	named    []string
}

// interesting reports whether a line could decide anything. Of a long log a few lines in a thousand are; only they
// meet the rules.
func (l *line) interesting() bool { return len(l.codes)+len(l.numbers) > 0 || l.status != 0 }

// token is a word of a line and what touches it.
type token struct {
	low    string
	before byte // the character before it, 0 at the start
	after  byte
}

// fields are names under which codes stand as numbers: JSON, Python, Node, PHP and query strings all write
// name, some punctuation, number.
var fields = map[string]bool{
	"code": true, "errorcode": true, "error_code": true, "error_codes": true, "errorcodes": true, "subcode": true,
	"error_subcode": true, "errorsubcode": true, "serviceerrorcode": true, "service_error_code": true, "oauthexception": true,
}

// counted are words before "code" that make it another kind of code: "exit code 1", "status code 200".
var counted = map[string]bool{"exit": true, "status": true, "http": true, "return": true, "response": true, "zip": true, "country": true}

// statusFields are names under which an HTTP status stands.
var statusFields = map[string]bool{
	"http": true, "status": true, "statuscode": true, "status_code": true, "httpstatus": true, "http_status": true, "httpcode": true,
	"code": true, "error": true, "response": true, "returned": true, "answered": true, "httperror": true,
}

// reasons are the first words of the phrases that follow a status.
var reasons = map[string]string{
	"bad": "request", "unauthorized": "", "forbidden": "", "too": "many", "internal": "server", "service": "unavailable", "gateway": "time",
}

// read looks every word of a line up.
func (t *table) read(l *line) {
	low := strings.ToLower(l.text) // once: phrases, words and facts are all compared in lower case
	if l.low = low; strings.Contains(low, "  ") || low[0] == ' ' {
		l.low = strings.Join(strings.Fields(low), " ")
	}
	var prev [4]token // newest first
	for i := 0; i < len(low); {
		if !wordByte(low[i]) {
			i++
			continue
		}
		start := i
		for i < len(low) && wordByte(low[i]) {
			i++
		}
		w := token{low: low[start:i]}
		if start > 0 {
			w.before = low[start-1]
		}
		if i < len(low) {
			w.after = low[i]
		}
		t.word(l, w, prev, low[:start], low[i:])
		prev = [4]token{w, prev[0], prev[1], prev[2]}
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// word notes what one word says, beside those before it. before and rest are the line around it.
func (t *table) word(l *line, w token, prev [4]token, before, rest string) {
	if w.low[0] >= '0' && w.low[0] <= '9' { // no word that says something begins with a digit
		if w.before == ':' && l.foreign == "" {
			l.foreign = t.words[":"+w.low].foreign // a port
		}
		l.number(w, prev, rest)
		return
	}
	if digits, ok := strings.CutPrefix(w.low, "aadsts"); ok && isNumber(digits) {
		// Also numbers that no rule knows: they tell the provider, and their page can be named.
		l.oauth, l.provider = true, "microsoft"
		if !inAddress(w, prev[0].low, before) {
			l.codes, l.distinct = append(l.codes, strings.ToUpper(w.low)), true
		}
		return
	}
	m, ok := t.words[w.low]
	if !ok {
		if isTokenWord(w.low) && len(prev[0].low) > 0 && tokenKinds[prev[0].low] {
			l.oauth = true // "refresh token", "access tokens", "bearer token"
		}
		return
	}
	// "invalid_grant=0" counts them.
	if m.code != "" && w.after != '=' && !inAddress(w, prev[0].low, before) {
		l.codes = append(l.codes, m.code)
		l.field = l.field || prev[0].low == "error" && strings.IndexByte(`"'=:`, w.before) >= 0
		l.distinct = l.distinct || m.distinct
	}
	if m.provider != "" && !library(m.provider, rest) {
		if l.provider == "" { // the first one speaks; libraries name their friends after themselves
			l.provider = m.provider
		}
		l.named = append(l.named, m.provider)
	}
	l.oauth = l.oauth || m.oauth
	if m.foreign != "" && l.foreign == "" {
		l.foreign = m.foreign
	}
}

// inAddress reports whether a word is part of an address without being an answer in its query: a page about an error has
// the error's name in its path, a search for it in its query, and neither says that it happened.
func inAddress(w token, field, before string) bool {
	if i := strings.LastIndexAny(before, " \"'<>()"); i >= 0 {
		before = before[i+1:]
	}
	if !strings.Contains(before, "://") {
		return false
	}
	return w.before != '=' || !strings.Contains(field, "error") && !strings.Contains(field, "reason")
}

var tokenKinds = map[string]bool{"refresh": true, "access": true, "bearer": true, "oauth": true, "refreshing": true}

func isTokenWord(w string) bool { return w == "token" || w == "tokens" }

// library reports that a company's name stands in the name of a library everybody uses: com.google.common.
func library(provider, rest string) bool {
	if provider != "google" && provider != "microsoft" {
		return false
	}
	for _, name := range []string{".common.", ".gson", ".protobuf", ".inject", ".guava", "/uuid", "/go-cmp", ".extensions.", ".entityframeworkcore", ".data.", ".aspnetcore."} {
		if strings.HasPrefix(rest, name) {
			return true
		}
	}
	return false
}

// number notes a number that is a status or a code.
func (l *line) number(w token, prev [4]token, rest string) {
	if len(w.low) > 9 || !isNumber(w.low) { // longer ones are ids, times and amounts
		return
	}
	field := prev[0].low
	if (fields[field] && !counted[prev[1].low] || w.before == '#') && len(l.numbers) < 20 {
		l.numbers = append(l.numbers, w.low)
	}
	if len(w.low) != 3 || w.low[0] != '4' && w.low[0] != '5' {
		return
	}
	http := prev[1].low == "http" || prev[2].low == "http" // HTTP/1.1 400
	if statusFields[field] || http || w.before == '(' && w.after == ')' || followsReason(rest) {
		l.status = int(w.low[0]-'0')*100 + int(w.low[1]-'0')*10 + int(w.low[2]-'0')
	}
}

// followsReason reports whether the reason phrase of a status comes next ("403 Forbidden"): a bare number in a log is
// mostly a count of rows.
func followsReason(rest string) bool {
	first, more, _ := strings.Cut(strings.TrimLeft(rest, " :-"), " ")
	second, ok := reasons[strings.Trim(first, `".,:;)`)]
	return ok && strings.HasPrefix(more, second)
}
