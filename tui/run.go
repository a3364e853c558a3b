package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/oauthflow/provider"
)

// drainLimit is how long quitting waits for work in flight: a token request may take 30 s.
const drainLimit = 35 * time.Second

// Options says how the program looks and where it runs.
type Options struct {
	Theme     string // one of ThemeNames; "" = default
	ASCII     bool   // no sign that a plain terminal lacks
	Host      Host
	Providers []provider.Provider
	// Tell is told a line once the screen is gone, if quitting has to wait for work; nil: nobody is.
	Tell func(line string)
	// Program options for tests: input, output, size.
	Program []tea.ProgramOption
}

// ErrStillWorking says that work in flight was not finished within the time quitting waits.
var ErrStillWorking = errors.New("some work did not finish in time; `fettle status` names what was interrupted")

// Run shows the screens until the operator quits, the context ends or the terminal goes away; then it
// waits for the work in flight.
// Nothing in flight is cut off: ending the screens cancels the jobs, and each finishes the request or file it is at.
func Run(ctx context.Context, s Services, o Options) error {
	m, err := newModel(ctx, s, o)
	if err != nil {
		return err
	}
	p := tea.NewProgram(m, append([]tea.ProgramOption{tea.WithContext(ctx)}, o.Program...)...)
	stopSignals := onHangup(p)
	defer stopSignals()
	// On SIGTERM the library ends with no error, on a panic of a view with one; either way what is in flight is drained first.
	_, err = p.Run()
	if !m.run.drain(drainLimit, o.draining()) {
		return ErrStillWorking
	}
	switch {
	// Somebody wanted the end: that is no failure.
	case errors.Is(err, tea.ErrInterrupted), ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("the screen failed: %w", err)
	}
	return nil
}

// draining is what Tell is told while quitting waits.
func (o Options) draining() func(tasks int) {
	return func(tasks int) {
		if o.Tell != nil {
			o.Tell(fmt.Sprintf("finishing %s first; this can take up to %d seconds", count(tasks, "task"), int(drainLimit.Seconds())))
		}
	}
}

// newModel sets everything, because Init cannot change the model.
func newModel(ctx context.Context, s Services, o Options) (Model, error) {
	look, err := newTheme(o.Theme, o.ASCII)
	if err != nil {
		return Model{}, err
	}
	r := newRunner(ctx, s)
	return Model{
		now: r.Clock(), theme: look, host: washed(o.Host), providers: washed(o.Providers),
		stack: []screen{firstScreen(s.Vault.State())}, run: r,
	}, nil
}

// onHangup quits cleanly when the SSH line drops: Bubble Tea itself does not listen for SIGHUP.
func onHangup(p *tea.Program) (stop func()) {
	// Room for one: a signal is dropped where nobody listens just then.
	signals := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		select {
		case <-signals:
			p.Send(hangupMsg{})
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
