// Package tui is the terminal program: the screens and nothing else.
//
// It alone imports Charm's libraries, and it imports the houses below it: pwfile, accounts, oauthflow.
//
// How it is put together:
//
//   - app.go: the root model. It classifies each message (terminal fact, job event, overlay, key) and
//     hands it to one place.
//   - keys.go, actions.go: the one table of actions. Matching, footer, help and docs/keys.md come from it.
//   - A screen (screen.go) turns an action or typed text into its next self and intents (intent.go):
//     plain values that say what it wants. Its view is a function of a frame (frame.go): no clock, no
//     environment, no service.
//   - The runner turns intents into commands and alone calls a service (services.go). runner.go has the goroutines;
//     what each intent does stands in commands.go, flow_commands.go, terminal.go and the *_commands.go.
//   - clean.go is the second fence against hostile text: what enters the model is washed there.
//   - load.go looks at the book; a screen that holds something worked out of it is told of each look (renewer).
//   - client_*.go, diagnose_*.go, resource*.go, verify_screen.go: the screens beside the accounts. Each has its
//     state, its view and, where it asks for something of its own, its commands in a file by that name.
//   - endings.go says what the end of a job leads to; what met a locked vault waits there.
//   - jobs.go keeps what runs in the background, by ID; an event of an unknown ID is dropped.
//
// Start reading at app.go.
package tui
