package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/internal/safetext"
)

// What the screens ask for about clients. A job of one provider's clients is one at a time.
type (
	addClient     struct{ client accounts.NewClient }
	replaceClient struct {
		former accounts.ClientInfo
		change accounts.ClientChange
	}
	removeClient struct{ id, label string }
	// testClient asks the provider whether it takes the client; nothing is stored.
	testClient struct{ client accounts.ClientInfo }
	markClient struct {
		id, label string
		marks     accounts.ClientMarks
	}
	// askClientPlan is answered with what a change of the client means.
	askClientPlan struct {
		key, id string
		change  accounts.ClientChange
	}
	// askClientFile is answered with the content of a client file.
	askClientFile struct{ key, path string }
)

func (addClient) isIntent()     {}
func (replaceClient) isIntent() {}
func (removeClient) isIntent()  {}
func (askClientFile) isIntent() {}
func (testClient) isIntent()    {}
func (markClient) isIntent()    {}
func (askClientPlan) isIntent() {}

// Kinds of work about clients.
const (
	jobClient     = "client" // subject: the provider
	jobClientGone = "client-remove"
	jobClientTest = "client-test" // subject: provider and ID
	jobClientMark = "client-mark"
)

// clientTestJob is the test of one client.
func clientTestJob(c accounts.ClientInfo) jobID { return jobID{jobClientTest, clientKey(c)} }

// describeClient is describe for work about clients.
func describeClient(in intent) (id jobID, title string, ok bool) {
	switch in := in.(type) {
	case addClient:
		return jobID{jobClient, in.client.Provider}, "keeping a client", true
	case replaceClient:
		return jobID{jobClient, in.former.Provider}, "replacing " + in.former.Label, true
	case testClient:
		return clientTestJob(in.client), "testing " + in.client.Label, true
	case markClient:
		return jobID{jobClientMark, in.id}, "noting it of " + in.label, true
	case removeClient:
		return jobID{jobClientGone, in.id}, "forgetting " + in.label, true
	}
	return jobID{}, "", false
}

// client turns the intents about clients into commands.
func (r *runner) client(in intent, run int) tea.Cmd {
	id, _, _ := describeClient(in)
	switch in := in.(type) {
	case addClient:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			info, err := r.Accounts.AddClient(ctx, in.client)
			return info, "the client is kept", err
		})
	case replaceClient:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			plan, err := r.Accounts.ReplaceClient(ctx, in.former.ID, in.change)
			return plan.Client, in.former.Label + " is replaced", err
		})
	case testClient:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			test, err := r.Accounts.TestKeptClient(ctx, in.client.Provider, in.client.ID)
			return test, in.client.Label + ": " + test.Title, err
		})
	case markClient:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			info, err := r.Accounts.MarkClient(ctx, in.id, in.marks)
			return info, "noted of " + in.label, err
		})
	case askClientPlan:
		return r.answer(in.key, func(ctx context.Context) (any, error) { return r.Accounts.PlanClientChange(ctx, in.id, in.change) })
	case removeClient:
		return r.start(id, run, func(ctx context.Context, _ *liveJob, _ func(jobEvent)) (any, string, error) {
			return nil, in.label + " is forgotten", r.Accounts.RemoveClient(ctx, in.id)
		})
	case askClientFile:
		return r.answer(in.key, func(context.Context) (any, error) { return readClientFile(in.path) })
	}
	return nil
}

// clientFileLimit is far above any real client file (about 500 bytes).
const clientFileLimit = 64 << 10

// readClientFile reads what the operator names. Only regular files: opening a pipe would wait for ever.
func readClientFile(path string) (content []byte, err error) {
	shown := safetext.Line(path)
	if rest, home := strings.CutPrefix(path, "~/"); home {
		dir, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("%s: this user's home is not known; give the whole path", shown)
		}
		path = filepath.Join(dir, rest)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s is not on this machine; if it lies on your own, paste its text here", shown)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%s may not be read by this user", shown)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read", shown)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", shown)
	case info.Size() > clientFileLimit:
		return nil, fmt.Errorf("%s is too long for a client's file", shown)
	}
	from, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened: %w", shown, errors.Unwrap(err))
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	// Bounded again, for the file may have grown since it was looked at.
	return io.ReadAll(io.LimitReader(from, clientFileLimit+1))
}
