package pwfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"fettle/pwfile"
)

// fleet adds canvases that use the given number of accounts each.
func fleet(b *bench, canvases, accounts int) {
	b.Helper()
	names := make([]string, accounts)
	for i := range names {
		names[i] = fmt.Sprintf("account-%d", i)
		b.book.add(names[i])
	}
	for i := range canvases {
		b.canvas(fmt.Sprintf("canvas-%04d", i), nil, names...)
	}
}

func BenchmarkPlan100CanvasesOf20Accounts(b *testing.B) {
	bench := newBench(b)
	fleet(bench, 100, 20)
	bench.generate(pwfile.Selection{})
	for b.Loop() {
		if items := bench.plan(pwfile.Selection{}).Items; len(items) != 100 || !items[0].Current {
			b.Fatal("not the plan that was to be measured")
		}
	}
}

const manyFiles = 1000

// BenchmarkGenerate1000FilesAgainstBare measures a whole regeneration against a bare loop that encrypts, writes and
// makes durable as many plaintexts. The two take turns, so that both meet the same disk.
func BenchmarkGenerate1000FilesAgainstBare(b *testing.B) {
	for _, workers := range []int{1, 8} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			bench := newBench(b)
			fleet(bench, manyFiles, 1)
			dir, plaintext, to := b.TempDir(), make([]byte, 900), newIdentity(b).Recipient()
			var ours, bare time.Duration
			for b.Loop() {
				start := time.Now()
				bareLoop(b, dir, plaintext, to, workers)
				bare += time.Since(start)
				start = time.Now()
				if run := bench.generate(pwfile.Selection{Force: true}); len(run.Lines) != manyFiles || run.Lines[0].State != "done" {
					b.Fatalf("%+v", run.Lines[0])
				}
				ours += time.Since(start)
			}
			b.ReportMetric(ours.Seconds()/bare.Seconds(), "x-bare")
			b.ReportMetric(ours.Seconds()*1000/float64(b.N)/manyFiles, "ms/file")
		})
	}
}

func bareLoop(b *testing.B, dir string, plaintext []byte, to age.Recipient, workers int) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < manyFiles; i += workers {
				if err := bare1(filepath.Join(dir, fmt.Sprint(i)), plaintext, to); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func bare1(path string, plaintext []byte, to age.Recipient) error {
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return err
	}
	w, err := age.Encrypt(f, to)
	if err != nil {
		return err
	}
	if _, err := w.Write(plaintext); err != nil {
		return err
	}
	return errorsOf(w.Close(), f.Sync(), f.Close(), os.Rename(path+".tmp", path))
}
