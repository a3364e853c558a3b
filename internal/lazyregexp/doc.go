// Package lazyregexp compiles patterns when they are first used: a process of fettle that only prints a token should not
// pay for those that explain a log. It imports nothing of fettle.
package lazyregexp
