package cli

import (
	"fmt"
	"io"

	"charm.land/fang/v2"

	"fettle/internal/safetext"
)

// failure is an error as it is told: what, and what to do about it.
type failure struct {
	Code    string // a stable identifier
	Message string // one line
	Remedy  string // one line, "" = none is known
	Account string // reference name, "" = it is about none

	exit   int
	prefix string // before the message: jobs find "fettle: CODE: text" in their logs
	silent bool   // the exit code says it all, or it was said already
}

// Error implements error.
func (f *failure) Error() string { return f.Message }

// attention ends a command that did its work and found that something needs a person.
var attention = &failure{Code: "attention", Message: "something needs attention", exit: exitAttention, silent: true}

// failedAlready ends a command that has told what failed.
var failedAlready = &failure{Code: "failed", Message: "something failed", exit: exitFailed, silent: true}

// usage is a mistake in how a command was called.
func usage(format string, args ...any) *failure {
	return &failure{Code: "usage", Message: fmt.Sprintf(format, args...), exit: exitUsage}
}

// wireFailure is a failure in JSON.
type wireFailure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Remedy  word   `json:"remedy"`
	Account word   `json:"account"`
}

func (f *failure) wire() *wireFailure {
	return &wireFailure{f.Code, safetext.Line(f.Message), word(safetext.Line(f.Remedy)), word(f.Account)}
}

// handleError prints what ended the run; fang calls it.
func (a *app) handleError(_ io.Writer, _ fang.Styles, err error) { a.tell(a.failureOf(err)) }

// tell prints a failure: as JSON on stdout where that was asked for, else in two lines on stderr.
func (a *app) tell(f *failure) {
	if f.silent || a.told && a.written() == nil {
		return
	}
	if a.jsonAsked() && f.prefix == "" {
		_ = a.emit(struct {
			Error *wireFailure `json:"error"`
		}{f.wire()}) // a failure always encodes
		// Where stdout takes nothing, stderr has to do.
		if a.written() == nil {
			return
		}
	}
	prefix := f.prefix
	if prefix == "" {
		prefix = "fettle: "
	}
	a.progress("%s%s", prefix, safetext.Line(f.Message))
	if f.Remedy != "" {
		a.progress("  → %s", safetext.Line(f.Remedy))
	}
}
