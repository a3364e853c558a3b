package pwfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// Config is what a Keeper needs.
type Config struct {
	Book  Book
	Store store.Store
	Dir   string           // the data folder, for the server's identity
	Actor string           // who acts, for the history
	Now   func() time.Time // default: time.Now

	// Remote says how places on other machines are reached; the zero value: as ssh would by itself.
	Remote Remote
	// IdleTerm is after how long without use a provider ends a grant, 0 = never; nil: that is not known of any.
	IdleTerm func(providerID string) time.Duration
}

// Keeper keeps the canvases of a book and their password files. It is safe for concurrent use, within a process and
// across processes.
type Keeper struct {
	cfg Config

	mu        sync.Mutex
	checkedAt time.Time
	gone      map[string]bool // IDs of canvases whose file was not there at the last check
}

// New returns the keeper over what cfg names.
func New(cfg Config) *Keeper {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.IdleTerm == nil {
		cfg.IdleTerm = func(string) time.Duration { return 0 }
	}
	return &Keeper{cfg: cfg, gone: map[string]bool{}}
}

// Canvas is what is known about one canvas now.
type Canvas struct {
	store.Canvas
	Places   []store.Place // the first is the main one
	Accounts []AccountRef  // in the order of AccountIDs
	Stale    []Reason      // why its password file should be written again, and information; may be empty
	Packages []string      // names of the packages that hold it
}

// NeedsWriting reports whether the password file is stale at some place.
func (c Canvas) NeedsWriting() bool {
	return slices.ContainsFunc(c.Stale, func(r Reason) bool { return !r.Code.Information() })
}

// AccountRef is an account as a canvas sees it.
type AccountRef struct {
	ID         string
	Name       string // "" if the account is no longer in the book
	Provider   string
	State      accounts.State
	Title      string // its health in words
	Generation int64
	// Dedicated names the account whose credential the file carries instead, because this one's works once; "" = none.
	// State, Title and Generation are then its own, once it is authorized.
	Dedicated string

	account *accounts.Account
	own     *accounts.Account // the dedicated one; nil: not authorized yet, or not needed
	holder  string            // whom its credential belongs to once it is handed over
	aged    time.Duration     // how old its credential may get in a file; 0: any age
	now     time.Time
}

// Canvases returns all canvases by name, with the reasons for which their files are stale. It touches no place: what
// lies there is as of the last Check.
func (k *Keeper) Canvases(ctx context.Context) ([]Canvas, error) {
	l, err := k.look(ctx)
	if err != nil {
		return nil, err
	}
	return l.canvases, nil
}

// ByName finds a canvas by its name; store.ErrNotFound if there is none.
func (k *Keeper) ByName(ctx context.Context, name string) (Canvas, error) {
	all, err := k.Canvases(ctx)
	if err != nil {
		return Canvas{}, err
	}
	return find(all, name, func(c Canvas) string { return c.Name })
}

// byID is ByName by ID.
func (k *Keeper) byID(ctx context.Context, id string) (Canvas, error) {
	all, err := k.Canvases(ctx)
	if err != nil {
		return Canvas{}, err
	}
	return find(all, id, func(c Canvas) string { return c.ID })
}

func find(all []Canvas, want string, by func(Canvas) string) (Canvas, error) {
	if i := slices.IndexFunc(all, func(c Canvas) bool { return by(c) == want }); i >= 0 {
		return all[i], nil
	}
	return Canvas{}, fmt.Errorf("canvas %q: %w", want, store.ErrNotFound)
}

// look is one consistent view of the canvases and of the accounts they use.
type look struct {
	canvases []Canvas
	accounts map[string]*accounts.Account
	byName   map[string]*accounts.Account
	server   string              // this server's recipient, "" = it has no identity
	broken   error               // why the server's identity cannot be read
	packages map[string][]string // canvas ID → names of packages
	idle     func(providerID string) time.Duration
	now      time.Time
}

// look reads the canvases first and the accounts after them: read the other way round, a file that is written for a
// newer credential in between would look as if this book were behind it.
func (k *Keeper) look(ctx context.Context) (look, error) {
	server, broken := ServerRecipient(k.cfg.Dir)
	if errors.Is(broken, ErrNoServer) {
		broken = nil
	}
	var (
		canvases []store.Canvas
		places   []store.Place
		packages []store.Package
	)
	err := k.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if canvases, err = r.Canvases(); err == nil {
			places, err = r.Places("")
		}
		if err == nil {
			packages, err = r.Packages()
		}
		return err
	})
	if err != nil {
		return look{}, err
	}
	l := look{
		canvases: make([]Canvas, 0, len(canvases)), packages: namesByCanvas(packages),
		server: server, broken: broken, idle: k.cfg.IdleTerm, now: k.cfg.Now(),
	}
	if l, err = k.withAccounts(ctx, l); err != nil {
		return look{}, err
	}
	byCanvas := map[string][]store.Place{}
	for _, p := range places {
		byCanvas[p.CanvasID] = append(byCanvas[p.CanvasID], p)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range canvases {
		l.canvases = append(l.canvases, l.canvas(c, byCanvas[c.ID], k.gone[c.ID]))
	}
	return l, nil
}

// withAccounts returns the look with the accounts as they are now.
func (k *Keeper) withAccounts(ctx context.Context, l look) (look, error) {
	snapshot, err := k.cfg.Book.Snapshot(ctx)
	if err != nil {
		return look{}, err
	}
	l.accounts, l.byName = make(map[string]*accounts.Account, len(snapshot.Accounts)), make(map[string]*accounts.Account, len(snapshot.Accounts))
	for i := range snapshot.Accounts {
		a := &snapshot.Accounts[i]
		l.accounts[a.ID], l.byName[a.Name] = a, a
	}
	return l, nil
}

// canvas joins what the store says about one canvas.
func (l look) canvas(c store.Canvas, places []store.Place, gone bool) Canvas {
	joined := Canvas{Canvas: c, Places: append([]store.Place{}, places...), Accounts: make([]AccountRef, 0, len(c.AccountIDs)), Packages: l.packages[c.ID]}
	for _, id := range c.AccountIDs {
		ref := AccountRef{ID: id, account: l.accounts[id], now: l.now}
		if a := ref.account; a != nil {
			ref.Name, ref.Provider, ref.State, ref.Title, ref.Generation = a.Name, a.Provider, a.Health.State, a.Health.Title, a.Generation
			if a.Rotation == provider.RotationReplace { // nothing keeps alive the token that lies in a file but the job that reads it
				ref.aged = l.idle(a.Provider) / 2
			}
			if worksOnce(a) {
				ref.dedicate(c, l.byName)
			}
		}
		joined.Accounts = append(joined.Accounts, ref)
	}
	joined.Stale = l.staleness(joined, gone)
	return joined
}
