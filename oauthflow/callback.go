package oauthflow

import (
	"crypto/subtle"
	"net/url"
	"strings"

	"fettle/internal/lazyregexp"
	"fettle/oauthflow/provider"
)

// The mistakes a callback or a paste can be rejected for; the wait goes on after each of them.
const (
	MistakeEmpty            = "empty"
	MistakeTooLong          = "too_long"
	MistakeAuthorizationURL = "authorization_url"
	MistakeOtherRedirect    = "other_redirect"
	MistakeWrongState       = "wrong_state"
	MistakeMissingIssuer    = "missing_issuer"
	MistakeForeignIssuer    = "foreign_issuer"
	MistakeMissingCode      = "missing_code"
	MistakeDuplicate        = "duplicate_parameter"
	MistakeProviderError    = "provider_error"
	MistakeNotACode         = "not_a_code"
	MistakeRefusedCode      = "refused_code"
	MistakeUnreachable      = "unreachable"
)

// maxCode bounds an authorization code; real ones have some hundred characters.
const maxCode = 4096

// PasteError says what is wrong with a pasted text, or with a callback, and what to do instead.
type PasteError struct {
	Mistake string // stable identifier
	Hint    string // one sentence for the person
}

// Error implements error.
func (e *PasteError) Error() string { return e.Hint }

func mistake(id, hint string) *PasteError { return &PasteError{Mistake: id, Hint: hint} }

// checkResponse reads the parameters of an authorization response. A *PasteError rejects it and leaves the
// flow as it was; an *Error ends the flow. Nothing but state makes a response trustworthy, so it comes first.
func checkResponse(f *Flow, q url.Values, pasted bool) (code string, err error) {
	for _, name := range []string{"code", "state", "iss", "error"} {
		if len(q[name]) > 1 {
			return "", mistake(MistakeDuplicate, "the address holds "+name+" twice; open the sign-in page again")
		}
	}
	trusted := q.Has("state")
	if !trusted && !pasted || trusted && !sameSecret(q.Get("state"), f.Secrets.State.Reveal()) {
		return "", mistake(MistakeWrongState, "this answer belongs to another sign-in; open the address shown here and paste what that leads to")
	}
	if err := checkIssuer(f, q, pasted); err != nil {
		return "", err
	}
	if q.Get("error") != "" {
		e := responseError(f, q)
		if trusted {
			return "", e
		}
		return "", mistake(MistakeProviderError, "the provider answered "+e.Code+"; open the sign-in page again")
	}
	code = q.Get("code")
	switch {
	case code == "":
		return "", mistake(MistakeMissingCode, "the address holds no code; paste the whole address of the page you ended on")
	case len(code) > maxCode:
		return "", mistake(MistakeTooLong, "the code is too long to be one")
	}
	return strings.ReplaceAll(code, " ", "+"), nil // codes have no spaces; a + that was not escaped became one
}

func sameSecret(a, b string) bool {
	return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// checkIssuer applies RFC 9207 §2.4, to error responses too. Where the provider's issuer is not known the
// response must at least come from the origin of the authorization endpoint.
func checkIssuer(f *Flow, q url.Values, pasted bool) error {
	iss := q.Get("iss")
	if iss == "" {
		if f.Server.IssParameter && !pasted { // a person may paste less than the whole address
			return mistake(MistakeMissingIssuer, "the answer does not say which server it comes from; open the sign-in page again")
		}
		return nil
	}
	// Dropbox, GitHub and Meta name no issuer.
	if f.Server.Issuer == "" {
		if provider.Origin(iss) != provider.Origin(f.Server.Authorization) {
			return mistake(MistakeForeignIssuer, "the answer comes from another server; open the sign-in page again")
		}
		return nil
	}
	if !issuerMatches(f.Server.Issuer, iss) {
		return &Error{Place: PlaceAuthorize, Provider: f.Provider, Code: CodeIssuerMismatch, Description: "the answer comes from " + shorten(clean(iss)) + ", not from " + clean(f.Server.Issuer)}
	}
	return nil
}

// issuerMatches compares code point for code point; {tenantid} stands for one path segment (Microsoft).
func issuerMatches(template, iss string) bool {
	before, after, templated := strings.Cut(template, "{tenantid}")
	if !templated {
		return template == iss
	}
	rest, ok := strings.CutPrefix(iss, before)
	if !ok {
		return false
	}
	tenant, ok := strings.CutSuffix(rest, after)
	return ok && tenant != "" && !strings.ContainsAny(tenant, "/?#")
}

func responseError(f *Flow, q url.Values) *Error {
	e := &Error{
		Place: PlaceAuthorize, Provider: f.Provider, Code: cleanCode(q.Get("error")),
		Subcode: cleanCode(q.Get("error_subtype")), Description: shorten(clean(q.Get("error_description"))),
	}
	if number := aadsts().FindStringSubmatch(e.Description); number != nil {
		e.Codes = []string{number[1]}
	}
	switch e.Code {
	case "access_denied", "user_cancelled_login", "user_cancelled_authorize", "authorization_declined":
		e.Err = ErrDenied
	}
	return e
}

// aadsts is Microsoft's number of an error, which a redirect has in its text alone. It decides: access_denied is
// said of a person who cancels as well as of a policy that only an administrator can change.
var aadsts = lazyregexp.New(`^AADSTS(\d+):`)
