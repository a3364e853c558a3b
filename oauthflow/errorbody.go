package oauthflow

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
)

// maxDescription is in runes; longer texts are pages, not descriptions.
const maxDescription = 300

// ok reports whether the answer is a success: a 2xx that does not carry an error (GitHub sends those).
func (a *answer) ok() bool {
	return a.status >= 200 && a.status <= 299 && !hasError(a.object["error"])
}

func hasError(v any) bool {
	switch v := v.(type) {
	case string:
		return v != ""
	case map[string]any:
		return len(v) > 0
	case json.Number:
		return v.String() != "0"
	}
	return false
}

// failure turns an answer into an Error. Secrets that were sent are cut out, should the server repeat them.
func (a *answer) failure(place Place, providerID string, secrets []string) *Error {
	// First what the body says, then the header, then the status: each is only asked where the one before was silent.
	e := &Error{Place: place, Provider: providerID, Status: a.status, RetryAfter: retryAfter(a.header)}
	a.readError(e)
	// Microsoft Graph says in the header alone that it wants a fresh sign-in (insufficient_claims).
	switch h := wwwAuthenticateError(a.header.Get("WWW-Authenticate")); {
	case e.Code == "":
		e.Code = h
	case h != "" && !strings.EqualFold(h, e.Code):
		e.Codes = append(e.Codes, h)
	}
	switch {
	// It has spoken for itself.
	case e.Code != "" || e.Description != "":
	case a.status >= 300 && a.status <= 399:
		e.Code, e.Description = CodeRedirected, "the server redirects elsewhere, which is never followed"
	case a.value == nil && a.object == nil && a.status < 300:
		e.Code, e.Description = CodeInvalidResponse, "the server sent "+clean(a.contentKind())
	}
	e.Code, e.Subcode = cleanCode(redact(e.Code, secrets)), cleanCode(redact(e.Subcode, secrets))
	for i := range e.Codes {
		e.Codes[i] = cleanCode(redact(e.Codes[i], secrets))
	}
	e.Codes = slices.DeleteFunc(e.Codes, func(s string) bool { return s == "" })
	e.Description = shorten(clean(redact(e.Description, secrets)))
	return e
}

// readError finds code, subcodes and description in the shapes providers use.
func (a *answer) readError(e *Error) {
	m := a.object
	// Each provider has a shape of its own, and some have two: the token endpoint's and the API's. What they have in common is read
	// here, what they mean is decided in oauthflow/diagnose.
	if list, ok := a.value.([]any); ok && len(list) > 0 { // Salesforce's API: a list of errors
		m, _ = list[0].(map[string]any)
	}
	if m == nil {
		return
	}
	e.Description = firstText(m, "error_description", "message", "Message", "error_summary", "detail")
	e.Subcode = firstText(m, "error_subtype", "suberror", "error_subcode")
	e.Codes = texts(m["error_codes"])
	switch v := m["error"].(type) {
	case string:
		e.Code = v
	case map[string]any:
		nestedError(e, v)
	default:
		e.Code = firstText(m, "errorCode", "code", "serviceErrorCode", "status")
		// LinkedIn sends both.
		if s := firstText(m, "serviceErrorCode"); s != "" && s != e.Code {
			e.Codes = append(e.Codes, s)
		}
		adsError(e, m)
	}
}

// nestedError reads the error objects of Google's and Microsoft's APIs, Meta and Dropbox.
func nestedError(e *Error, m map[string]any) {
	e.Code = firstText(m, "status", "code", ".tag", "type")
	if s := firstText(m, "error_subcode"); s != "" {
		e.Subcode = s
	}
	if s := firstText(m, "message", "error_user_msg"); s != "" {
		e.Description = s
	}
	if s := firstText(m, "type"); s != "" && s != e.Code {
		e.Codes = append(e.Codes, s)
	}
	for _, member := range []string{"errors", "details"} {
		list, _ := m[member].([]any)
		for _, item := range list {
			o, _ := item.(map[string]any)
			e.Codes = append(e.Codes, firstText(o, "reason"))
			googleAdsCodes(e, o)
		}
	}
	if inner, ok := m["innerError"].(map[string]any); ok {
		e.Codes = append(e.Codes, firstText(inner, "code"))
	}
}

// googleAdsCodes reads details[].errors[].errorCode, an object with one member whose value is the code.
func googleAdsCodes(e *Error, detail map[string]any) {
	list, _ := detail["errors"].([]any)
	for _, item := range list {
		o, _ := item.(map[string]any)
		codes, _ := o["errorCode"].(map[string]any)
		for _, v := range codes {
			e.Codes = append(e.Codes, textOf(v))
		}
	}
}

// adsError reads the faults of Microsoft Advertising.
func adsError(e *Error, m map[string]any) {
	for _, member := range []string{"Errors", "OperationErrors"} {
		list, _ := m[member].([]any)
		if len(list) == 0 {
			continue
		}
		o, _ := list[0].(map[string]any)
		e.Code = firstText(o, "ErrorCode", "Code")
		e.Codes = append(e.Codes, firstText(o, "Code"))
		e.Description = firstText(o, "Message")
	}
}

func firstText(m map[string]any, members ...string) string {
	for _, k := range members {
		if s := textOf(m[k]); s != "" {
			return s
		}
	}
	return ""
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s := textOf(e); s != "" && len(out) < 20 {
			out = append(out, s)
		}
	}
	return out
}

var bearerError = lazyregexp.New(`(?i)\berror="?([a-z_]+)`)

func wwwAuthenticateError(header string) string {
	if m := bearerError().FindStringSubmatch(header); m != nil {
		return m[1]
	}
	return ""
}

// redact cuts out what was sent: an error text that repeats a token must not carry it into a log. It does so also as the form
// spelt it: a gateway that complains of a request repeats its body, and Google's tokens hold slashes.
func redact(s string, secrets []string) string {
	for _, secret := range secrets {
		// A shorter one would cut holes into every text.
		if len(secret) < 6 {
			continue
		}
		for _, spelt := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			s = strings.ReplaceAll(s, spelt, "[redacted]")
		}
	}
	return s
}

func clean(s string) string { return safetext.Line(s) }

func shorten(s string) string {
	if r := []rune(s); len(r) > maxDescription {
		return string(r[:maxDescription-1]) + "…"
	}
	return s
}

// cleanCode keeps what codes are made of, so that they can be printed and matched.
func cleanCode(s string) string {
	s = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 80)]
}
