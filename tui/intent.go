package tui

import (
	"fettle/accounts"
	"fettle/internal/secret"
	"fettle/pwfile"
)

// intent is what a screen asks for: a plain value, which a test can compare and which cannot do anything by itself. The
// root does the first group (navigate.go); the runner turns the others into commands (commands.go and its like).
type intent interface{ isIntent() }

type (
	// open puts a screen on top of this one.
	open struct{ screen screen }
	// replace puts a screen in the place of this one.
	replace struct{ screen screen }
	// back leaves the screen; home leaves all but the first.
	back struct{}
	home struct{}
	// takeOver shows an authorization that was begun and goes on with it.
	takeOver struct{ flow accounts.PendingFlow }
	// ask shows a question over the screen.
	ask struct{ overlay screen }
	// notify shows one line above the footer.
	notify struct {
		text     string
		severity accounts.Severity
	}
	// quit ends the program, after asking where work is under way, unless sure.
	quit struct{ sure bool }
)

type (
	reload struct{} // look at the book again

	refreshAccounts struct {
		ids   []string
		force bool // also where an answer is seconds old
	}
	verifyAccounts struct{ ids []string }
	listResources  struct{ id string }
	removeAccount  struct {
		id     string
		revoke bool // at the provider too, before it is forgotten here
	}
	decide struct {
		id       string
		decision accounts.Decision // what becomes of the credential that waits
	}
	repeatChecks struct{ id string } // of the credential that waits

	// beginFlow starts an authorization and drives it; resumeFlow drives a pending one.
	beginFlow struct {
		request accounts.AuthorizeRequest
		restart bool // drop the pending one of this name first
	}
	resumeFlow  struct{ flow accounts.PendingFlow }
	abandonFlow struct{ flowID, name string }
	// pasteInto hands text to a sign-in under way; it may hold a code and goes nowhere else.
	pasteInto struct {
		job  jobID
		text string
	}

	// generate writes what a plan says; passphrase is empty where no file opens with one.
	generate struct {
		plan       pwfile.Plan
		passphrase secret.Text
	}

	// stop cancels a job: a flow pauses, work between two accounts or files ends after the present one.
	stop struct{ job jobID }

	// unlockVault without a passphrase is for holders that need nobody.
	unlockVault struct{ passphrase secret.Text }
	setupVault  struct {
		holder     string
		passphrase secret.Text
	}

	// copyText sends text to the clipboard; what begins the sentence that tells of it: "The address".
	copyText    struct{ what, text string }
	printURL    struct{ url string }
	openBrowser struct{ url string }
)

// Questions: each is answered by an answer with the same key.
type (
	askFlowChoices struct {
		key     string
		request accounts.AuthorizeRequest
	}
	askRemoval struct{ key, id string }
	askPlan    struct {
		key       string
		selection pwfile.Selection
	}
	askHistory   struct{ key, id string }
	askResources struct{ key, id string }
	askActivity  struct{ key string }
	askKeyring   struct{ key string }
)

func (open) isIntent()            {}
func (replace) isIntent()         {}
func (back) isIntent()            {}
func (home) isIntent()            {}
func (takeOver) isIntent()        {}
func (ask) isIntent()             {}
func (notify) isIntent()          {}
func (quit) isIntent()            {}
func (reload) isIntent()          {}
func (refreshAccounts) isIntent() {}
func (verifyAccounts) isIntent()  {}
func (listResources) isIntent()   {}
func (removeAccount) isIntent()   {}
func (decide) isIntent()          {}
func (repeatChecks) isIntent()    {}
func (beginFlow) isIntent()       {}
func (resumeFlow) isIntent()      {}
func (abandonFlow) isIntent()     {}
func (pasteInto) isIntent()       {}
func (generate) isIntent()        {}
func (stop) isIntent()            {}
func (unlockVault) isIntent()     {}
func (setupVault) isIntent()      {}
func (copyText) isIntent()        {}
func (printURL) isIntent()        {}
func (openBrowser) isIntent()     {}
func (askFlowChoices) isIntent()  {}
func (askRemoval) isIntent()      {}
func (askPlan) isIntent()         {}
func (askHistory) isIntent()      {}
func (askResources) isIntent()    {}
func (askActivity) isIntent()     {}
func (askKeyring) isIntent()      {}

// answer is what came back for a question.
// A key names the screen's question and its subject, so that what comes late to another screen of the same kind is dropped.
type answer struct {
	key   string
	value any
	err   error
}
