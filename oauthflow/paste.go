package oauthflow

import (
	"net/url"
	"strings"

	"fettle/internal/lazyregexp"
)

// maxPaste bounds a pasted text.
const maxPaste = 16 << 10

// ParsePaste reads what a person copied: the whole address the browser ended on, its query, or the bare
// code, with whatever quotes and line breaks came along. It returns a *PasteError for a mistake, and an
// *Error where the address carries the provider's own refusal of this sign-in.
func ParsePaste(f *Flow, text string) (code string, err error) {
	if len(text) > maxPaste {
		return "", mistake(MistakeTooLong, "this is too long to be an address or a code")
	}
	s := strings.Trim(strings.TrimSpace(joinLines(text)), "\"'`<> \t")
	if s == "" {
		return "", mistake(MistakeEmpty, "nothing was pasted; copy the address of the page you ended on")
	}
	// From the most telling form to the least: an address says what it is, a bare code could be anything.
	if u := f.asRedirect(s); u != nil {
		return parseAddress(f, u)
	}
	if isQuery(s) {
		if _, after, ok := strings.Cut(s, "?"); ok {
			s = after
		}
		q, err := url.ParseQuery(strings.TrimPrefix(strings.ReplaceAll(s, " ", ""), "#"))
		if err != nil {
			return "", mistake(MistakeNotACode, "this cannot be read; copy the whole address of the page you ended on")
		}
		return checkResponse(f, q, true)
	}
	return bareCode(s)
}

var lineBreak = lazyregexp.New(`[ \t]*[\r\n\x{2028}\x{2029}]+[ \t]*|[\x{200b}\x{feff}\x00]`)

// joinLines mends what a terminal broke into lines.
func joinLines(s string) string { return lineBreak().ReplaceAllString(s, "") }

// asRedirect returns the text as an address, nil if it is none. Browsers leave out the scheme.
func (f *Flow) asRedirect(s string) *url.URL {
	if !strings.Contains(s, "://") {
		r, err := url.Parse(f.RedirectURI)
		if err != nil || r.Host == "" || !strings.HasPrefix(strings.ToLower(s), strings.ToLower(r.Host)) {
			return nil
		}
		s = r.Scheme + "://" + s
	}
	u, err := url.Parse(strings.ReplaceAll(s, " ", ""))
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}

func parseAddress(f *Flow, u *url.URL) (string, error) {
	// The likeliest mistake: the address that was shown, pasted back before anybody signed in.
	if sameEndpoint(u, f.AuthorizationURL) || u.Query().Has("response_type") && u.Query().Has("client_id") {
		return "", mistake(MistakeAuthorizationURL, "this is the address to open in a browser; sign in there and paste the address you end on")
	}
	if f.RedirectURI == "" {
		return "", mistake(MistakeOtherRedirect, "paste the code that the page shows, not the page's address")
	}
	if !sameEndpoint(u, f.RedirectURI) {
		return "", mistake(MistakeOtherRedirect, "this address does not begin with "+clean(f.RedirectURI)+"; paste the address of the page you ended on after signing in")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", mistake(MistakeNotACode, "the address is damaged; copy it again as a whole")
	}
	// A browser that was sent on by a script may show the answer behind #.
	if u.RawQuery == "" && strings.Contains(u.Fragment, "=") {
		q, _ = url.ParseQuery(u.EscapedFragment()) // some answer in the fragment; an unreadable one lacks a code
	}
	return checkResponse(f, q, true)
}

// sameEndpoint compares scheme, host and path.
func sameEndpoint(u *url.URL, raw string) bool {
	r, err := url.Parse(raw)
	if err != nil || raw == "" {
		return false
	}
	return u.Scheme == r.Scheme && strings.EqualFold(u.Host, r.Host) && pathOf(u) == pathOf(r)
}

func pathOf(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

var queryStart = lazyregexp.New(`^[^\s?#]*[?#](\w+=)|^(code|state|error|iss|scope)=`)

// isQuery tells a query from a code, which may end in = signs too.
func isQuery(s string) bool { return queryStart().MatchString(s) }

// bareCode reads a code alone. Copied from an address bar it is percent-encoded; a + is a plus.
func bareCode(s string) (string, error) {
	if strings.Contains(s, "%") {
		if dec, err := url.PathUnescape(s); err == nil && !strings.ContainsFunc(dec, notInCode) {
			s = dec
		}
	}
	if len(s) > maxCode {
		return "", mistake(MistakeTooLong, "this is too long to be a code")
	}
	if len(s) < 4 || strings.ContainsFunc(s, notInCode) {
		return "", mistake(MistakeNotACode, "this is neither an address nor a code; copy the whole address of the page you ended on")
	}
	return s, nil
}

func notInCode(r rune) bool { return r <= ' ' || r > '~' }
