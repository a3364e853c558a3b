package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// act is something that happened, some time ago.
type act struct {
	ago time.Duration
	do  func(ctx context.Context) error
}

// seed lets two months pass.
func (w *World) seed(ctx context.Context) (err error) {
	h, err := w.newHouse(ctx)
	if err != nil {
		return fmt.Errorf("set up the demo's book: %w", err)
	}
	defer func() { err = errors.Join(err, h.close(context.WithoutCancel(ctx))) }()
	s := &seeding{World: w, house: h, person: newPerson()}
	for _, a := range s.past() {
		w.clock.goBack(a.ago)
		if err := a.do(ctx); err != nil {
			return fmt.Errorf("make the demo's past, %s ago: %w", a.ago, err)
		}
	}
	// From here on the book lives in the present, so that what the visitor does has true times.
	w.clock.goBack(0)
	// Without a last look the first screen would show the files as they were before they were disturbed.
	return h.keeper.Check(ctx, true)
}

// seeding is the past while it happens.
type seeding struct {
	*World
	*house
	person person
}

// past is the story, oldest first.
func (s *seeding) past() []act {
	return []act{
		{58 * day, s.authorize("sales-ga", "web-ga", "warehouse", "board-reports", "hr-sheets", "crm", "archive")},
		{52 * day, s.authorize("ads-eu")},
		{31 * day, s.authorize("support-desk")},
		{19 * day, s.authorize("ads-us")},
		{12 * day, s.refresh("hr-sheets")}, // and not since: unproven
		{9 * day, s.authorize("finance-sheets", "press")},
		{8 * day, s.addCanvases},
		{50 * time.Hour, s.verify("sales-ga", "web-ga", "warehouse", "board-reports", "ads-eu", "ads-us", "crm", "support-desk")},
		{26 * time.Hour, s.verify("archive")},
		{22 * time.Hour, s.authorize("web-ga")}, // again: the files that carry the former credential are stale
		{21 * time.Hour, s.disturbFiles},
		{5 * time.Hour, s.breakDown},
		{3 * time.Hour, s.revoke},
		{2 * time.Hour, s.authorizeWithout(scopeFiles, "finance-sheets")},
		{35 * time.Minute, s.refresh("web-ga", "press", "finance-sheets", "warehouse", "board-reports", "ads-eu", "ads-us", "crm", "support-desk")},
	}
}

// authorize signs people in side by side, with every box ticked.
func (s *seeding) authorize(names ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		var all errgroup.Group
		for _, name := range names {
			all.Go(func() error { return s.signIn(ctx, roleOf(name), everyBox) })
		}
		return all.Wait()
	}
}

// authorizeWithout signs somebody in who overlooks a box.
func (s *seeding) authorizeWithout(overlooked, name string) func(context.Context) error {
	r := roleOf(name)
	boxes := slices.DeleteFunc(s.boxes(r), func(scope string) bool { return scope == overlooked })
	return func(ctx context.Context) error { return s.signIn(ctx, r, boxes...) }
}

// signIn goes through the flow with a browser and a pasted address.
func (s *seeding) signIn(ctx context.Context, r role, boxes ...string) error {
	flow, err := s.book.StartFlow(ctx, accounts.AuthorizeRequest{Name: r.name, Provider: r.provider, Services: r.services, Kind: provider.Browser})
	if err != nil {
		return fmt.Errorf("authorize %s: %w", r.name, err)
	}
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	pasted := make(chan string, 1)
	_, err = s.book.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: pasted, Report: func(e accounts.FlowEvent) {
		if e.Kind != accounts.FlowPrompt {
			return
		}
		back, err := s.person.approveAddress(ctx, e.Prompt.AuthorizationURL, r.email(), boxes...)
		if err != nil {
			// Nobody else would end the wait: a person who fails pastes nothing.
			leave(err)
		}
		pasted <- back
	}})
	if err != nil {
		return fmt.Errorf("authorize %s: %w", r.name, errors.Join(err, context.Cause(ctx)))
	}
	return nil
}

// boxes are what the consent page asks a role for.
func (w *World) boxes(r role) []string {
	var all []string
	for _, st := range w.stages {
		for _, service := range st.options.Services {
			if st.id != r.provider || !slices.Contains(r.services, service.ID) {
				continue
			}
			for _, p := range service.Permissions {
				all = append(all, p.Scope)
			}
		}
	}
	return all
}

// refresh proves accounts.
func (s *seeding) refresh(names ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		ids := make([]string, 0, len(names))
		for _, name := range names {
			a, err := s.book.Account(ctx, name)
			if err != nil {
				return err
			}
			ids = append(ids, a.ID)
		}
		return s.book.RefreshMany(ctx, ids, accounts.Now(true), nil)
	}
}

// verify proves accounts up to their resources.
func (s *seeding) verify(names ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		var all errgroup.Group
		for _, name := range names {
			all.Go(func() error {
				a, err := s.book.Account(ctx, name)
				if err != nil {
					return err
				}
				report, err := s.book.Verify(ctx, a.ID, nil)
				if err == nil && !report.OK {
					err = fmt.Errorf("%s was to be found well: %w", name, errUnexpected)
				}
				return err
			})
		}
		return all.Wait()
	}
}

// breakDown takes a provider out of service, and the next refresh finds out.
func (s *seeding) breakDown(ctx context.Context) error {
	// An HTML page, as load balancers send: no code of OAuth is in it, so the grant is not in doubt.
	down := sandbox.Fault{Kind: sandbox.FaultHTML, Status: http.StatusServiceUnavailable}
	if err := s.servers["archive"].Faults.Add(down); err != nil {
		return err
	}
	return s.refused(ctx, "archive")
}

// revoke is somebody who takes fettle off the list of programs at the provider, with all it was allowed.
func (s *seeding) revoke(ctx context.Context) error {
	s.servers["suite"].RevokeEverything(roleOf("sales-ga").email())
	return errors.Join(s.refused(ctx, "sales-ga"), s.refused(ctx, "finance-sheets"))
}

// refused refreshes an account that is expected to fail.
func (s *seeding) refused(ctx context.Context, name string) error {
	err := s.refresh(name)(ctx)
	if _, ok := errors.AsType[*accounts.RefreshError](err); !ok {
		return fmt.Errorf("the refresh of %s was to be refused: %w", name, errors.Join(errUnexpected, err))
	}
	return nil
}

// errUnexpected says that the world is not as it has to be.
var errUnexpected = errors.New("it was not")

// addCanvases makes the canvas files, takes them into the book and writes their password files.
func (s *seeding) addCanvases(ctx context.Context) error {
	for _, sc := range scenes {
		path := s.canvasFile(sc.name)
		if err := os.WriteFile(path, []byte("canvas of "+sc.name+"\n"), 0o600); err != nil {
			return err
		}
		c := pwfile.NewCanvas{Name: sc.name, Path: path, AccountNames: sc.accounts}
		if sc.copied {
			c.Copies = []string{filepath.Join(s.secondRunner(), sc.name+".pwfile.age")}
		}
		if _, err := s.keeper.Add(ctx, c); err != nil {
			return err
		}
	}
	plan, err := s.keeper.Plan(ctx, pwfile.Selection{})
	if err != nil {
		return err
	}
	run, err := s.keeper.Generate(ctx, plan, pwfile.GenerateOptions{}, nil)
	if err != nil {
		return err
	}
	then := s.clock.Now()
	for _, line := range run.Lines {
		if line.State != store.LineDone {
			return fmt.Errorf("write %s: %s: %w", line.Target, line.Cause, errUnexpected)
		}
		if err := os.Chtimes(line.Target, then, then); err != nil {
			return err
		}
	}
	return nil
}

// disturbFiles removes one password file, and puts something else in the place of a copy.
func (s *seeding) disturbFiles(context.Context) error {
	if err := os.Remove(s.passwordFile("press-clippings")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.secondRunner(), "stock-sync.pwfile.age"), []byte("half a file"), 0o600)
}

// canvasFile is where a scene's canvas lies.
func (w *World) canvasFile(name string) string { return filepath.Join(w.Canvases, name+".acc") }

// passwordFile is beside it, where fettle puts one by default.
func (w *World) passwordFile(name string) string {
	return filepath.Join(w.Canvases, name+".pwfile.age")
}
