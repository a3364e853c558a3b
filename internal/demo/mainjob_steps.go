package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// byDevice authorizes the patient by a code, and the person overlooks a box. fettle has to say which.
func (r *run) byDevice(ctx context.Context) error {
	before, err := r.Book.Account(ctx, patient)
	if err != nil {
		return err
	}
	r.generation = before.Generation
	boxes := slices.DeleteFunc(r.World.boxes(roleOf(patient)), func(scope string) bool { return scope == scopeUsers })
	result, err := r.authorize(ctx, provider.Device, func(ctx context.Context, e accounts.FlowEvent) (string, error) {
		p := e.Prompt
		r.say("   fettle shows the code %s for %s", p.UserCode, p.VerificationURI)
		r.say("   the person enters it and ticks only %s", strings.Join(boxes, ", "))
		return "", r.person.approveCode(ctx, p.VerificationURI, p.UserCode, roleOf(patient).email(), boxes...)
	})
	if err != nil {
		return err
	}
	if result.End != accounts.EndPartial || len(result.Missing) != 1 || result.Missing[0].Scope != scopeUsers {
		return fmt.Errorf("it ended %q with %d permissions missing, and ought to end partial with one", result.End, len(result.Missing))
	}
	r.say("   so fettle names the box: “%s”", result.Missing[0].Words)
	return nil
}

// byBrowser authorizes the patient once more, by an address that is opened elsewhere. The first paste is a mistake,
// which fettle names; the wait goes on.
func (r *run) byBrowser(ctx context.Context) error {
	var address string
	result, err := r.authorize(ctx, provider.Browser, func(ctx context.Context, e accounts.FlowEvent) (string, error) {
		if e.Kind == accounts.FlowPrompt {
			address = e.Prompt.AuthorizationURL
			r.say("   fettle shows an address to open: %s", beforeQuery(address))
			r.say("   the person pastes that very address, by mistake")
			return address, nil
		}
		r.say("   fettle: %s", e.Hint)
		back, err := r.person.approveAddress(ctx, address, roleOf(patient).email(), everyBox)
		if err != nil {
			return "", err
		}
		r.say("   the person ticks every box and pastes where the browser ended: %s", beforeQuery(back))
		return back, nil
	})
	if err != nil {
		return err
	}
	a, err := r.Book.Account(ctx, patient)
	if err != nil {
		return err
	}
	// Two above: the partial grant was taken into use first, because the former one was dead.
	if result.End != accounts.EndAuthorized || a.Health.State != accounts.Healthy || a.Generation != r.generation+2 {
		return fmt.Errorf("it ended %q, the account is %s at generation %d", result.End, a.Health.State, a.Generation)
	}
	r.say("   %s is healthy again, at generation %d instead of %d", a.Name, a.Generation, r.generation)
	return nil
}

// beforeQuery leaves out the part of an address that holds codes.
func beforeQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address + "?…"
}

// mostPastes is one mistake and what is right.
const mostPastes = 2

// authorize starts a flow for the patient. act plays the person: it is asked when fettle shows what to do and when it
// rejects a paste, and returns what is pasted then.
func (r *run) authorize(ctx context.Context, kind provider.FlowKind, act func(context.Context, accounts.FlowEvent) (string, error)) (accounts.FlowResult, error) {
	flow, err := r.Book.StartFlow(ctx, accounts.AuthorizeRequest{Name: patient, Kind: kind})
	if err != nil {
		return accounts.FlowResult{}, err
	}
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	asked, pasted := 0, make(chan string, mostPastes)
	result, err := r.Book.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: pasted, Report: func(e accounts.FlowEvent) {
		switch e.Kind {
		case accounts.FlowPrompt, accounts.FlowRejected:
			if asked++; asked > mostPastes {
				leave(fmt.Errorf("the second paste was rejected too: %s", e.Hint))
				return
			}
			text, err := act(ctx, e)
			if err != nil {
				leave(err)
				return
			}
			pasted <- text
		case accounts.FlowChecking:
			if e.Check.State != accounts.CheckRunning {
				r.say("   %-8s %s: %s", e.Check.State, e.Check.Title, e.Check.Detail)
			}
		}
	}})
	if err != nil {
		return result, errors.Join(err, context.Cause(ctx))
	}
	return result, nil
}

// staleAfter are the canvases whose files are stale once the patient is repaired.
var staleAfter = []string{"daily-sales", "month-close", "press-clippings", "stock-sync", "weekly-board"}

// listStale finds the patient's files among those that were stale before.
func (r *run) listStale(ctx context.Context) error {
	stale, err := r.stale(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range stale {
		names = append(names, c.Name)
		for _, reason := range c.Stale {
			r.say("   %-15s  %s", c.Name, r.short(reason.Text))
		}
	}
	if !slices.Equal(names, staleAfter) {
		return fmt.Errorf("stale are %s, and ought to be %s", strings.Join(names, ", "), strings.Join(staleAfter, ", "))
	}
	return nil
}

// short leaves the demo's folder out of a text.
func (r *run) short(text string) string {
	return strings.ReplaceAll(text, r.World.Dir+"/", "")
}

// regenerate writes what is stale, at every place, and looks once more.
func (r *run) regenerate(ctx context.Context) error {
	plan, err := r.Keeper.Plan(ctx, pwfile.Selection{Stale: true})
	if err != nil {
		return err
	}
	done, err := r.Keeper.Generate(ctx, plan, pwfile.GenerateOptions{}, func(p pwfile.Progress) {
		r.say("   %d/%d %-9s  %s", p.Done, p.Total, p.Line.State, r.short(p.Line.Target))
	})
	if err != nil {
		return err
	}
	for _, line := range done.Lines {
		if line.State != store.LineDone && line.State != store.LineUnchanged {
			return fmt.Errorf("%s: %s: %s", line.Target, line.State, line.Cause)
		}
	}
	stale, err := r.stale(ctx)
	if err == nil && len(stale) > 0 {
		err = fmt.Errorf("%d password files are still stale", len(stale))
	}
	return err
}

// openFile reads a password file as a job does: without the book and without the vault.
func (r *run) openFile(ctx context.Context) error {
	file, err := pwfile.Open(ctx, r.World.passwordFile("daily-sales"), pwfile.ReaderOptions{Dir: r.World.Data})
	if err != nil {
		return err
	}
	r.say("   %s, number %d, for %d recipient, signed by %s", r.short(file.Path), file.Serial, len(file.Recipients), file.Writer)
	for _, c := range file.Accounts {
		r.say("   carries %s (%s) at generation %d, with a refresh token", c.Name, c.Identity.Email, c.Generation)
		a, err := r.Book.Account(ctx, c.Name)
		if err != nil {
			return err
		}
		if c.Generation != a.Generation || c.Refresh.Empty() {
			return fmt.Errorf("the file carries generation %d of %s, the book has %d", c.Generation, c.Name, a.Generation)
		}
	}
	if c, ok := file.Account(patient); !ok || c.Generation <= r.generation {
		return fmt.Errorf("the file does not carry the new credential of %s", patient)
	}
	return nil
}

// refreshAll proves every account. The provider that is down is the only one that may refuse.
func (r *run) refreshAll(ctx context.Context) error {
	snapshot, err := r.Book.Snapshot(ctx)
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(snapshot.Accounts))
	for _, a := range snapshot.Accounts {
		ids = append(ids, a.ID)
	}
	var wrong []error
	refreshed, waiting := 0, 0
	err = r.Book.RefreshMany(ctx, ids, accounts.Now(true), func(id string, o accounts.Outcome, err error) {
		failed, refused := errors.AsType[*accounts.RefreshError](err)
		switch {
		case err == nil && o.Requested:
			refreshed++
		case refused && failed.Transient && failed.Account == "archive":
			waiting++
			r.say("   %s: %s", failed.Account, failed.Diagnosis.Title)
		default:
			wrong = append(wrong, fmt.Errorf("account %s: %w", id, errors.Join(errUnexpected, err)))
		}
	})
	r.say("   %d refreshed, %d could not be reached", refreshed, waiting)
	if _, some := errors.AsType[*accounts.ManyError](err); err != nil && !some {
		return err
	}
	if waiting != 1 {
		wrong = append(wrong, errors.New("the provider that is down was not noticed"))
	}
	return errors.Join(wrong...)
}
