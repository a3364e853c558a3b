package oplog

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Entry is all that is ever logged about one operation. Empty fields are left out.
type Entry struct {
	Time      time.Time     // when it ended; now, if zero
	Operation string        // what was done: "refresh", "device.poll", "revoke"
	Account   string        // the account's reference name
	Provider  string        // the provider's id in the catalogue
	Status    int           // the HTTP status; 0 if no answer came
	Code      string        // the error code, the provider's or ours; empty if it worked
	Duration  time.Duration // how long it took
}

// Log writes entries. It is safe for concurrent use, also by several processes. A nil *Log discards.
type Log struct{ handler slog.Handler }

// Open returns the log kept in dir, which is made (0700) if it is missing. The error says that nothing can be logged
// there; the caller may go on with a nil *Log.
func Open(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the log folder: %w", err)
	}
	out := &file{path: filepath.Join(dir, "operations.log")}
	if _, err := out.Write(nil); err != nil {
		return nil, fmt.Errorf("cannot write the operations log: %w", err)
	}
	return &Log{handler: slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: rename})}, nil
}

// Record writes one line. It returns nothing, because no caller may fail over it.
func (l *Log) Record(e Entry) {
	if l == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	line := slog.NewRecord(e.Time.UTC(), slog.LevelInfo, word(e.Operation, 32), 0)
	for _, a := range []slog.Attr{
		slog.String("account", word(e.Account, 128)),
		slog.String("provider", word(e.Provider, 64)),
		slog.Int("status", e.Status),
		slog.String("code", word(e.Code, 48)),
		slog.Int64("duration_ms", e.Duration.Milliseconds()),
	} {
		if !a.Value.Equal(slog.StringValue("")) && (a.Key != "status" || e.Status != 0) {
			line.AddAttrs(a)
		}
	}
	_ = l.handler.Handle(context.Background(), line) // a full disk must not fail a refresh that worked
}

// rename turns slog's own fields into ours.
func rename(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.LevelKey:
		return slog.Attr{}
	case slog.MessageKey:
		a.Key = "operation"
	}
	return a
}

// word lets only short identifiers through, so that a token or a message which strayed into a field (a hostile
// provider's "error", say) does not reach the file.
func word(s string, limit int) string {
	const marks = "._@:/-"
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r)
	}
	if len(s) > limit || strings.ContainsFunc(s, bad) {
		return "(withheld)"
	}
	return s
}
