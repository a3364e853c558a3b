package packages

import "sync"

// Step says what a sync or a fetch is doing.
type Step string

// Steps, in the order in which they come.
const (
	StepLook   Step = "look" // here and at the destination
	StepUpload Step = "upload"
	StepVerify Step = "verify" // reading back
	StepSwitch Step = "switch" // the manifest, or the files here
	StepClean  Step = "clean"  // what nobody needs any more

	StepDownload Step = "download"
)

// Progress is reported as a sync or a fetch goes on, never twice at once.
type Progress struct {
	Step       Step
	Path       string // the file that has just ended, "" if none has
	Done       int    // files of this step that have ended
	Total      int
	Bytes      int64 // of this step that have moved
	TotalBytes int64
}

// teller reports progress, one at a time.
type teller struct {
	mu     sync.Mutex
	report func(Progress)
	now    Progress
	real   int64 // bytes that moved; an upload that is tried again takes its own back
	told   int64 // bytes at the last report
}

func newTeller(report func(Progress)) *teller { return &teller{report: report} }

// tellEvery bounds how often bytes alone are reported.
const tellEvery = 256 << 10

func (t *teller) begin(step Step, total int, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now, t.real, t.told = Progress{Step: step, Total: total, TotalBytes: bytes}, 0, 0
	t.tell()
}

// moved counts bytes. What is told never goes back: while a file is sent again the count stands still.
func (t *teller) moved(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.real += n
	t.now.Bytes = max(t.now.Bytes, t.real)
	if t.now.Bytes-t.told >= tellEvery {
		t.told = t.now.Bytes
		t.tell()
	}
}

func (t *teller) ended(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now.Done++
	t.now.Path = path
	t.tell()
	t.now.Path = ""
}

func (t *teller) tell() {
	if t.report != nil {
		t.report(t.now)
	}
}
