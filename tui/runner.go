package tui

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/internal/oplog"
)

// runner turns intents into commands. It alone calls services, and it owns what the model only sees as
// values: contexts, channels, goroutines.
// The model is copied with each message, so everything that must exist once is here. mu guards ended, live and asks.
type runner struct {
	Services
	root   context.Context // the program's: leaving a screen cancels nothing
	closed chan struct{}   // closed when nobody reads events any more

	looks atomic.Int64 // at the book so far

	mu    sync.Mutex
	ended bool               // nothing is begun any more
	live  map[jobID]*liveJob // until their last event was read
	asks  []secretAsk        // questions for secrets so far, by ID
	wg    sync.WaitGroup     // of the goroutines that drain waits for
}

// Services are what the screens work with.
type Services struct {
	Accounts Accounts
	Files    PasswordFiles
	Packages Packages
	Vault    Vault
	Browser  Browser
	Asker    *Asker // nil: work in the background asks nobody
	Clock    Clock
	Log      *oplog.Log
}

// liveJob is work under way.
type liveJob struct {
	run     int // the model's number for this start; see job.run
	cancel  context.CancelFunc
	events  chan jobEvent // unbuffered: a job goes no faster than it is read
	pasted  chan string   // to a sign-in; one waits while the flow is busy with the last
	dropped chan struct{} // closed when the same work was begun anew: nobody reads its events
	done    chan struct{} // closed at its end
}

func newRunner(ctx context.Context, s Services) *runner {
	if s.Clock == nil {
		s.Clock = time.Now
	}
	return &runner{Services: s, root: ctx, closed: make(chan struct{}), live: map[jobID]*liveJob{}}
}

// tickMsg carries the clock into the model.
type tickMsg struct{ now time.Time }

// hangupMsg says that the terminal went away.
type hangupMsg struct{}

func (r *runner) tick(every time.Duration) tea.Cmd {
	// A tick comes once; whoever takes it asks for the next. The time is the runner's clock's, which a test may hold.
	return tea.Tick(every, func(time.Time) tea.Msg { return tickMsg{r.Clock()} })
}

// work is what a job does: it reports with emit and returns its result and a line for the notice.
type work func(ctx context.Context, j *liveJob, emit func(jobEvent)) (result any, summary string, err error)

// start is the command that runs w in the background and delivers its first event. The same work under
// way is cancelled, and has ended before w begins.
// Bubble Tea never cancels a command and does not wait for one at the end, so the work runs in a goroutine that
// drain knows, and the command only waits for its first event.
func (r *runner) start(id jobID, run int, w work) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithCancel(r.root)
		j := &liveJob{run: run, cancel: cancel, events: make(chan jobEvent), pasted: make(chan string, 1),
			dropped: make(chan struct{}), done: make(chan struct{})}
		former, ok := r.enter(id, j)
		if !ok {
			cancel()
			return nil
		}
		go func() {
			// Deferred calls run from the last up: done is closed before the work counts as over.
			defer r.wg.Done()
			defer close(j.done)
			defer cancel()
			// Two drivers of one account or flow would take each other's answers.
			if former != nil {
				former.cancel()
				close(former.dropped)
				<-former.done
			}
			emit := func(e jobEvent) {
				e.id, e.run = id, run
				select {
				case j.events <- e:
				case <-j.dropped:
				case <-r.closed:
				}
			}
			// The end is sent whatever happened: a screen waits for it.
			result, summary, err := r.guarded(ctx, j, emit, w)
			emit(jobEvent{ended: true, result: result, summary: summary, err: err})
		}()
		return r.await(j, id)
	}
}

// enter makes j the live work of its ID, unless the program is ending.
func (r *runner) enter(id jobID, j *liveJob) (former *liveJob, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil, false
	}
	former = r.live[id]
	r.live[id] = j
	r.wg.Add(1)
	return former, true
}

// await is the next event of a job, or nothing once nobody reads any more.
func (r *runner) await(j *liveJob, id jobID) tea.Msg {
	select {
	case e := <-j.events:
		if e.ended {
			r.forget(id, j.run)
		}
		return e
	case <-j.dropped:
		return nil
	case <-r.closed:
		return nil
	}
}

// guarded turns a panic into the job's error: a panic in a goroutine of ours would leave the terminal broken.
func (r *runner) guarded(ctx context.Context, j *liveJob, emit func(jobEvent), w work) (result any, summary string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = r.fault(p)
		}
	}()
	return w(ctx, j, emit)
}

// next is the command that delivers the next event of a job.
func (r *runner) next(id jobID, run int) tea.Cmd {
	return func() tea.Msg {
		if j, ok := r.job(id); ok && j.run == run {
			return r.await(j, id)
		}
		return nil
	}
}

func (r *runner) job(id jobID) (*liveJob, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j, ok := r.live[id]
	return j, ok
}

// forget drops a job that has ended, unless the same work was begun anew meanwhile: its events are still wanted.
func (r *runner) forget(id jobID, run int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j, ok := r.live[id]; ok && j.run == run {
		delete(r.live, id)
	}
}

// stop cancels a job; its end arrives as its last event.
func (r *runner) stop(id jobID) tea.Cmd {
	return func() tea.Msg {
		if j, ok := r.job(id); ok {
			j.cancel()
		}
		return nil
	}
}

// paste hands text to a flow that waits for it.
func (r *runner) paste(id jobID, text string) tea.Cmd {
	return func() tea.Msg {
		j, ok := r.job(id)
		if !ok {
			return nil
		}
		select {
		case j.pasted <- text:
		case <-j.done:
		case <-r.closed:
		}
		return nil
	}
}

// drain ends the work after the screen is gone: flows pause, everything else finishes what it is in the
// middle of. tell is called once if there is something to wait for.
// From the closing of closed on events are dropped, so no job waits for a screen that is gone. False: the time was not enough.
func (r *runner) drain(limit time.Duration, tell func(tasks int)) bool {
	close(r.closed)
	r.mu.Lock()
	r.ended = true
	for _, j := range r.live {
		j.cancel()
	}
	tasks := len(r.live)
	r.mu.Unlock()
	done := make(chan struct{})
	go func() { r.wg.Wait(); close(done) }()
	// Mostly it is over before a word would be read.
	for _, wait := range []time.Duration{tellAfter, limit} {
		select {
		case <-done:
			return true
		case <-time.After(wait):
		}
		if wait == tellAfter && tell != nil {
			tell(tasks)
		}
	}
	return false
}

// tellAfter is how long the end may take before a word is said about it.
const tellAfter = 300 * time.Millisecond
