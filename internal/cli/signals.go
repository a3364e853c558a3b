package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// exitSignal is the code of a run that a second Ctrl-C ended: 128 + SIGINT, as a shell would tell it.
const exitSignal = 130

// untilSignal returns a context that INT, TERM and HUP end. Work in flight is then drained; a second INT ends at
// once, with a warning. A signal that was ignored when fettle started (nohup) stays ignored.
func (a *app) untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	// Buffered: signal.Notify drops what nobody receives at once.
	signals := make(chan os.Signal, 4)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	go func() {
		seen := false
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				// Only Ctrl-C insists: service managers and hangups repeat TERM and HUP without meaning more by it.
				if seen && s == os.Interrupt {
					a.progress("fettle: ended at once: what was in flight may be lost; `fettle status` will name it")
					os.Exit(exitSignal)
				}
				if !seen {
					a.progress("fettle: stopping; what is in flight is finished first (interrupt again to end at once)")
				}
				seen = true
				cancel()
			}
		}
	}()
	var once sync.Once
	return ctx, func() {
		once.Do(func() {
			signal.Stop(signals)
			close(done)
			cancel()
		})
	}
}
