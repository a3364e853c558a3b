package tui

import (
	"time"

	"fettle/accounts"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// frame is everything a view may know: its size, its look, the time and the facts. Views are functions of it.
type frame struct {
	width, height int
	now           time.Time
	theme         theme
	data          data
	jobs          jobs
	host          Host
	providers     []provider.Provider // the catalogue
}

// data is the last look at the book and at the password files. It is replaced whole, never changed.
type data struct {
	loaded   bool              // false until the first look: "no account yet" would be a guess
	taken    int64             // which look this is: an earlier one that comes late is dropped
	problem  string            // why the last look failed; the facts are then older
	snapshot accounts.Snapshot // the worst first, before them the sign-ins under way as rows of their own
	canvases []pwfile.Canvas
	clients  []accounts.ClientInfo
	packages []packages.Package
	vault    VaultState
	stale    map[string]int // account ID → stale password files that use it
	files    int            // stale password files in all

	// Worked out once per look, so that a key press costs the same with 10,000 accounts.
	widths     columnWidths  // of the account list
	searchable []string      // what the filter looks at, by position in the snapshot
	orders     [orders][]int // positions in the snapshot for each order but byHealth, which is the snapshot's own
	severities map[accounts.Severity]int
	problems   []string // accounts that f would repair, worst first
}

// Host says where fettle runs, as far as screens care.
type Host struct {
	User, Name string // for the ssh -L line and the heading
	SSH        bool   // somebody logged in over SSH
	Notice     string // one line that stays on the Accounts screen (the demo says how to approve)
}

// inner returns the frame with another size.
// Parts of a screen are drawn as if they were one.
func (f frame) inner(width, height int) frame {
	f.width, f.height = max(width, 0), max(height, 0)
	return f
}

// wide reports whether a list and its preview fit side by side.
func (f frame) wide() bool { return f.width >= 120 }

// low reports whether there are so few lines that air between them would push out what matters.
func (f frame) low() bool { return f.height < 12 }

// account finds an account by ID.
func (f frame) account(id string) (accounts.Account, bool) { return f.data.snapshot.ByID(id) }
