package accounts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// causeInterrupted is the cause of an account whose provider rotated the refresh token in an answer that never arrived.
const causeInterrupted = "interrupted"

// settle looks at the trace an earlier refresh left behind. Its writer is gone: it held the lock that is
// held here. It leaves r.open set where the request has to be repeated to know; that one is the retry.
func (r *refresh) settle(ctx context.Context) {
	if r.intent == nil {
		return
	}
	same := r.intent.TokenHash == r.secrets.spent(r.provider).Hash()
	if same && r.account.Rotation == provider.RotationSingleUse {
		r.open = r.intent
		return
	}
	// Either the answer was stored, or a new grant was, or using the token did not use it up.
	err := r.book.cfg.Store.Update(ctx, func(w store.Writer) error { return w.DeleteIntent(r.account.ID) })
	if err == nil {
		r.out.Settled = fmt.Sprintf("the refresh interrupted at %s did no harm", clock(r.intent.At))
	} // otherwise the trace stays for the next refresh
}

// interrupted names a loss: the token was used up by a request whose answer never arrived.
func interrupted(at time.Time, refusal diagnose.Diagnosis) diagnose.Diagnosis {
	remedy := refusal.Remedy
	if !endsGrant(remedy) {
		remedy = diagnose.Reauthorize
	}
	return diagnose.Diagnosis{
		Cause: causeInterrupted, Remedy: remedy, Confidence: diagnose.Likely,
		Title: "Refresh interrupted at " + clock(at),
		Explanation: fmt.Sprintf("A refresh was cut off at %s after its request had been sent. The provider gave out a new refresh token in the answer "+
			"that never arrived and has ended the old one. Sign in again.", at.UTC().Format(timeLayout)),
		Evidence: refusal.Evidence,
	}
}

// clock is a time of day as the person reads it on this machine.
func clock(t time.Time) string { return t.Local().Format("15:04") }

// mayHaveArrived reports whether a failed request may have been carried out all the same, its answer lost:
// a strict provider has then used the token up.
func mayHaveArrived(err error) bool {
	if e, ok := errors.AsType[*oauthflow.Error](err); ok {
		switch {
		case e.Code == oauthflow.CodeInvalidResponse: // an answer that cannot be read may have held a token
			return true
		case e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout, e.Code != "" && e.Status < 500:
			return false // refused, be it in a 200 answer
		}
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && (dial.Op == "dial" || dial.Op == "proxyconnect") {
		return false
	}
	_, dns := errors.AsType[*net.DNSError](err)
	_, cert := errors.AsType[*tls.CertificateVerificationError](err)
	return !dns && !cert
}
