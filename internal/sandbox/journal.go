package sandbox

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Record is one request as the journal keeps it: never a token, code or query.
type Record struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Grant  string    `json:"grant_type,omitempty"` // the grant type, at the token endpoint
	Client string    `json:"client,omitempty"`
	User   string    `json:"user,omitempty"` // the e-mail, where tokens were issued
	Status int       `json:"status"`         // 0 when no answer was sent
	Error  string    `json:"error,omitempty"`
	Fault  FaultKind `json:"fault,omitempty"`
}

// Stats are the counters since the start.
type Stats struct {
	Tokens            map[string]int `json:"token_requests"` // requests at the token endpoint, per grant type
	Issued            map[string]int `json:"token_answers"`  // of these, processed with success (an answer may still have been lost)
	API               int            `json:"api_requests"`
	RevokedFamilies   int            `json:"revoked_families"` // grants killed because a used refresh token came again
	LiveGrants        int            `json:"live_grants"`
	LiveRefreshTokens int            `json:"live_refresh_tokens"`
}

// journalLength bounds the log; counters go on.
const journalLength = 10_000

type journal struct {
	clock func() time.Time

	mu      sync.Mutex
	records []*Record
	tokens  map[string]int
	issued  map[string]int
	api     int
}

func newJournal(clock func() time.Time) *journal {
	return &journal{clock: clock, tokens: map[string]int{}, issued: map[string]int{}}
}

type recordKey struct{}

func withRecord(ctx context.Context, r *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// recordOf is the record of the request under way; it belongs to the request's goroutine until end.
func recordOf(ctx context.Context) *Record {
	if r, ok := ctx.Value(recordKey{}).(*Record); ok {
		return r
	}
	return &Record{}
}

func (j *journal) begin(r *http.Request) *Record {
	return &Record{Time: j.clock(), Method: r.Method, Path: r.URL.Path}
}

func (j *journal) end(r *Record, status int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Status = status
	if len(j.records) == journalLength {
		j.records = j.records[1:]
	}
	j.records = append(j.records, r)
}

func (j *journal) token(grantType string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tokens[grantType]++
}

func (j *journal) success(grantType string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.issued[grantType]++
}

func (j *journal) apiCall() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.api++
}

// Requests is the journal, oldest first, at most the last 10,000 requests that have ended.
func (s *Server) Requests() []Record {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	out := make([]Record, len(s.journal.records))
	for i, r := range s.journal.records {
		out[i] = *r
	}
	return out
}

// Stats are the counters.
func (s *Server) Stats() Stats {
	s.journal.mu.Lock()
	out := Stats{Tokens: maps.Clone(s.journal.tokens), Issued: maps.Clone(s.journal.issued), API: s.journal.api}
	s.journal.mu.Unlock()
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	out.RevokedFamilies = s.store.families
	for _, g := range s.store.grants {
		if g.ended.IsZero() {
			out.LiveGrants++
		}
	}
	for _, rt := range s.store.refresh {
		if s.store.alive(rt) {
			out.LiveRefreshTokens++
		}
	}
	return out
}
