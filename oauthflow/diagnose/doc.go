// Package diagnose explains what went wrong with an account and what to do about it.
//
// One table of rules (rules/*.toml, embedded) maps where an error happened, its codes and its HTTP status to
// a cause and a remedy. The same table reads messages pasted from a job's log. It imports oauthflow and
// internal guards. Start reading at Explain.
package diagnose
