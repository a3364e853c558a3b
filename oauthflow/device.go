package oauthflow

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

const (
	defaultInterval  = 5 * time.Second
	minInterval      = time.Second
	maxInterval      = 60 * time.Second
	defaultDeviceTTL = 10 * time.Minute
	maxDeviceTTL     = 24 * time.Hour
	pollGrace        = 5 * time.Second // how long a poll may outlive a cancelled wait

	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
)

// StartDevice makes exactly one device authorization request (RFC 8628 §3.1).
// It is never repeated: most servers forget the first device code with the second request, and the person may be typing the
// first one already.
func StartDevice(ctx context.Context, hc *http.Client, r Request) (*Flow, error) {
	now := clockOr(r.Now)
	f, err := r.newFlow(provider.Device, now())
	if err != nil {
		return nil, err
	}
	if f.Server.Device == "" {
		return nil, &Error{Place: PlaceDeviceAuthorization, Provider: r.Provider.ID, Code: "unsupported_grant_type", Description: "the provider has no device authorization endpoint"}
	}
	// Google's device request takes no secret, though polling needs one; a confidential client elsewhere has to authenticate here
	// too (RFC 8628 §3.1).
	client := r.Client
	if r.Provider.DeviceClientAuth != nil && !*r.Provider.DeviceClientAuth {
		client.Auth = provider.AuthNone
	}
	form := url.Values{}
	if len(r.Scopes) > 0 {
		form.Set("scope", strings.Join(r.Scopes, r.Provider.ScopeSeparator))
	}
	a, secrets, err := post(ctx, hc, PlaceDeviceAuthorization, r.Provider.ID, f.Server.Device, form, client)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, a.failure(PlaceDeviceAuthorization, r.Provider.ID, secrets)
	}
	if what := f.readDevice(a, now()); what != "" {
		e := a.failure(PlaceDeviceAuthorization, r.Provider.ID, append(secrets, a.text("device_code")))
		e.Code, e.Description = CodeInvalidResponse, what
		return nil, e
	}
	// The QR leads where the complete address does, so either may be the one to look out for.
	for _, uri := range []string{f.VerificationURI, f.VerificationURIComplete} {
		if uri != "" && f.ForeignHost == "" && !r.Provider.OwnSite(f.Server.Endpoints, uri) {
			f.ForeignHost = safetext.Host(uri)
		}
	}
	return f, nil
}

// readDevice reads the answer of RFC 8628 §3.2, by Google's spelling too, and says what is wrong with it.
func (f *Flow) readDevice(a *answer, now time.Time) string {
	uri, complete := firstText(a.object, "verification_uri", "verification_url"), firstText(a.object, "verification_uri_complete", "verification_url_complete")
	f.UserCode = clean(a.text("user_code"))
	f.Secrets.DeviceCode = secret.New(a.text("device_code"))
	if a.object == nil {
		return "the server sent " + clean(a.contentKind())
	}
	if f.UserCode == "" || f.Secrets.DeviceCode.Empty() || uri == "" {
		return "the answer lacks device_code, user_code or verification_uri"
	}
	var err error
	if f.VerificationURI, err = safetext.URL(uri); err != nil {
		return "the verification address is not https"
	}
	if complete != "" {
		// a bad one is left out: the plain address and the code are always shown
		f.VerificationURIComplete, _ = safetext.URL(complete)
	}
	// A server that says 0, or nothing, still wants to be left in peace (RFC 8628 §3.2: 5 s); one that says an hour would let the
	// code expire.
	f.Interval = defaultInterval
	if d, ok := seconds(a.object["interval"]); ok {
		f.Interval = clampInterval(d)
	}
	// expires_in is required (RFC 8628 §3.2), and missing at some servers all the same.
	ttl, ok := seconds(a.object["expires_in"])
	if !ok {
		ttl = defaultDeviceTTL
	}
	f.ExpiresAt = now.Add(min(ttl, maxDeviceTTL))
	return ""
}

func clampInterval(d time.Duration) time.Duration { return min(max(d, minInterval), maxInterval) }

// waitDevice polls until the provider decides or the code expires (RFC 8628 §3.4, §3.5).
func waitDevice(ctx context.Context, f *Flow, o WaitOptions) (*Token, error) {
	f.Interval = clampInterval(f.Interval) // a stored flow comes from a file
	slowed := false
	lost := time.Duration(0) // the longer wait after a lost connection, until an answer comes again
	for attempt := 1; ; attempt++ {
		wait := f.Interval
		if slowed { // a clock that runs fast (virtual machines) would be told off again and again
			wait += wait / 2
		}
		wait = max(wait, lost)
		now := o.Now()
		o.report(Event{Kind: Waiting, NextPollAt: now.Add(wait), Attempt: attempt, Interval: f.Interval})
		// The wait is cut at the code's end, so that the person is told when it is over and not a poll later.
		left := f.ExpiresAt.Sub(now)
		if err := sleep(ctx, min(wait, left)); err != nil {
			return nil, err
		}
		// No last poll at the very end: the code is dead for the server by then, and its clock is not ours.
		if left <= wait {
			return nil, expired(PlaceDevicePoll, o.Provider.ID)
		}
		t, answer, err := poll(ctx, f, o)
		if t != nil {
			return t, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// An answer of any kind ends the longer wait of a lost connection.
		v := verdict(o.Provider, err)
		if v != pollLost {
			lost = 0
		}
		switch v {
		case pollPending:
		case pollSlowDown:
			slowed = true
			// RFC 8628 §3.5 adds five seconds, for good; what the answer itself names is taken if it is more.
			f.Interval = clampInterval(f.Interval + 5*time.Second)
			if d, ok := seconds(answer); ok {
				f.Interval = max(f.Interval, clampInterval(d))
			}
			o.report(Event{Kind: SlowedDown, Interval: f.Interval})
		case pollLost:
			// RFC 8628 §3.5 asks for exponential backoff on a connection timeout; the interval itself stays what the server said.
			lost = clampInterval(max(2*wait, err.RetryAfter))
			o.report(Event{Kind: ConnectionLost, Err: err, Interval: lost})
		case pollDeclined:
			return nil, declined(err)
		case pollExpired:
			err.Err = ErrExpired
			return nil, err
		default:
			return nil, err
		}
	}
}

// declined is the person's no in the RFC's word for it, whatever the provider's own is.
func declined(e *Error) *Error {
	if e.Code != "access_denied" { // Microsoft says authorization_declined
		e.Code, e.Subcode = "access_denied", e.Code
	}
	e.Codes = nil // Microsoft's number for it is also that of a dead refresh token
	e.Err = ErrDenied
	return e
}

// poll asks once. Beside the error it returns the answer's interval, which slow_down may carry.
func poll(ctx context.Context, f *Flow, o WaitOptions) (t *Token, interval any, err *Error) {
	// The answer to a poll under way when the wait is cancelled may be the token, which comes only once.
	ctx, cancel := drain(ctx, pollGrace)
	defer cancel()
	form := params(o.Provider.TokenParams)
	form.Set("grant_type", deviceGrant)
	form.Set("device_code", f.Secrets.DeviceCode.Reveal())
	a, secrets, sendErr := post(ctx, o.HTTP, PlaceDevicePoll, o.Provider.ID, f.Server.Token, form, o.Client)
	if sendErr != nil {
		return nil, nil, asError(sendErr, PlaceDevicePoll, o.Provider.ID)
	}
	t, tokenErr := a.token(PlaceDevicePoll, o.Provider, secrets, o.Now())
	if tokenErr != nil {
		return nil, a.object["interval"], asError(tokenErr, PlaceDevicePoll, o.Provider.ID)
	}
	return t, nil, nil
}

type pollVerdict int

const (
	pollFailed pollVerdict = iota // any other code: stop at once
	pollPending
	pollSlowDown
	pollLost
	pollDeclined
	pollExpired
)

// verdict reads a poll's error by RFC 8628's codes and the provider's own. The code decides before the
// status: Google says slow_down with 403, others with 429.
func verdict(p provider.Provider, e *Error) pollVerdict {
	is := func(standard string, own []string) bool {
		return e.Code == standard || slices.Contains(own, e.Code) || e.Subcode != "" && slices.Contains(own, e.Subcode)
	}
	switch {
	// Even with an OAuth error in it: a 5xx body that said invalid_grant has been seen while a server was being restarted.
	case e.Status >= 500:
		return pollLost
	case is("authorization_pending", p.DeviceCodes.Pending):
		return pollPending
	case is("slow_down", p.DeviceCodes.SlowDown):
		return pollSlowDown
	case is("access_denied", p.DeviceCodes.Declined):
		return pollDeclined
	case is("expired_token", p.DeviceCodes.Expired):
		return pollExpired
	case e.Transient():
		return pollLost
	}
	return pollFailed
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
