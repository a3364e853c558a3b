package demo

import (
	"sync/atomic"
	"time"
)

// clock is the time of the whole world: of the book, the keeper and every provider. It runs behind while the past is
// being made.
type clock struct{ behind atomic.Int64 }

// Now is the world's time.
func (c *clock) Now() time.Time { return time.Now().Add(-time.Duration(c.behind.Load())) }

// goBack sets the world to the time that was ago before the present.
func (c *clock) goBack(ago time.Duration) { c.behind.Store(int64(ago)) }
