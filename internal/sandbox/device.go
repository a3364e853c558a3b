package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// device is one device authorization, from the request to the redeemed code.
type device struct {
	client, userCode string
	scopes           []string
	expires          time.Time
	interval         time.Duration
	polled           time.Time // on the injected clock
	polledWall       time.Time // on the wall clock

	user    *User // set by approval
	granted []string
	denied  bool
	used    bool
}

// slower is what RFC 8628 §3.5 makes a client add after each slow_down.
const slower = 5 * time.Second

var (
	errNoUserCode = errors.New("this code is unknown or expired; ask the program for a new one")
	errAnswered   = errors.New("this code was already answered")
)

// StoreDeviceAuthorization keeps a new request. The library's expiry is on the wall clock, so ours is used instead.
func (s *store) StoreDeviceAuthorization(_ context.Context, clientID, deviceCode, userCode string, _ time.Time, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for code, d := range s.devices {
		if d.userCode == normalCode(userCode) {
			return op.ErrDuplicateUserCode
		}
		// Kept an hour longer than it lives, so that a late poll hears expired_token.
		if s.now().After(d.expires.Add(time.Hour)) {
			delete(s.devices, code)
		}
	}
	s.devices[deviceCode] = &device{
		client: clientID, userCode: normalCode(userCode), scopes: scopes,
		expires: s.now().Add(s.opts.DeviceTTL), interval: s.opts.Interval,
	}
	return nil
}

// GetDeviceAuthorizatonState is the library's own poll, which cannot say slow_down; poll replaces it.
func (s *store) GetDeviceAuthorizatonState(ctx context.Context, clientID, deviceCode string) (*op.DeviceAuthorizationState, error) {
	_, state, err := s.poll(ctx, clientID, deviceCode)
	return state, err
}

// poll answers one poll: the state to issue tokens from, or the error to say.
func (s *store) poll(_ context.Context, clientID, deviceCode string) (*device, *op.DeviceAuthorizationState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[deviceCode]
	switch {
	case d == nil || d.client != clientID:
		return nil, nil, oidc.ErrInvalidGrant().WithDescription("the device code is unknown")
	case d.used:
		return nil, nil, oidc.ErrInvalidGrant().WithDescription("the device code was used before")
	case d.denied:
		return nil, nil, oidc.ErrAccessDenied()
	case s.now().After(d.expires):
		return nil, nil, oidc.ErrExpiredDeviceCode()
	case d.user == nil && s.tooFast(d):
		d.interval += slower
		return nil, nil, oidc.ErrSlowDown()
	case d.user == nil:
		return nil, nil, oidc.ErrAuthorizationPending()
	}
	return d, &op.DeviceAuthorizationState{
		ClientID: clientID, Scopes: s.withOffline(d.granted), Expires: d.expires, Done: true,
		Subject: d.user.Subject, AMR: []string{"pwd"}, AuthTime: s.now().Add(-s.ahead()),
	}, nil
}

// tooFast notes a poll and reports whether it came too soon on both clocks: a test with an injected
// clock moves that one, a client that really waits moves the other. A tenth is allowed for jitter.
func (s *store) tooFast(d *device) bool {
	now, wall := s.now(), time.Now()
	least := d.interval - d.interval/10
	fast := !d.polledWall.IsZero() && now.Sub(d.polled) < least && wall.Sub(d.polledWall) < least
	d.polled, d.polledWall = now, wall
	return fast
}

// withOffline makes the library ask for a refresh token: device grants get one without asking.
func (s *store) withOffline(scopes []string) []string {
	if s.dropped[oidc.ScopeOfflineAccess] {
		return scopes
	}
	return append([]string{oidc.ScopeOfflineAccess}, scopes...)
}

func (s *store) redeemDevice(d *device) (*grant, error) {
	if d == nil || d.used {
		return nil, oidc.ErrInvalidGrant().WithDescription("the device code was used before")
	}
	d.used = true
	return s.newGrant("device", d.user, d.client, d.granted), nil
}

// byUserCode finds a request that waits for an answer, whatever dash and case the person typed.
func (s *store) byUserCode(userCode string) (*device, error) {
	code := normalCode(userCode)
	if code == "" {
		return nil, errNoUserCode
	}
	for _, d := range s.devices {
		if d.userCode != code || s.now().After(d.expires) {
			continue
		}
		if d.user != nil || d.denied {
			return nil, errAnswered
		}
		return d, nil
	}
	return nil, errNoUserCode
}

// asked is what the consent page shows for a user code.
func (s *store) asked(userCode string) (clientID string, scopes []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.byUserCode(userCode)
	if err != nil {
		return "", nil, err
	}
	return d.client, d.scopes, nil
}

// decideDevice answers a device request once; a nil user is a refusal.
func (s *store) decideDevice(userCode string, user *User, c Consent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.byUserCode(userCode)
	if err != nil {
		return fmt.Errorf("sandbox: device code: %w", err)
	}
	if user == nil {
		d.denied = true
		return nil
	}
	d.user, d.granted = user, s.granted(d.scopes, c)
	return nil
}

// normalCode keeps the letters and digits of a user code, in capitals.
func normalCode(code string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}
