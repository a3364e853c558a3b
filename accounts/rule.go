package accounts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/oauthflow/provider"
)

// whyWait says why the candidate may not replace the current grant without the operator, or nothing. A
// first grant has nothing to replace. Trouble that may pass is no reason.
func (c candidate) whyWait(e *examination, now time.Time) string {
	if c.current.Seq == 0 {
		return ""
	}
	if why := c.otherIdentity(); why != "" {
		return why
	}
	// Keeping a dead grant helps nobody, and some providers end the former one with each new sign-in.
	if !c.live(now) || c.provider.Supersedes {
		return ""
	}
	if lost := c.lost(e.missing); len(lost) > 0 {
		return "the new credential lacks what the present one has; " + missingDiagnosis(lost).Title
	}
	if c.account.HasRefresh && !c.facts.HasRefresh {
		return "no refresh token came with the new credential, and the present one has one"
	}
	for _, check := range e.checks {
		if check.ID == CheckProbe && check.State == CheckFailed {
			return fmt.Sprintf("%s refuses the new credential: %s", strings.ToLower(check.Title[:1])+check.Title[1:], check.Detail)
		}
	}
	return ""
}

// otherIdentity compares by subject, never by e-mail. Unknown is never the same: the operator is asked.
func (c candidate) otherIdentity() string {
	former, found := c.account.Identity, c.facts.Identity
	switch {
	case c.facts.SwitchIdentity || found.Same(former):
		return ""
	case found.Known() && former.Known():
		return wrongIdentity(former, found).Title
	case found.Known():
		return fmt.Sprintf("it is not known whom this account belonged to; the new credential belongs to %s", whoIs(found))
	}
	return fmt.Sprintf("%s did not say who signed in, so it cannot be told whether it is the same person as before", c.provider.Name)
}

// live reports whether the current grant may still work.
func (c candidate) live(now time.Time) bool {
	a := c.account
	if isHeld(a) {
		return true
	}
	refused := refusedGrant(c.observed) && !c.observed.At.Before(a.AuthorizedAt)
	if term := c.provider.MaxTerm(); term > 0 && expired(a.AuthorizedAt.Add(term), now) {
		return false
	}
	if !a.HasRefresh && expired(a.AccessExpiresAt, now) {
		return false
	}
	return !refused && !expired(a.RefreshExpiresAt, now)
}

// lost are the required permissions that the current grant has and the candidate has not.
func (c candidate) lost(missing []provider.Permission) []provider.Permission {
	// What both lack is no loss: the account was without it already.
	before := c.provider.Missing(c.facts.Required, c.account.Granted)
	return slices.DeleteFunc(slices.Clone(missing), func(m provider.Permission) bool {
		return slices.ContainsFunc(before, func(b provider.Permission) bool { return b.Scope == m.Scope })
	})
}
