//go:build !race

package oauthflow_test

const underRace = false
