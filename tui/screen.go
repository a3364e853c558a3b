package tui

import (
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// screen is one page of the program. Screens are values: each of these methods returns what it changed,
// and none does I/O, reads a clock or looks anything up outside the frame.
// Being values, earlier ones stay as they were: whoever changes a slice, map or set of a screen clones it first.
type screen interface {
	// scopes says which rows of the action table are live here, most specific first.
	scopes() []scope
	// situation is what the conditions of those actions look at.
	situation(f frame) situation
	// act does an action of the table that is live and on.
	// The root has asked its condition already, so a screen need not.
	act(id actionID, f frame) (screen, []intent)
	// typing reports whether a text field has the keys; then plain keys and pastes arrive at typed.
	typing() bool
	typed(msg tea.Msg, f frame) (screen, []intent)
	// takesPaste reports whether pasted text is wanted here though no field has the keys.
	takesPaste() bool
	// receive takes the answer to a question this screen asked; others are ignored.
	// Every screen in the stack is told, for the one that asked may be covered by now: it knows its answer by the key.
	receive(a answer, f frame) (screen, []intent)
	// view returns exactly f.height lines of exactly f.width cells.
	view(f frame) string
	// title is the screen's part of the heading.
	title(f frame) string
}

// starter is a screen that asks for something at once when it is opened.
// It asks for answers only, never for jobs: what it wants is not registered.
type starter interface{ start() []intent }

// renewer is a screen that holds something worked out of the book: it is told of each look at it.
// Those below the top one are told as well: they are seen again after a back.
type renewer interface {
	renewed(f frame) (screen, []intent)
}

// situation is what conditions of actions depend on.
// It is filled anew for each key and each frame; what a screen leaves out switches off the actions that need it.
type situation struct {
	account  *accounts.Account    // the one under the cursor; not to be changed
	begun    bool                 // it is a sign-in that has not made an account yet
	marked   int                  // accounts marked for a common action
	known    int                  // accounts in the book
	broken   int                  // problems that f would fix
	job      *job                 // the background work this screen shows
	firm     bool                 // that work is over in a moment and cannot be stopped
	url      bool                 // there is an address to copy
	code     bool                 // there is a user code to copy
	waiting  bool                 // a sign-in waits for the person
	client   *accounts.ClientInfo // the one under the cursor
	canvas   *pwfile.Canvas       // the one under the cursor
	pack     *packages.Package    // the one under the cursor
	entry    string               // ID of the resource under the cursor
	unlisted string               // why nothing can be listed, "" = it can
	obstacle string               // the account that keeps something from being written, "" = none
	back     string               // why esc cannot go back, "" = it can
	next     string               // why enter cannot go on, "" = it can
}

// settlingWords are why enter waits at the end of a wizard: what it would choose is not known yet.
const settlingWords = "what follows is being looked at; enter works in a moment"

// base gives screens the methods they do not need.
type base struct{}

func (base) situation(frame) situation { return situation{} }
func (base) typing() bool              { return false }
func (base) takesPaste() bool          { return false }
