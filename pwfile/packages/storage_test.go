package packages_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// storage is an S3 server in this process. It counts, and can be told to behave otherwise.
type storage struct {
	t      testing.TB
	URL    string
	mem    gofakes3.Backend
	mu     sync.Mutex
	counts map[string]int // "PUT objects", "PUT manifest", "GET objects", …
	before func(w http.ResponseWriter, r *http.Request) (answered bool)
}

func newStorage(t testing.TB) *storage {
	t.Helper()
	s := &storage{t: t, mem: s3mem.New(), counts: map[string]int{}}
	must(t, s.mem.CreateBucket("bucket"))
	inner := gofakes3.New(s.mem, gofakes3.WithoutVersioning()).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.counts[kind(r)]++
		before := s.before
		s.mu.Unlock()
		if before != nil && before(w, r) {
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// kind says what a request is about.
func kind(r *http.Request) string {
	what := "list"
	switch {
	case strings.Contains(r.URL.Path, "/objects/"):
		what = "object"
	case strings.HasSuffix(r.URL.Path, "/manifest.json"):
		what = "manifest"
	case !r.URL.Query().Has("list-type"):
		what = "file"
	}
	return r.Method + " " + what
}

func (s *storage) on(before func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// reset forgets what was counted and returns it.
func (s *storage) reset() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.counts
	s.counts = map[string]int{}
	return was
}

func (s *storage) target(prefix string) string {
	return fmt.Sprintf("s3://bucket/%s?endpoint=%s", prefix, s.URL)
}

// says answers with one of S3's errors.
func (s *storage) says(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>canary-secret in a message</Message></Error>", code)
	return true
}

func (s *storage) object(t testing.TB, key string) string {
	t.Helper()
	o, err := s.mem.GetObject("bucket", key, nil)
	must(t, err)
	content, err := io.ReadAll(o.Contents)
	must(t, err)
	return string(content)
}

func (s *storage) put(t testing.TB, key, content string) {
	t.Helper()
	_, err := s.mem.PutObject("bucket", key, map[string]string{}, strings.NewReader(content), int64(len(content)), nil)
	must(t, err)
}

// quiet is a server's log that nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
