package packages_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fettle/pwfile/packages"
)

// Sizes of the file whose transfer is cut. What both ends of a connection buffer is far less than what arrives first, so
// that an upload that begins anew is behind the count until it is let through.
const (
	cutSize  = 32 << 20
	cutAfter = 24 << 20
)

var largeContent = bytes.Repeat([]byte{1}, cutSize)

// watched checks each report of a sync or a fetch: the count of a step never goes back, never exceeds its total, and has
// reached it at the end of a step that moves bytes.
type watched struct {
	testing.TB
	mu   sync.Mutex
	last packages.Progress
	most map[packages.Step]int64 // the highest count of each step
}

func watch(t testing.TB) *watched { return &watched{TB: t, most: map[packages.Step]int64{}} }

func (w *watched) report(p packages.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Step == "" {
		w.Errorf("a report of no step: %+v", p)
	}
	begun := p.Step != w.last.Step || p.Done == 0 && p.Bytes == 0 // perhaps the same step once more
	if !begun && (p.Bytes < w.last.Bytes || p.Done < w.last.Done) {
		w.Errorf("%+v went back to %+v", w.last, p)
	}
	if p.Bytes > p.TotalBytes || p.Done > p.Total {
		w.Errorf("more than all: %+v", p)
	}
	w.last, w.most[p.Step] = p, max(w.most[p.Step], p.Bytes)
}

// largeFile is a package of a canvas, a small file and one whose transfer can be cut.
func (b *bench) largeFile(to string) packages.Package {
	b.Helper()
	large := filepath.Join(b.home, "large.bin")
	must(b, os.WriteFile(large, largeContent, 0o600))
	return b.pack(to, func(n *packages.NewPackage) { n.Files = []packages.Member{{Name: large}} }, b.canvas("sales").Name)
}

// An upload that is cut and tried again sends its bytes a second time; what is told of it stands still meanwhile. The
// small files end in that moment, so that a count that went back would be told with them.
func TestProgressStandsStillWhileAnUploadIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	p := b.largeFile(s.target("p"))
	again, told := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	larges := 0
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		if kind(r) != "PUT object" {
			return false
		}
		if r.ContentLength < cutSize {
			<-again // until the large one is on its way a second time
			return false
		}
		mu.Lock()
		larges++
		nth := larges
		mu.Unlock()
		if nth == 1 {
			_, _ = io.CopyN(io.Discard, r.Body, cutAfter)
			panic(http.ErrAbortHandler)
		}
		close(again)
		<-told
		return false
	})
	w := watch(t)
	var once sync.Once
	_, err := b.Sync(t.Context(), p.ID, packages.Options{}, func(p packages.Progress) {
		w.report(p)
		if p.Step == packages.StepUpload && p.Done > 0 {
			if p.Bytes < cutAfter-1<<20 {
				t.Errorf("told %d bytes after %d had arrived", p.Bytes, cutAfter)
			}
			once.Do(func() { close(told) })
		}
	})
	must(t, err)
	if larges != 2 {
		t.Errorf("the large file was sent %d times", larges)
	}
	for _, step := range []packages.Step{packages.StepUpload, packages.StepVerify} {
		if w.most[step] < cutSize {
			t.Errorf("%s came to %d bytes", step, w.most[step])
		}
	}
}

// A download that is cut, when it is read back or fetched, is not counted twice.
func TestProgressOfADownloadThatIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	p := b.largeFile(s.target("p"))
	large := fmt.Sprintf("%x", sha256.Sum256(largeContent))
	cut := func() {
		var once sync.Once
		s.on(func(rw http.ResponseWriter, r *http.Request) bool {
			first := false
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, large) {
				once.Do(func() { first = true })
			}
			if first {
				rw.Header().Set("Content-Length", strconv.Itoa(cutSize))
				_, _ = rw.Write(largeContent[:cutAfter]) // broken off, and the server's buffer is sent until there
				panic(http.ErrAbortHandler)
			}
			return false
		})
	}
	w := watch(t)
	cut()
	_, err := b.Sync(t.Context(), p.ID, packages.Options{}, w.report)
	must(t, err)
	cut()
	_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: s.target("p"), To: t.TempDir()}, w.report)
	must(t, err)
	if w.most[packages.StepDownload] < cutSize {
		t.Errorf("the download came to %d bytes", w.most[packages.StepDownload])
	}
}
