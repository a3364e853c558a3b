package accounts

import (
	"fmt"
	"slices"
	"time"

	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// How far this machine's clock may be off. Beyond the first, tokens seem to last longer or shorter than they do; beyond
// the second, nothing that is written down about an account is true, and servers refuse signed times.
const (
	skewTold    = time.Minute
	skewTooMuch = time.Hour
)

// Ladder lists the rungs that Verify climbs for an account of these services, in order: a screen shows them before
// they are reached. They carry no state yet.
func Ladder(p provider.Provider, services []string) []Check {
	rungs := []Check{
		{ID: CheckStore, Title: "Stored credential"}, {ID: CheckDNS, Title: "Name of the server"}, {ID: CheckProxy, Title: "Proxy"},
		{ID: CheckConnect, Title: "Connection"}, {ID: CheckTLS, Title: "Certificate"}, {ID: CheckClock, Title: "Clock"},
		{ID: CheckRefresh, Title: "Refresh"}, {ID: CheckPermissions, Title: "Permissions"}, {ID: CheckIdentity, Title: "Identity"},
	}
	for _, id := range services {
		if svc, ok := p.Services[id]; ok && (svc.Probe.URL != "" || svc.Probe.Blocked != "") {
			rungs = append(rungs, Check{ID: CheckProbe, Service: id, Title: "Access to " + svc.Name})
		}
	}
	for _, id := range services {
		if svc, ok := p.Services[id]; ok && (svc.Resources.URL != "" || svc.Resources.Blocked != "") {
			rungs = append(rungs, Check{ID: CheckResources, Service: id, Title: "Resources of " + svc.Name})
		}
	}
	return rungs
}

// firstFailure is the lowest rung that failed; a warning counts where nothing failed.
func firstFailure(checks []Check) *Check {
	for _, state := range []CheckState{CheckFailed, CheckWarning} {
		// The first one is the cause; what failed above it is mostly its consequence.
		if i := slices.IndexFunc(checks, func(c Check) bool { return c.State == state }); i >= 0 {
			return &checks[i]
		}
	}
	return nil
}

// skipped are the rungs above the one that stopped the climb.
func skipped(ladder, climbed []Check) []Check {
	because := "not looked at"
	if c := firstFailure(climbed); c != nil {
		because = fmt.Sprintf("skipped because of “%s”", c.Title)
	}
	var rest []Check
	for _, rung := range ladder {
		if !slices.ContainsFunc(climbed, func(c Check) bool { return c.ID == rung.ID && c.Service == rung.Service }) {
			rung.State, rung.Detail = CheckSkipped, because
			rest = append(rest, rung)
		}
	}
	return rest
}

// stageChecks are the rungs of the way to the server, in order.
var stageChecks = []struct {
	id    CheckID
	stage oauthflow.Stage
}{
	{CheckDNS, oauthflow.StageDNS}, {CheckProxy, oauthflow.StageProxy}, {CheckConnect, oauthflow.StageConnect}, {CheckTLS, oauthflow.StageTLS},
}

// wayChecks puts the way to the token endpoint into rungs. They end at the first that failed.
func wayChecks(w oauthflow.Way, providerID string) []Check {
	var checks []Check
	for _, s := range stageChecks {
		c := Check{ID: s.id, Title: titleOf(s.id), State: CheckOK}
		// Later stages were never reached, so nothing is said about them here.
		if w.Failed == s.stage {
			d := diagnose.Of(w.Err, diagnose.Hints{Provider: providerID})
			c.State, c.Detail, c.Diagnosis = CheckFailed, d.Title, &d
			// Which proxy: it may come from a variable that the operator does not know is set.
			if s.id == CheckProxy {
				c.Detail += " (" + w.Proxy + ")"
			}
			return append(checks, c)
		}
		c.Detail = wayDetail(s.id, w)
		checks = append(checks, c)
	}
	return append(checks, clockCheck(w))
}

func titleOf(id CheckID) string {
	for _, rung := range Ladder(provider.Provider{}, nil) {
		if rung.ID == id {
			return rung.Title
		}
	}
	return string(id)
}

func wayDetail(id CheckID, w oauthflow.Way) string {
	switch {
	case id == CheckDNS && w.Proxy != "":
		return "left to the proxy"
	case id == CheckDNS:
		return w.Host + " is known"
	case id == CheckProxy && w.Proxy == "":
		return "none is used"
	case id == CheckProxy:
		return w.Proxy + " lets through"
	case id == CheckConnect && w.Address != "":
		return "open to " + w.Address
	case id == CheckConnect:
		return "open"
	case w.TLS == "":
		return "plain http to this machine"
	}
	return fmt.Sprintf("%s, trusted, valid until %s", w.TLS, stamp(w.Ends))
}

// clockCheck compares this machine's clock with the server's.
func clockCheck(w oauthflow.Way) Check {
	c := Check{ID: CheckClock, Title: titleOf(CheckClock), State: CheckOK, Detail: "agrees with the server's"}
	off := w.Skew.Abs().Round(time.Second)
	if !w.SkewKnown {
		c.State, c.Detail = CheckSkipped, "the server does not tell the time"
		return c
	}
	if off <= skewTold {
		return c
	}
	direction := "ahead of"
	if w.Skew < 0 {
		direction = "behind"
	}
	// The Date header has whole seconds and has travelled: what it says is good to a few of them.
	c.State, c.Detail = CheckWarning, fmt.Sprintf("%s %s the server's", safetext.Line(off.String()), direction)
	if off > skewTooMuch {
		c.State = CheckFailed
	}
	c.Diagnosis = &diagnose.Diagnosis{
		Cause: causeClock, Remedy: diagnose.FixMachine, Confidence: diagnose.Certain, Title: "This machine's clock is " + c.Detail,
		Explanation: "Set the clock and let it be kept right (timedatectl set-ntp true): times of tokens and certificates are judged by it.",
	}
	return c
}
