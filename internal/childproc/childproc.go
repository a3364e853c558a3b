package childproc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"fettle/internal/safetext"
	"fettle/internal/secret"
)

const (
	maxOutput = 1 << 20
	maxWords  = 4 << 10
	// drainDelay is how long a killed program's pipes are waited for: a daemon it left may hold them open.
	drainDelay = 500 * time.Millisecond
)

// ErrTimeout says that the program was killed at its time limit.
var ErrTimeout = errors.New("no answer in time")

// ExitError says that the program ran and reported a failure.
type ExitError struct {
	Program string // its base name
	Code    int    // its exit code, -1 if a signal ended it
	Words   string // the first line it wrote to stderr, sanitised; may be empty
}

// Error implements error.
func (e *ExitError) Error() string {
	if e.Words == "" {
		return fmt.Sprintf("%s failed with code %d", e.Program, e.Code)
	}
	return fmt.Sprintf("%s failed with code %d: %s", e.Program, e.Code, e.Words)
}

// Run runs argv, never through a shell, with stdin as its input, and returns what it wrote to stdout, at most
// 1 MiB. Errors are ErrTimeout, the context's error, *ExitError, or why it could not be run.
func Run(ctx context.Context, limit time.Duration, stdin secret.Text, argv ...string) ([]byte, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("no program is named")
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	output, words := &bounded{max: maxOutput}, &bounded{max: maxWords}
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...) //nolint:gosec // the operator's own argv, no shell
	cmd.Stdin = strings.NewReader(stdin.Reveal())
	cmd.Stdout, cmd.Stderr = output, words
	cmd.WaitDelay = drainDelay
	detach(cmd)

	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, fmt.Errorf("%s: %w (%v)", filepath.Base(argv[0]), ErrTimeout, limit)
	case errors.As(err, &exit):
		line, _, _ := strings.Cut(strings.TrimSpace(words.kept.String()), "\n")
		return nil, &ExitError{filepath.Base(argv[0]), exit.ExitCode(), safetext.Line(line)}
	case errors.Is(err, exec.ErrWaitDelay): // it succeeded; something it started still holds a pipe
	case err != nil:
		return nil, fmt.Errorf("cannot run %s: %w", filepath.Base(argv[0]), err)
	}
	if output.overflow {
		return nil, fmt.Errorf("%s printed more than %d bytes", filepath.Base(argv[0]), maxOutput)
	}
	return output.kept.Bytes(), nil
}

// bounded keeps the first max bytes and takes the rest silently, so that the writer is not stopped by a signal.
// The buffer is a field, not embedded: its ReadFrom would go round the bound.
type bounded struct {
	kept     bytes.Buffer
	max      int
	overflow bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if room := b.max - b.kept.Len(); n > room {
		b.overflow = true
		p = p[:room]
	}
	b.kept.Write(p)
	return n, nil
}
