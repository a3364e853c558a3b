package accounts

import (
	"errors"
	"fmt"
	"time"

	"fettle/accounts/store"
	"fettle/internal/oplog"
	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
)

// outcome is what came of one attempt on an account. Whoever attempts something makes one with outcomeOf,
// may refine it, gives it to observe inside the transaction that stores the result, and to logged after.
type outcome struct {
	kind    store.ObservationKind
	action  string // of the event and the log: "refresh", "verify"
	account store.Account
	at      time.Time
	took    time.Duration

	err       error // nil: it worked
	diagnosis diagnose.Diagnosis
	transient bool   // says nothing about the grant
	status    int    // HTTP status
	code      string // the provider's error code
	detail    string // what the history says if it worked
	quiet     bool   // no entry in the history
}

// outcomeOf turns an error, or nil, into an outcome with its diagnosis.
func (b *Book) outcomeOf(a store.Account, kind store.ObservationKind, action string, err error) outcome {
	o := outcome{kind: kind, action: action, account: a, at: b.now(), err: err}
	if err == nil {
		return o
	}
	hints := diagnose.Hints{Provider: a.Provider}
	if !a.AuthorizedAt.IsZero() {
		hints.Age = o.at.Sub(a.AuthorizedAt)
	}
	o.diagnosis = diagnose.Of(err, hints)
	if o.diagnosis.Title == "" {
		o.diagnosis = diagnose.Diagnosis{Cause: "unknown", Remedy: diagnose.Unknown, Title: safetext.Line(err.Error()), Confidence: diagnose.NotCertain}
	}
	if e, ok := errors.AsType[*oauthflow.Error](err); ok {
		o.transient, o.status, o.code = e.Transient(), e.Status, safetext.Cut(e.Code, 80)
	}
	// A server that fails is no witness: whatever its body says, the account is not marked dead.
	if o.transient && endsGrant(o.diagnosis.Remedy) {
		o.diagnosis.Cause, o.diagnosis.Remedy = causeUnreachable, diagnose.RetryLater
		o.diagnosis.Title = fmt.Sprintf("the provider failed (HTTP %d)", o.status)
		o.diagnosis.Explanation = "The provider had a fault of its own. It says nothing about this account; try again later."
	}
	return o
}

// finding makes an outcome of something that was looked at and found wanting, without any error: no
// resources, another identity.
func (b *Book) finding(a store.Account, kind store.ObservationKind, action string, d diagnose.Diagnosis) outcome {
	return outcome{kind: kind, action: action, account: a, at: b.now(), err: errors.New(d.Title), diagnosis: d}
}

// observe writes the outcome as the account's last observation of its kind and into the history. It has
// no other effect, so that a transaction may be repeated.
func (b *Book) observe(w store.Writer, o outcome) error {
	var former store.Observation
	if o.err != nil { // a success ends whatever row of failures there was
		var err error
		if former, err = lastObservation(w, o.account.ID, o.kind); err != nil {
			return err
		}
	}
	if err := w.PutObservation(o.after(former)); err != nil {
		return err
	}
	if o.quiet {
		return nil
	}
	detail := o.detail
	if o.err != nil {
		detail = o.diagnosis.Title
	}
	return w.AddEvent(b.event(o.account, o.action, o.err == nil, detail))
}

// after is the observation that follows former.
func (o outcome) after(former store.Observation) store.Observation {
	next := store.Observation{AccountID: o.account.ID, Kind: o.kind, At: o.at, Status: o.status, Code: o.code}
	if o.err == nil {
		next.OK, next.LastGood = true, o.at
		return next
	}
	next.Transient, next.LastGood = o.transient, former.LastGood
	next.Cause, next.Remedy = o.diagnosis.Cause, string(o.diagnosis.Remedy)
	next.Title, next.Detail = safetext.Line(o.diagnosis.Title), safetext.Line(o.diagnosis.Explanation)
	next.FailsFrom = o.at
	// A row of failures is unbroken while its nature stays: an outage that ends in a refusal is two things.
	if !former.OK && !former.FailsFrom.IsZero() && former.Transient == o.transient {
		next.FailsFrom = former.FailsFrom
	}
	return next
}

// logged writes the outcome into the operations log. Call it after the transaction, once.
func (b *Book) logged(o outcome) {
	code := o.code
	if o.err != nil && code == "" {
		code = o.diagnosis.Cause
	}
	b.cfg.Log.Record(oplog.Entry{
		Time: o.at, Operation: o.action, Account: o.account.Name, Provider: o.account.Provider,
		Status: o.status, Code: code, Duration: o.took,
	})
}

// event is an entry of the history about an account.
func (b *Book) event(a store.Account, action string, ok bool, detail string) store.Event {
	return store.Event{
		At: b.now(), Actor: b.cfg.Actor, Action: action, AccountID: a.ID, Subject: a.Name, OK: ok, Detail: safetext.Line(detail),
	}
}

// lastObservation is the account's last observation of a kind; the zero value if there is none.
func lastObservation(r store.Reader, accountID string, kind store.ObservationKind) (store.Observation, error) {
	all, err := r.Observations(accountID)
	if err != nil {
		return store.Observation{}, err
	}
	for _, o := range all {
		if o.Kind == kind {
			return o, nil
		}
	}
	return store.Observation{}, nil
}
