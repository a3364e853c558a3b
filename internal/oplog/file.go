package oplog

import (
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

const (
	maxBytes = 1 << 20
	maxFiles = 5 // the current one and four older ones
)

// file appends to a log that several processes share and rotates it.
//
// gopkg.in/natefinch/lumberjack does not fit: it keeps its file open and counts its own bytes only, so with a screen and
// a cron job at work one of them writes on into a file that the other has already renamed, and later deleted. Here
// every line is one write to a file opened by name with O_APPEND, which the kernel does not interleave; nobody waits for
// anybody. Only rotation takes a lock, and whoever finds it taken appends instead: what several processes can do is
// exceed the limit by a line each.
type file struct{ path string }

// Write appends p, one whole line, in one call.
func (f *file) Write(p []byte) (n int, err error) {
	f.rotate(int64(len(p)))
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	return out.Write(p)
}

// rotate makes room for extra bytes if the current file is full. If it cannot, the file grows: better a long log than none.
func (f *file) rotate(extra int64) {
	if !f.full(extra) {
		return
	}
	lock := flock.New(f.path + ".lock")
	if held, err := lock.TryLock(); err != nil || !held {
		return
	}
	defer func() { _ = lock.Unlock() }() // closing the descriptor frees it in any case
	if !f.full(extra) {
		return // another process was faster
	}
	for i := maxFiles - 1; i > 0; i-- {
		_ = os.Rename(f.name(i-1), f.name(i)) // a gap in the row is no harm
	}
}

func (f *file) full(extra int64) bool {
	info, err := os.Stat(f.path)
	return err == nil && info.Size()+extra > maxBytes
}

// name returns the path of the i-th file, the current one being 0.
func (f *file) name(i int) string {
	if i == 0 {
		return f.path
	}
	return fmt.Sprintf("%s.%d", f.path, i)
}
