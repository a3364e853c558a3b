package accounts

import (
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow/diagnose"
)

// recent is how long an outcome speaks for every caller: so sixty-four of them make one request.
const recent = 30 * time.Second

type wantKind int

const (
	wantFresh wantKind = iota
	wantNot
	wantNow
)

// Want says what a caller needs of a refresh, and so when a token that is already stored will do.
// The zero value wants any token that has not expired.
type Want struct {
	kind  wantKind
	ttl   time.Duration
	hash  string
	force bool
}

// Fresh wants an access token that lasts at least that long.
func Fresh(minTTL time.Duration) Want { return Want{kind: wantFresh, ttl: minTTL} }

// Not wants an access token other than the one with that hash (secret.Text.Hash): a server refused it with 401.
func Not(tokenHash string) Want { return Want{kind: wantNot, hash: tokenHash} }

// Now wants a request to the provider, unless somebody made one meanwhile or within the last 30 s. With
// force the 30 s do not count.
func Now(force bool) Want { return Want{kind: wantNow, force: force} }

// held is what a refresh finds under the account's lock.
type held struct {
	account  store.Account
	record   store.Client // of the client; zero for the one from config.toml
	grant    store.Grant
	secrets  sealedGrant
	intent   *store.Intent
	observed store.Observation // of the last refresh
}

// adopts reports whether what is stored will do, and no request is made. enteredSeq is the grant's seq
// when the caller entered, before it waited for the lock.
func (w Want) adopts(h held, enteredSeq int64, now time.Time) bool {
	if h.secrets.Access.Empty() {
		return false
	}
	switch w.kind {
	case wantFresh:
		return lasts(h.account.AccessExpiresAt, w.ttl, now) ||
			// A token that came a moment ago is as fresh as this provider makes them.
			within(h.account.RefreshedAt, now, recent) && lasts(h.account.AccessExpiresAt, 0, now)
	case wantNot:
		return h.secrets.Access.Hash() != w.hash && lasts(h.account.AccessExpiresAt, 0, now)
	case wantNow:
		return h.grant.Seq != enteredSeq || !w.force && within(h.account.RefreshedAt, now, recent)
	}
	return false
}

// adoptsRefusal reports whether the provider refused this very grant a moment ago: asking again would
// only repeat the answer.
func (w Want) adoptsRefusal(h held, now time.Time) bool {
	return !w.force && refusedGrant(h.observed) && within(h.observed.At, now, recent) &&
		h.observed.At.After(h.account.AuthorizedAt) && h.observed.At.After(h.grant.WrittenAt)
}

// refusedGrant reports an outcome that means the grant is dead, as opposed to a wrong client or a bad network.
func refusedGrant(o store.Observation) bool {
	if o.OK || o.Transient || o.At.IsZero() {
		return false
	}
	return o.Code == codeInvalidGrant || endsGrant(diagnose.Remedy(o.Remedy))
}

const codeInvalidGrant = "invalid_grant"

// endsGrant reports whether only the person signing in again helps.
func endsGrant(r diagnose.Remedy) bool {
	return r == diagnose.Reauthorize || r == diagnose.ReauthorizeInteractively
}

// within reports whether t lies in the last d before now. A time in the future (the clock was put back)
// does not count as recent.
func within(t, now time.Time, d time.Duration) bool {
	return !t.IsZero() && !t.After(now) && now.Sub(t) < d
}

// lasts reports whether a token is good for ttl from now on. One without a stated end is taken to last:
// a caller that is refused comes back with Not.
func lasts(expiresAt time.Time, ttl time.Duration, now time.Time) bool {
	return expiresAt.IsZero() || expiresAt.After(now.Add(max(ttl, 0)))
}
