//go:build race

package oauthflow_test

// underRace says that the race detector is on: everything takes ten times as long.
const underRace = true
