package packages_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fettle/pwfile/packages"
)

// A transfer may take as long as it likes, while something moves; one that stands still for a minute is given up.
func TestATransferThatStandsStillIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		err := packages.Watched(t.Context(), func(ctx context.Context, alive func(int64)) error {
			for range 10 {
				select {
				case <-time.After(50 * time.Second):
					alive(1)
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if took := time.Since(begun); !errors.Is(err, packages.ErrStalled) || took != 560*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = packages.Watched(ctx, func(ctx context.Context, _ func(int64)) error { <-ctx.Done(); return ctx.Err() })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's", err)
		}
	})
}
