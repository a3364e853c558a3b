package sandbox

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Gate holds requests so that a test decides when they go on, without sleeping.
type Gate struct {
	on      Target
	arrived chan struct{}
	open    chan struct{}
	once    sync.Once
}

// Arrived yields once for each request that is waiting at the gate.
func (g *Gate) Arrived() <-chan struct{} { return g.arrived }

// Open lets everything through, now and later.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// HoldAnswers lets requests be processed and holds their answers until the gate is opened, cleared, or the server closed.
func (f *Faults) HoldAnswers(on Target) *Gate {
	g := &Gate{on: on, arrived: make(chan struct{}, 1024), open: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gates = append(f.gates, g)
	return g
}

// pass waits at the gates of a target. It reports false when the server closes or the client leaves.
func (f *Faults) pass(ctx context.Context, on Target) bool {
	f.mu.Lock()
	gates := append([]*Gate(nil), f.gates...)
	f.mu.Unlock()
	for _, g := range gates {
		if g.on != TargetAll && g.on != on {
			continue
		}
		select {
		case g.arrived <- struct{}{}:
		default: // nobody counts that many
		}
		select {
		case <-g.open:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// faulty carries out the faults around the real handlers.
func (s *Server) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on := targetOf(r.URL.Path)
		if on == "" {
			next.ServeHTTP(w, r)
			return
		}
		grantType := grantTypeOf(r)
		fault, hit := s.Faults.take(on, grantType)
		if hit {
			record := recordOf(r.Context())
			record.Fault, record.Grant = fault.Kind, grantType
			if fault.answersInstead() {
				if on == TargetToken {
					s.journal.token(grantType)
				}
				fault.answer(w, record)
				return
			}
		}
		if fault.Kind == FaultDelay && !wait(r.Context(), fault.Delay) {
			panic(http.ErrAbortHandler)
		}
		processed := &capture{header: w.Header().Clone()}
		next.ServeHTTP(processed, r)
		lost := fault.Kind == FaultDropAfter ||
			(fault.Kind == FaultSlowAnswer && !wait(r.Context(), fault.Delay)) ||
			!s.Faults.pass(r.Context(), on)
		if lost {
			panic(http.ErrAbortHandler) // net/http's way to cut the connection
		}
		maps.Copy(w.Header(), processed.header)
		w.WriteHeader(max(processed.status, http.StatusOK))
		_, _ = processed.body.WriteTo(w) // a lost connection has nobody to tell
	})
}

func (f Fault) answersInstead() bool {
	switch f.Kind {
	case FaultDelay, FaultSlowAnswer, FaultDropAfter:
		return false
	}
	return true
}

// answer is what comes instead of the real answer.
func (f Fault) answer(w http.ResponseWriter, record *Record) {
	switch f.Kind {
	case FaultDrop:
		panic(http.ErrAbortHandler)
	case FaultHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(statusOr(f.Status, http.StatusInternalServerError))
		_, _ = fmt.Fprint(w, "<!doctype html><title>Error</title><h1>The server is having a bad day</h1>\n")
	case FaultRateLimit:
		after := max(seconds(f.RetryAfter), 1)
		w.Header().Set("Retry-After", strconv.FormatInt(after, 10))
		f.writeError(w, record, statusOr(f.Status, http.StatusTooManyRequests), "rate_limit_exceeded")
	case FaultServerError:
		f.writeError(w, record, statusOr(f.Status, http.StatusInternalServerError), "server_error")
	default:
		f.writeError(w, record, statusOr(f.Status, http.StatusBadRequest), "invalid_grant")
	}
}

func (f Fault) writeError(w http.ResponseWriter, record *Record, status int, code string) {
	if f.Code != "" {
		code = f.Code
	}
	record.Error = code
	body := map[string]string{"error": code}
	if f.Description != "" {
		body["error_description"] = f.Description
	}
	if f.Subtype != "" {
		body["error_subtype"] = f.Subtype
	}
	writeJSON(w, status, body)
}

func statusOr(status, fallback int) int {
	if status == 0 {
		return fallback
	}
	return status
}

// wait reports false when the client left or the server closes first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
