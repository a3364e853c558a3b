package tui

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/internal/oplog"
)

// fault is what a panic becomes: an error that says where. Its value is not shown, because it may hold
// anything; the stack would go to a terminal that shows a screen.
// The log gets the same place, and nothing else either.
func (r *runner) fault(any) error {
	where := faultPlace()
	r.Log.Record(oplog.Entry{Operation: "fault", Code: where})
	return fmt.Errorf("a fault in fettle itself at %s stopped this work; what was stored is as it was", where)
}

// faultPlace is the line of fettle that panicked: the first one below the runtime's own.
func faultPlace() string {
	calls := make([]uintptr, 32)
	frames := runtime.CallersFrames(calls[:runtime.Callers(3, calls)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicked = true
		case panicked && strings.Contains(f.Function, "fettle/"):
			return fmt.Sprintf("%s:%d", path.Join(path.Base(path.Dir(f.File)), path.Base(f.File)), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// guard is a command that cannot end the program: a fault in it becomes a line above the footer.
func (r *runner) guard(cmd func() tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if p := recover(); p != nil {
				msg = noticeMsg{upperFirst(r.fault(p).Error()) + ".", accounts.SeverityCritical}
			}
		}()
		return cmd()
	}
}
