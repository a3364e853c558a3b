package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// ruledOut says what the text speaks against. Only what was seen counts: that something does not stand in a text
// is said as that and no more.
func ruledOut(r Reading, e *examination) []Exclusion {
	if len(r.Diagnoses) == 0 {
		return nil
	}
	var out []Exclusion
	causes := causesOf(r)
	network := slices.ContainsFunc([]string{"dns", "tls", "proxy", "timeout", "unreachable", "clock_skew", "bad_answer"}, func(c string) bool { return causes[c] })
	// A log may hold a good answer and a later outage: then nothing is excluded.
	if why := e.answered(r); why != "" && !network {
		out = append(out, Exclusion{OfNetwork, why})
	}
	// A text that shows no sign of OAuth at all excludes nothing: it is about something else.
	if !r.Known() && !e.speaksOfOAuth() {
		return out
	}
	remedies := map[Remedy]bool{}
	for _, d := range r.Diagnoses {
		remedies[d.Remedy] = true
	}
	// A quota and a server's fault are answers with a status; without any status nothing is said about them.
	server := slices.ContainsFunc(r.Facts.Statuses, func(s int) bool { return s >= 500 || s == 429 })
	if !remedies[Reauthorize] && !remedies[ReauthorizeInteractively] && !remedies[GrantPermissions] && !causes["access_token_stale"] {
		out = append(out, Exclusion{OfGrant, "No code of a revoked, expired or unused sign-in is in it, such as invalid_grant."})
	}
	if !remedies[GrantPermissions] && !causes["user_account"] && !causes["no_resources"] {
		out = append(out, Exclusion{OfPermissions, "No code of a missing permission is in it, such as insufficient_scope."})
	}
	if !remedies[FixClient] {
		out = append(out, Exclusion{OfClient, "No code of a wrong client id, secret or redirect is in it, such as invalid_client."})
	}
	if !causes["rate_limited"] && !slices.Contains(r.Facts.Statuses, 429) {
		out = append(out, Exclusion{OfRateLimit, "No sign of a quota or of too many requests is in it."})
	}
	if !causes["unreachable"] && !server && len(r.Facts.Statuses) > 0 {
		out = append(out, Exclusion{OfProvider, "No answer in it is a fault of the provider's own (HTTP 500 or above)."})
	}
	return out
}

func causesOf(r Reading) map[string]bool {
	causes := map[string]bool{}
	for _, d := range r.Diagnoses {
		causes[d.Cause] = true
	}
	return causes
}

// answered says why the network is not to blame, if an answer came that no proxy or load balancer on the way writes.
func (e *examination) answered(r Reading) string {
	for i := range e.entries {
		sum := &e.entries[i].sum
		for _, c := range sum.codes {
			// Also of numbers that no rule knows: Microsoft has thousands.
			if e.table.words[strings.ToLower(c)].distinct || strings.HasPrefix(c, "AADSTS") {
				return "The provider answered with a code of its own, so its name, the connection and TLS worked."
			}
		}
	}
	for _, s := range r.Facts.Statuses {
		if s < 500 && s != 407 && s != 408 { // 502 to 504, 407 and 408 are often the proxy's own
			return fmt.Sprintf("A server answered (HTTP %d), so its name, the connection and TLS worked.", s)
		}
	}
	return ""
}

func (e *examination) speaksOfOAuth() bool {
	for i := range e.entries {
		if sum := &e.entries[i].sum; sum.oauth || sum.distinct {
			return true
		}
	}
	return false
}
