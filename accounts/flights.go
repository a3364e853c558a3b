package accounts

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"fettle/accounts/store"
)

// Work that must not be cut runs as a flight: from the moment before a token request is sent until its
// answer is stored, it goes on whatever becomes of the caller, and Drain waits for it.

// flights counts the work under way and remembers what waits to be stored.
type flights struct {
	mu       sync.Mutex
	draining bool
	running  int
	idle     chan struct{} // non-nil while Drain waits; closed when running falls to 0
	unstored map[*flight]Unstored
}

// Unstored is an answer that exists in memory only.
type Unstored struct {
	AccountID string
	Account   string // reference name
	Since     time.Time
	Err       error // what kept it from being stored when that was tried last
}

// Remedy says what lets the answer be stored after all.
func (u Unstored) Remedy() string { return (&UnstoredError{Err: u.Err}).Remedy() }

// flight is one piece of such work.
type flight struct {
	book *Book
	held chan struct{} // closed when the answer could not be stored at the first attempt

	mu      sync.Mutex
	waiting *UnstoredError // set while the answer is held in memory
	once    sync.Once
}

// fly runs fn in its own goroutine and waits for its end, even if ctx ends meanwhile. Only while fn waits
// for the store to become writable again does the end of ctx let the caller go, with *UnstoredError; fn goes on.
func (b *Book) fly(ctx context.Context, fn func(f *flight) error) error {
	f := &flight{book: b, held: make(chan struct{})}
	if err := b.flights.begin(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer b.flights.end()
		done <- guarded(f, fn)
	}()
	select {
	case err := <-done:
		return err
	case <-f.held:
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		f.mu.Lock()
		waiting := f.waiting
		f.mu.Unlock()
		if waiting == nil {
			return <-done // stored in this very moment
		}
		return waiting
	}
}

// guarded turns a panic into an error: the other flights must land.
func guarded(f *flight, fn func(f *flight) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			at, _, _ := strings.Cut(string(debug.Stack()), "\ngoroutine")
			err = fmt.Errorf("internal error, please report it: %v\n%s", p, at)
		}
	}()
	return fn(f)
}

// persist makes write durable. What it writes exists nowhere else, so an error of the disk does not end
// it: it tells loudly and tries again, for as long as the process lives. It returns early only where
// trying again cannot help: the account is gone, or its grant was replaced.
func (f *flight) persist(u Unstored, write func(store.Writer) error) error {
	b := f.book
	delays := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, Multiplier: 2, MaxInterval: 5 * time.Second, RandomizationFactor: 0.2}
	delays.Reset()
	defer f.landed(u)
	for {
		err := b.cfg.Store.Update(context.Background(), write)
		if err == nil || pointless(err) {
			return err
		}
		// Before the wait: the operator hears of the first failure, not of the fifth.
		f.hold(u, err)
		<-time.After(delays.NextBackOff())
	}
}

// hold says loudly that an answer is in memory only.
func (f *flight) hold(u Unstored, err error) {
	b := f.book
	f.mu.Lock()
	if f.waiting == nil {
		u.Since = b.now()
	} else {
		u.Since = f.waiting.Since
	}
	u.Err = err
	f.waiting = &UnstoredError{Account: u.Account, Since: u.Since, Err: err}
	f.mu.Unlock()
	f.once.Do(func() { close(f.held) })

	b.flights.mu.Lock()
	if b.flights.unstored == nil {
		b.flights.unstored = map[*flight]Unstored{}
	}
	b.flights.unstored[f] = u
	b.flights.mu.Unlock()
	if b.cfg.Alarm != nil {
		b.cfg.Alarm(u, err)
	}
}

// landed takes an alarm back, if there was one.
func (f *flight) landed(u Unstored) {
	b := f.book
	f.mu.Lock()
	was := f.waiting != nil
	f.waiting = nil
	f.mu.Unlock()
	if !was {
		return
	}
	b.flights.mu.Lock()
	delete(b.flights.unstored, f)
	b.flights.mu.Unlock()
	if b.cfg.Alarm != nil {
		b.cfg.Alarm(u, nil)
	}
}

// pointless reports errors that another attempt would only repeat.
func pointless(err error) bool {
	_, conflict := errors.AsType[*store.ConflictError](err)
	_, taken := errors.AsType[*store.NameTakenError](err)
	return conflict || taken || errors.Is(err, store.ErrNotFound)
}

// Unstored lists the answers that are held in memory because the store cannot be written, oldest first.
func (b *Book) Unstored() []Unstored {
	b.flights.mu.Lock()
	defer b.flights.mu.Unlock()
	list := make([]Unstored, 0, len(b.flights.unstored))
	for _, u := range b.flights.unstored {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b Unstored) int { return a.Since.Compare(b.Since) })
	return list
}

// Drain ends the book's work: nothing new is sent from now on, and what is under way is waited for until
// its answer is stored or ctx ends. Call it on HUP, TERM and INT and before leaving, with up to 35 s.
func (b *Book) Drain(ctx context.Context) error {
	b.flights.mu.Lock()
	b.flights.draining = true
	if b.flights.running == 0 {
		b.flights.mu.Unlock()
		return nil
	}
	if b.flights.idle == nil {
		b.flights.idle = make(chan struct{})
	}
	idle := b.flights.idle
	b.flights.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		if held := b.Unstored(); len(held) > 0 {
			return &UnstoredError{Account: held[0].Account, Since: held[0].Since, Err: held[0].Err}
		}
		return ctx.Err()
	}
}

func (f *flights) begin() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return ErrDraining
	}
	f.running++
	return nil
}

// ending reports whether nothing new may be sent any more.
func (f *flights) ending() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draining
}

func (f *flights) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	// Under the same lock as begin, so that Drain cannot miss the last one.
	if f.running == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}
