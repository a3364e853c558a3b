package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// store is the provider's whole memory. One mutex guards everything: the decisions that matter
// (a token is used once, a code is redeemed once) are then compare-and-swap by construction.
type store struct {
	opts    Options
	clients map[string]client
	words   map[string]string // service scope → words on the consent page
	key     *ecdsa.PrivateKey

	mu       sync.Mutex
	grants   []*grant
	refresh  map[string]*refreshToken // by hash
	access   map[string]*accessToken  // by id
	requests map[string]*authRequest  // by id
	codes    map[string]*authRequest  // by hash
	devices  map[string]*device       // by device code
	dropped  map[string]bool          // scopes no longer granted, whatever is ticked
	families int                      // grants killed by reuse
}

func newStore(opts Options) (*store, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sandbox: signing key: %w", err)
	}
	s := &store{
		opts: opts, words: map[string]string{}, key: key,
		refresh: map[string]*refreshToken{}, access: map[string]*accessToken{},
		requests: map[string]*authRequest{}, codes: map[string]*authRequest{},
		devices: map[string]*device{}, dropped: map[string]bool{},
	}
	s.clients = s.registeredClients()
	for _, service := range opts.Services {
		for _, p := range service.Permissions {
			s.words[p.Scope] = p.Words
		}
	}
	return s, nil
}

func (s *store) now() time.Time { return s.opts.Clock() }

// ahead is how far the injected clock runs ahead of the wall clock.
func (s *store) ahead() time.Duration {
	return time.Until(s.now()).Round(time.Second)
}

// user finds somebody by e-mail, subject or name; the empty string is the first user.
func (s *store) user(who string) (*User, error) {
	for i := range s.opts.Users {
		u := &s.opts.Users[i]
		if who == "" || who == u.Email || who == u.Subject || who == u.Name {
			return u, nil
		}
	}
	return nil, fmt.Errorf("sandbox: nobody called %q can sign in here", who)
}

// implied scopes are granted with any consent: they have no box on the page.
var implied = []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile, oidc.ScopeOfflineAccess}

// unknown reports whether a scope may not be asked for at all.
func (s *store) unknown(scope string) bool {
	return !slices.Contains(implied, scope) && s.words[scope] == ""
}

func errUnknownScope() error {
	return oidc.ErrInvalidScope().WithDescription("a requested scope is unknown here")
}

// granted is what a consent yields of the scopes that were asked for, in the order they were asked.
func (s *store) granted(asked []string, c Consent) []string {
	scopes := []string{}
	for _, scope := range asked {
		ticked := c.All || slices.Contains(c.Scopes, scope) || slices.Contains(implied, scope)
		if ticked && !s.unknown(scope) && !s.dropped[scope] && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// newSecret is a random value of 256 bits behind a recognisable prefix.
func newSecret(prefix string) string { return prefix + rand.Text() + rand.Text() }

func newID() string { return rand.Text()[:12] }

// hashOf is how secrets are kept: the store never holds their values.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
