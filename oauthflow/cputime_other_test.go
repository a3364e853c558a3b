//go:build !unix

package oauthflow_test

import "time"

var started = time.Now()

// spent stands in where the processor time cannot be had.
func spent() time.Duration { return time.Since(started) }
