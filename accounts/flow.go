package accounts

import (
	"context"
	"errors"
)

// ErrFlowDriven says that another process drives the flow; it can be watched, not taken over.
var ErrFlowDriven = errors.New("another process is already driving this authorization")

// ErrFlowExpired says that nobody authorized in time; the name is free again.
var ErrFlowExpired = errors.New("the authorization expired before anybody completed it")

// DriveFlow waits for the person, stores the grant, checks it and promotes it. The end of ctx pauses the
// flow and loses nothing; calling again, in any process, continues it.
func (b *Book) DriveFlow(ctx context.Context, flowID string, io FlowIO) (FlowResult, error) {
	return FlowResult{}, errors.ErrUnsupported
}

// AbandonFlow ends a flow without a grant and frees its name.
func (b *Book) AbandonFlow(ctx context.Context, flowID string) error { return errors.ErrUnsupported }
