package tui

import (
	"slices"

	"fettle/accounts"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// jobID names background work by what it does to whom, so that the same work is never started twice.
type jobID struct{ kind, subject string }

// Kinds of background work.
const (
	jobRefresh   = "refresh"
	jobVerify    = "verify"
	jobResources = "resources"
	jobFlow      = "flow" // subject: the reserved account name
	jobChecks    = "checks"
	jobRemove    = "remove"
	jobGenerate  = "generate"
	jobVault     = "vault"
)

// vaultJob is the one job about the vault.
var vaultJob = jobID{jobVault, ""}

// job is background work as the screens see it. The runner owns what really runs.
// It stays after its end, until the same work is begun anew: the pages show what came of it, and f knows what was tried.
type job struct {
	id    jobID
	run   int // which start of this id: events of an earlier one are dropped
	title string
	want  intent // what started it, to do it again
	// running work has no end yet; stopping work was asked to end.
	running, stopping bool
	// held work met a locked vault that is being opened, and begins again then.
	held bool
	// settling work has ended, and the book has not been looked at since.
	settling bool
	err      error
	summary  string // what came of it, one line

	// How far it is, in accounts, files or places; 0 of 0 = not known.
	done, total int

	// Authorization: the last prompt, the checks so far, what was wrong with the last paste or callback.
	prompt   *accounts.Prompt // nil until the provider answered
	flowID   string
	waiting  accounts.FlowEvent  // when the next poll is, and why it waits longer
	rejected *accounts.FlowEvent // until the next prompt
	checks   []accounts.Check
	flow     *accounts.FlowResult // how it ended; also of checks that were repeated

	// Of other work: the lines of a run, the step of a sync, and what came of either.
	progress []pwfile.Progress
	sync     *packages.Progress
	result   any
}

// forgetful is an ended job without what started it, which may hold a passphrase.
// The model lives as long as the program; a passphrase must not.
func (j job) forgetful() job {
	j.want = nil
	return j
}

// failed reports whether the work ended badly.
func (j job) failed() bool { return !j.running && j.err != nil }

// jobs is the registry: a value, copied when it changes.
type jobs []job

// progressKept is how many lines of a run are kept: no screen shows more of it under way.
const progressKept = 100

// get finds a job.
func (js jobs) get(id jobID) (job, bool) {
	i := slices.IndexFunc(js, func(j job) bool { return j.id == id })
	if i < 0 {
		return job{}, false
	}
	return js[i], true
}

// underWay reports whether work goes on now. What waits for the vault does not: it may be begun anew.
func (js jobs) underWay(id jobID) bool {
	j, ok := js.get(id)
	return ok && j.running && !j.held
}

// put adds a job or replaces the one of the same ID.
// The job that began last stands last. News does not move it: two jobs under way would change places above the footer.
func (js jobs) put(j job) jobs {
	out := slices.Clone(js)
	if i := slices.IndexFunc(out, func(o job) bool { return o.id == j.id && o.run == j.run }); i >= 0 {
		out[i] = j
		return out
	}
	out = slices.DeleteFunc(out, func(o job) bool { return o.id == j.id })
	return append(out, j)
}

// settled is the registry once the book was looked at after a job's end.
func (js jobs) settled(id jobID) jobs {
	j, ok := js.get(id)
	if !ok || !j.settling || j.running {
		return js
	}
	j.settling = false
	return js.put(j)
}

// running counts the work under way; flows that wait for the person are not counted as work.
// A sign-in counts as work from its first check on: the credential is there and being stored.
func (js jobs) running() (work, flows int) {
	for _, j := range js {
		switch {
		case !j.running:
		case j.id.kind == jobFlow && len(j.checks) == 0:
			flows++
		default:
			work++
		}
	}
	return work, flows
}

// unheld ends the work that waited for a vault which did not open, each with the error that it met.
func (js jobs) unheld() jobs {
	out := slices.Clone(js)
	for i := range out {
		if out[i].held {
			out[i].running, out[i].held = false, false
		}
	}
	return out
}

// apply folds an event into the job it belongs to. It reports false for an unknown job or an earlier run.
func (js jobs) apply(e jobEvent) (jobs, job, bool) {
	j, ok := js.get(e.id)
	if !ok || j.run != e.run {
		return js, job{}, false
	}
	j = j.with(e)
	return js.put(j), j, true
}

// with is the job after one more event.
func (j job) with(e jobEvent) job {
	switch {
	case e.flow != nil:
		j = j.withFlow(*e.flow)
	case e.check != nil:
		j.checks = withCheck(j.checks, *e.check)
	case e.progress != nil:
		// Cloned, for an earlier model shares the array.
		from := max(len(j.progress)-progressKept+1, 0)
		j.progress = append(slices.Clone(j.progress[from:]), *e.progress)
		j.done, j.total = e.progress.Done, e.progress.Total
	case e.sync != nil:
		j.sync, j.done, j.total = e.sync, e.sync.Done, e.sync.Total
	case e.step != nil:
		j.done, j.total = e.step.done, e.step.total
	}
	// Settling until the book was looked at: what follows would be offered from what was known before.
	if e.ended {
		j.running, j.stopping, j.settling = false, false, true
		j.err, j.result, j.summary = e.err, e.result, e.summary
		if r, ok := e.result.(accounts.FlowResult); ok {
			j.flow = &r
		}
	}
	return j
}

// withFlow folds news of a sign-in in. A new prompt takes the last refusal away, for that was about the one before.
func (j job) withFlow(e accounts.FlowEvent) job {
	switch e.Kind {
	case accounts.FlowPrompt:
		j.prompt, j.rejected = e.Prompt, nil
		if e.Prompt != nil {
			j.flowID = e.Prompt.Flow.FlowID
		}
	case accounts.FlowWaiting:
		j.waiting = e
	case accounts.FlowRejected:
		j.rejected = &e
	case accounts.FlowChecking:
		if e.Check != nil {
			j.checks = withCheck(j.checks, *e.Check)
		}
	}
	return j
}

// withCheck replaces the check of the same kind and service, or adds it.
// A check is told twice, when it begins and when it is made.
func withCheck(checks []accounts.Check, c accounts.Check) []accounts.Check {
	out := slices.Clone(checks)
	for i, o := range out {
		if o.ID == c.ID && o.Service == c.Service {
			out[i] = c
			return out
		}
	}
	return append(out, c)
}

// jobEvent is news of a job, sent by the runner.
// One of the five in the middle is set, or ended with what came of it.
type jobEvent struct {
	id  jobID
	run int

	flow     *accounts.FlowEvent
	check    *accounts.Check
	progress *pwfile.Progress
	sync     *packages.Progress
	step     *step

	ended   bool
	err     error
	result  any
	summary string
}

// step is how far a job over many things got.
type step struct{ done, total int }
