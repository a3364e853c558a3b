package packages

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"
	"github.com/cenkalti/backoff/v5"
)

// stallLimit is how long a transfer may stand still. A limit for the whole of it would cut large files on slow lines.
const stallLimit = 60 * time.Second

// errStalled says that nothing moved for a while.
var errStalled = errors.New("nothing moved for a minute")

// watched runs work with a context that ends when work has not called alive for the limit.
func watched(ctx context.Context, limit time.Duration, work func(ctx context.Context, alive func(int64)) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limit, func() { cancel(errStalled) })
	defer timer.Stop()
	err := work(ctx, func(int64) { timer.Reset(limit) })
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// once runs one operation and explains its error.
func (b *bucket) once(ctx context.Context, name string, work func(ctx context.Context, alive func(int64)) error) error {
	return b.explain(name, watched(ctx, stallLimit, work))
}

// again is once, a few times over: the SDK repeats a request that failed, but not an answer that broke off halfway.
func (b *bucket) again(ctx context.Context, name string, work func(ctx context.Context, alive func(int64)) error) error {
	return retried(ctx, func() error { return b.once(ctx, name, work) })
}

// retried tries again what was unreachable, with growing pauses; not what the SDK has repeated itself, which would
// multiply the attempts of both.
func retried(ctx context.Context, work func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := work()
		var repeated *smithy.OperationError
		if err != nil && (!isCode(err, Unreachable) || errors.As(err, &repeated) || ctx.Err() != nil) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithMaxTries(3), backoff.WithBackOff(backoff.NewExponentialBackOff()))
	return err
}
