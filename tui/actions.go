package tui

// actionID names something the operator can do.
type actionID string

// scope is where an action is live.
type scope string

// Scopes. A screen lists those that hold for it, most specific first.
const (
	inGlobal    scope = "everywhere"
	inAccounts  scope = "accounts"
	inDetail    scope = "detail"
	inWizard    scope = "wizards"        // enter goes on
	inChoice    scope = "choices"        // with ticks; the cursor of a choice moves by inScroll
	inSignIn    scope = "sign-in"        // while a sign-in waits for the person
	inConfirm   scope = "questions"      // y and n
	inText      scope = "filter"         // a search that has the keys
	inFields    scope = "several fields" // tab goes on, as long as no path has a name to take
	inScroll    scope = "long pages"     // whatever has lines or rows
	inVerify    scope = "verification"
	inClients   scope = "clients"
	inDiagnosis scope = "diagnosis"
	inSteps     scope = "registering a client" // the page that says how
	inCanvases  scope = "canvases"
	inPath      scope = "a path" // tab completes
	inActivity  scope = "activity"
	inPlan      scope = "a plan" // which password files to write
	inPackages  scope = "packages"
	inResources scope = "resources"
)

// Actions.
const (
	actQuit    actionID = "quit"
	actHelp    actionID = "help"
	actBack    actionID = "back"
	actFix     actionID = "fix"
	actOpen    actionID = "open"
	actUp      actionID = "up"
	actDown    actionID = "down"
	actPageUp  actionID = "page-up"
	actPageDn  actionID = "page-down"
	actTop     actionID = "top"
	actBottom  actionID = "bottom"
	actMark    actionID = "mark"
	actMarkAll actionID = "mark-all"
	actFilter  actionID = "filter"
	actSort    actionID = "sort"
	actRefresh actionID = "refresh"
	actVerify  actionID = "verify"
	actUpdate  actionID = "update"
	actAdd     actionID = "authorize"
	actRemove  actionID = "remove"
	actFiles   actionID = "files"
	actList    actionID = "resources"
	actNext    actionID = "next" // enter where it goes on rather than opens
	actTick    actionID = "tick"
	actTickAll actionID = "tick-all"
	actYes     actionID = "yes"
	actNo      actionID = "no"
	actCopyURL actionID = "copy-url"
	actCopyCod actionID = "copy-code"
	actBareURL actionID = "bare-url" // an address alone on the terminal
	actBrowse  actionID = "browse"
	actPaste   actionID = "paste"
	actOther   actionID = "other-flow" // sign in the other way
	actAbandon actionID = "abandon"
	actStop    actionID = "stop"
	actField   actionID = "next-field"
	actFieldUp actionID = "former-field"
	actClients actionID = "clients"
	actReplace actionID = "replace"
	actExplain actionID = "diagnose"
	actTest    actionID = "test"
	actTesting actionID = "in-testing"
	actEnd     actionID = "secret-end" // note when a client's secret ends
	actCanvas  actionID = "canvases"
	actPath    actionID = "complete"
	actEvents  actionID = "activity"
	actPacks   actionID = "packages"
	actSync    actionID = "sync"
	actCopyID  actionID = "copy-id"
	actLeave   actionID = "leave" // ctrl+c, which works where q is a letter
	actSuspend actionID = "suspend"
)

// action is one row of the table that drives matching, the footer, help, docs/keys.md and the test for clashes.
type action struct {
	id     actionID
	keys   []string // as bubbletea names them; the first is shown
	label  string   // one or two words for the footer
	help   string   // a sentence for help
	scope  scope
	danger bool                           // it takes something away: a test keeps it to the key x alone, which only ever opens a wizard or a question
	quiet  bool                           // left out of the footer
	off    func(s situation) (why string) // nil or "": it is on
}

// on reports whether the action can be used, and why not.
func (a action) on(s situation) (why string, ok bool) {
	if a.off == nil {
		return "", true
	}
	why = a.off(s)
	return why, why == ""
}

// actions is the table. The order is the order of footer and help.
// One action may stand in several scopes, with words that fit there. A key means one thing in a scope, and what a more
// specific scope says of it wins. Esc, ? and q stand in the last scope, which is live everywhere.
var actions = []action{
	{id: actFix, keys: []string{"f"}, label: "fix next", help: "Open the wizard that repairs the worst problem, then the next.", scope: inAccounts, off: needsProblem},
	{id: actOpen, keys: []string{"enter", "right", "l"}, label: "open", help: "Show everything about the account.", scope: inAccounts, off: needsOneAccount},
	{id: actUpdate, keys: []string{"u"}, label: "update", help: "Update the credential: sign in again for this account.", scope: inAccounts, off: needsLive},
	{id: actRefresh, keys: []string{"r"}, label: "refresh", help: "Ask the provider for a new access token now.", scope: inAccounts, off: needsAccount},
	{id: actVerify, keys: []string{"v"}, label: "verify", help: "Prove the account: permissions, identity, probe, resources.", scope: inAccounts, off: needsAccount},
	{id: actFiles, keys: []string{"p"}, label: "files", help: "Regenerate password files that carry an old credential.", scope: inAccounts, off: needsKnown},
	{id: actAdd, keys: []string{"a"}, label: "authorize", help: "Authorize a new account.", scope: inAccounts},
	{id: actRemove, keys: []string{"x"}, label: "remove", help: "Remove this account, and revoke it at the provider if you say so.", scope: inAccounts, danger: true, off: needsStored},
	{id: actClients, keys: []string{"i"}, label: "clients", help: "Show the client registrations at the providers: add, replace, remove.", scope: inAccounts},
	{id: actCanvas, keys: []string{"c"}, label: "canvases", help: "Show the canvases: which accounts each uses, where its password file lies.", scope: inAccounts},
	{id: actExplain, keys: []string{"d"}, label: "diagnose", help: "Paste a message from a job's log: what it means, and which account it is about.", scope: inAccounts},
	{id: actPacks, keys: []string{"o"}, label: "packages", help: "Show the packages: canvases and password files that are synced to where they run.", scope: inAccounts, quiet: true},
	{id: actEvents, keys: []string{"h"}, label: "activity", help: "Show who did what when.", scope: inAccounts, quiet: true},
	{id: actFilter, keys: []string{"/"}, label: "filter", help: "Show only accounts whose name, service, identity or state match.", scope: inAccounts, off: needsKnown},
	{id: actSort, keys: []string{"s"}, label: "sort", help: "Sort by health, name, end or stale files.", scope: inAccounts, quiet: true, off: needsKnown},
	{id: actMark, keys: []string{"space"}, label: "mark", help: "Mark the account for refresh or verify of several.", scope: inAccounts, quiet: true, off: needsOneAccount},
	{id: actMarkAll, keys: []string{"*"}, label: "mark all", help: "Mark every account shown, or none.", scope: inAccounts, quiet: true, off: needsKnown},

	{id: actUpdate, keys: []string{"u"}, label: "update", help: "Update the credential: sign in again for this account.", scope: inDetail, off: needsLive},
	{id: actRefresh, keys: []string{"r"}, label: "refresh", help: "Ask the provider for a new access token now.", scope: inDetail, off: needsOneAccount},
	{id: actVerify, keys: []string{"v"}, label: "verify", help: "Prove the account: permissions, identity, probe, resources.", scope: inDetail, off: needsOneAccount},
	{id: actList, keys: []string{"s"}, label: "resources", help: "Show what the account reaches as a tree: search it, list it again.", scope: inDetail, off: needsOneAccount},
	{id: actFiles, keys: []string{"p"}, label: "files", help: "Regenerate the password files of this account's canvases.", scope: inDetail, off: needsOneAccount},
	{id: actRemove, keys: []string{"x"}, label: "remove", help: "Remove this account, and revoke it at the provider if you say so.", scope: inDetail, danger: true, off: needsOneAccount},
	{id: actFix, keys: []string{"f"}, label: "fix next", help: "Leave this account and repair the next problem.", scope: inDetail, quiet: true, off: needsProblem},

	{id: actVerify, keys: []string{"v"}, label: "again", help: "Make the checks once more.", scope: inVerify, off: needsIdle},
	{id: actStop, keys: []string{"ctrl+x"}, label: "stop", help: "Stop the checks; what was found stays.", scope: inVerify, off: needsJob},
	{id: actUpdate, keys: []string{"u"}, label: "update", help: "Update the credential: sign in again for this account.", scope: inVerify, off: needsLive},

	{id: actAdd, keys: []string{"a"}, label: "add", help: "Register a client at a provider, step by step, and keep it here.", scope: inClients},
	{id: actOpen, keys: []string{"enter"}, label: "authorize", help: "Authorize an account through this client.", scope: inClients, off: needsClient},
	{id: actReplace, keys: []string{"s"}, label: "replace", help: "Replace the client's secret or its ID; shows first what that means for its accounts and password files.", scope: inClients, off: needsOwnClient},
	{id: actTest, keys: []string{"t"}, label: "test", help: "Ask the provider whether it takes this client, and for which ways of signing in; nothing is stored.", scope: inClients, off: needsClientIdle},
	{id: actTesting, keys: []string{"m"}, label: "in testing", help: "Note that the client's consent screen is in testing, or is not any more: sign-ins through it then end early.", scope: inClients, quiet: true, off: needsOwnClient},
	{id: actEnd, keys: []string{"e"}, label: "end", help: "Note the day on which the client's secret ends; fettle warns before.", scope: inClients, quiet: true, off: needsOwnSecret},
	{id: actStop, keys: []string{"ctrl+x"}, label: "stop", help: "Stop the test.", scope: inClients, quiet: true, off: needsJob},
	{id: actRemove, keys: []string{"x"}, label: "remove", help: "Forget this client; not while accounts use it.", scope: inClients, danger: true, off: needsUnusedClient},

	{id: actCopyURL, keys: []string{"c"}, label: "copy address", help: "Send the address of the provider's console to your terminal's clipboard.", scope: inSteps, off: needsURL},
	{id: actBareURL, keys: []string{"b"}, label: "bare address", help: "Leave the screen and print the address alone on one line.", scope: inSteps, off: needsURL},

	{id: actOpen, keys: []string{"enter"}, label: "change", help: "Change the canvas: its file, accounts, places and readers.", scope: inCanvases, off: needsCanvas},
	{id: actFiles, keys: []string{"p"}, label: "all stale", help: "Regenerate every stale password file.", scope: inCanvases, off: needsStale},
	{id: actRefresh, keys: []string{"r"}, label: "regenerate", help: "Regenerate the password file of this canvas.", scope: inCanvases, off: needsCanvas},
	{id: actVerify, keys: []string{"v"}, label: "look", help: "Look at the places on other machines: does the right file lie there?", scope: inCanvases, quiet: true, off: needsCanvas},
	{id: actAdd, keys: []string{"a"}, label: "add", help: "Add a canvas.", scope: inCanvases},
	{id: actRemove, keys: []string{"x"}, label: "remove", help: "Forget the canvas; its files stay where they lie.", scope: inCanvases, danger: true, off: needsCanvas},
	{id: actFilter, keys: []string{"/"}, label: "filter", help: "Show only canvases whose name, file, accounts or state match.", scope: inCanvases, off: needsCanvas},

	{id: actSync, keys: []string{"enter", "s"}, label: "sync", help: "Show what a sync would bring, then bring it.", scope: inPackages, off: needsPackage},
	{id: actAdd, keys: []string{"a"}, label: "add", help: "Add a package.", scope: inPackages},
	{id: actRemove, keys: []string{"x"}, label: "remove", help: "Forget the package; what lies at its destination stays there.", scope: inPackages, danger: true, off: needsPackage},

	{id: actOpen, keys: []string{"enter"}, label: "account", help: "Show the account that the event is about.", scope: inActivity, off: needsOneAccount},

	{id: actUpdate, keys: []string{"u"}, label: "repair", help: "Repair the account that keeps this canvas from being written, and come back.", scope: inPlan, off: needsObstacle},

	{id: actPath, keys: []string{"tab"}, label: "complete", help: "Take the name under the cursor, or what all names share.", scope: inPath},

	{id: actNext, keys: []string{"enter"}, label: "read or repair", help: "Read what is typed; with nothing typed, repair the account under the cursor.", scope: inDiagnosis, off: func(s situation) string { return s.next }},
	{id: actUp, keys: []string{"up"}, label: "up", help: "To the account above.", scope: inDiagnosis, quiet: true},
	{id: actDown, keys: []string{"down"}, label: "down", help: "To the account below.", scope: inDiagnosis, quiet: true},

	{id: actList, keys: []string{"r"}, label: "list again", help: "Ask the provider again for what the account reaches, without touching the credential.", scope: inResources, off: needsListing},
	{id: actFilter, keys: []string{"/"}, label: "search", help: "Show only resources whose name or ID matches, with what they belong to.", scope: inResources},
	{id: actCopyID, keys: []string{"c"}, label: "copy ID", help: "Send the resource's ID to your terminal's clipboard.", scope: inResources, off: needsResource},
	{id: actStop, keys: []string{"ctrl+x"}, label: "stop", help: "Stop listing; what was listed before stays.", scope: inResources, off: needsJob},
	{id: actUpdate, keys: []string{"u"}, label: "update", help: "Update the credential: sign in again for this account.", scope: inResources, quiet: true, off: needsLive},

	{id: actUp, keys: []string{"up", "k"}, label: "up", help: "Up one line.", scope: inScroll, quiet: true},
	{id: actDown, keys: []string{"down", "j"}, label: "down", help: "Down one line.", scope: inScroll, quiet: true},
	{id: actPageUp, keys: []string{"pgup", "ctrl+b"}, label: "page up", help: "Up one page.", scope: inScroll, quiet: true},
	{id: actPageDn, keys: []string{"pgdown", "ctrl+f"}, label: "page down", help: "Down one page.", scope: inScroll, quiet: true},
	{id: actTop, keys: []string{"home", "g"}, label: "top", help: "To the first line.", scope: inScroll, quiet: true},
	{id: actBottom, keys: []string{"end", "G"}, label: "bottom", help: "To the last line.", scope: inScroll, quiet: true},

	{id: actTick, keys: []string{"space"}, label: "tick", help: "Tick or untick the line.", scope: inChoice},
	{id: actTickAll, keys: []string{"*"}, label: "all", help: "Tick every line, or none.", scope: inChoice, quiet: true},
	{id: actNext, keys: []string{"enter"}, label: "next", help: "Go on with what is chosen.", scope: inWizard, off: func(s situation) string { return s.next }},
	{id: actStop, keys: []string{"ctrl+x"}, label: "stop", help: "Stop the work under way; what is done stays done.", scope: inWizard, quiet: true, off: needsJob},

	{id: actCopyURL, keys: []string{"c"}, label: "copy address", help: "Send the address to your terminal's clipboard (OSC 52, through tmux too).", scope: inSignIn, off: needsURL},
	{id: actBareURL, keys: []string{"b"}, label: "bare address", help: "Leave the screen and print the address alone on one line, to select it with the mouse.", scope: inSignIn, off: needsURL},
	{id: actCopyCod, keys: []string{"k"}, label: "copy code", help: "Send the code to your terminal's clipboard.", scope: inSignIn, quiet: true, off: needsCode},
	{id: actBrowse, keys: []string{"o"}, label: "open browser", help: "Open the address in a browser on this machine.", scope: inSignIn, quiet: true, off: needsURL},
	{id: actPaste, keys: []string{"p"}, label: "paste", help: "Paste the address of the page that failed to load.", scope: inSignIn, off: needsPaste},
	{id: actOther, keys: []string{"w"}, label: "other way", help: "Sign in the other way: device code or browser.", scope: inSignIn, off: needsSignIn},
	{id: actAbandon, keys: []string{"d"}, label: "give up", help: "Drop this sign-in; the stored credential stays as it is.", scope: inSignIn, quiet: true, off: needsSignIn},

	{id: actNext, keys: []string{"enter"}, label: "done", help: "Take what is typed.", scope: inText},
	{id: actField, keys: []string{"tab"}, label: "next field", help: "Go to the next field.", scope: inFields},
	{id: actFieldUp, keys: []string{"shift+tab"}, label: "field before", help: "Go to the field before.", scope: inFields, quiet: true},

	{id: actYes, keys: []string{"y"}, label: "yes", help: "Do it.", scope: inConfirm},
	{id: actNo, keys: []string{"n", "enter"}, label: "no", help: "Leave everything as it is.", scope: inConfirm},

	{id: actHelp, keys: []string{"?"}, label: "help", help: "Show every key of this screen, and why some are off.", scope: inGlobal},
	{id: actBack, keys: []string{"esc"}, label: "back", help: "Go back; nothing is lost.", scope: inGlobal, off: func(s situation) string { return s.back }},
	{id: actQuit, keys: []string{"q"}, label: "quit", help: "Quit; work under way is finished first, and you are asked.", scope: inGlobal, quiet: true},
	{id: actLeave, keys: []string{"ctrl+c"}, label: "quit", help: "Quit, also while a text is being typed; the second time without asking.", scope: inGlobal, quiet: true},
	{id: actSuspend, keys: []string{"ctrl+z"}, label: "suspend", help: "Go to the shell for a while; fg comes back.", scope: inGlobal, quiet: true},
}
