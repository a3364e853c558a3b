package oauthflow

import (
	"errors"
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

// How a flow can end without a token. An *Error from the provider matches them with errors.Is.
var (
	ErrExpired      = errors.New("the sign-in was not finished in time; start it again")
	ErrDenied       = errors.New("the sign-in was declined")
	ErrNoRevocation = errors.New("the provider offers no way to revoke a token")
)

// Error is what a provider, or the network on the way to it, answered instead of what was asked for.
type Error struct {
	Place    Place
	Provider string // id
	Status   int    // HTTP status, 0 where there was no answer

	Code        string   // RFC 6749 error, or what stands in its place
	Subcode     string   // Google's error_subtype, Meta's error_subcode, Microsoft's suberror
	Codes       []string // Microsoft's error_codes, Google's reasons
	Description string   // cleaned for display, at most 300 runes, never a raw body

	RetryAfter time.Duration
	Err        error // the network's error, if that is what it was
}
