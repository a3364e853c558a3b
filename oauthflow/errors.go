package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Place names the step of the protocol at which something went wrong.
type Place string

// The places an Error can come from.
const (
	PlaceAuthorize           Place = "authorize"
	PlaceExchange            Place = "exchange"
	PlaceDeviceAuthorization Place = "device_authorization"
	PlaceDevicePoll          Place = "device_poll"
	PlaceRefresh             Place = "refresh"
	PlaceRevoke              Place = "revoke"
	PlaceDiscovery           Place = "discovery"
	PlaceIntrospect          Place = "introspect"
	PlaceUserinfo            Place = "userinfo"
	PlaceAPI                 Place = "api"
)

var placeWords = map[Place]string{
	PlaceAuthorize:           "the sign-in",
	PlaceExchange:            "exchanging the code for a token",
	PlaceDeviceAuthorization: "asking for a device code",
	PlaceDevicePoll:          "waiting for the device sign-in",
	PlaceRefresh:             "refreshing the token",
	PlaceRevoke:              "revoking the token",
	PlaceDiscovery:           "reading the provider's metadata",
	PlaceIntrospect:          "asking for the granted permissions",
	PlaceUserinfo:            "asking who signed in",
	PlaceAPI:                 "calling the API",
}

// Codes that fettle itself gives to answers no RFC has a code for.
const (
	CodeInvalidResponse = "invalid_response" // not what the protocol asks for
	CodeUnknownOrigin   = "unknown_origin"   // a token would have gone where the provider's entry does not say
	CodeRedirected      = "redirected"       // a redirect, which is never followed
	CodeIssuerMismatch  = "issuer_mismatch"  // RFC 9207 or RFC 8414 §3.3
	CodeInvalidIDToken  = "invalid_id_token"
)

// How a flow can end without a token. The provider's answer, if there was one, is the *Error around it.
var (
	ErrExpired = errors.New("the sign-in was not finished in time; start it again")
	ErrDenied  = errors.New("the sign-in was declined")
)

// Error is what a provider, or the network on the way to it, answered instead of what was asked for.
// Nothing in it is raw: codes and description are cleaned for display and hold no secret that was sent.
type Error struct {
	Place    Place
	Provider string // id
	Status   int    // HTTP status, 0 where there was no answer

	Code        string   // RFC 6749 error, or what stands in its place
	Subcode     string   // Google's error_subtype, Meta's error_subcode, Microsoft's suberror
	Codes       []string // Microsoft's error_codes, Google's reasons
	Description string   // at most 300 runes, never a raw body

	RetryAfter time.Duration
	Err        error // the network's error, or ErrDenied, or ErrExpired
}

// Error implements error with one sentence.
func (e *Error) Error() string {
	what := placeWords[e.Place]
	if what == "" {
		what = "the request"
	}
	var b strings.Builder
	if e.Provider != "" {
		b.WriteString(e.Provider + ": ")
	}
	b.WriteString(what + " failed")
	switch {
	case e.Code != "":
		b.WriteString(": " + e.Code)
		if e.Subcode != "" {
			b.WriteString(" (" + e.Subcode + ")")
		}
		if e.Description != "" {
			b.WriteString(": " + e.Description)
		}
	case e.Err != nil:
		b.WriteString(": " + networkWords(e.Err))
	case e.Description != "":
		b.WriteString(": " + e.Description)
	}
	if e.Status != 0 && (e.Status < 200 || e.Status > 299) {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Unwrap returns the error of the network or of the flow.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether trying again later may help: 5xx, 408, 429, a timeout, DNS, a lost connection —
// whatever the body says. It is never true of an answer that decides something.
func (e *Error) Transient() bool {
	if e.Status != 0 {
		return e.Status >= 500 || e.Status == 408 || e.Status == 429
	}
	if e.Err == nil || errors.Is(e.Err, ErrDenied) || errors.Is(e.Err, ErrExpired) || errors.Is(e.Err, context.Canceled) {
		return false
	}
	switch NetworkCause(e.Err) {
	case NetTLS, NetClock, NetTooLarge, NetRefused:
		return false
	}
	return true
}

// asError makes an *Error of what post and token return, which is one already.
func asError(err error, place Place, providerID string) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Place: place, Provider: providerID, Err: err}
}
