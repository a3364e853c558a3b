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
	"fettle/internal/safetext"
)

// Config is what a Keeper needs.
type Config struct {
	Book  Book
	Store store.Store
	Dir   string           // the data folder, for the server's identity
	Actor string           // who acts, for the history
	Now   func() time.Time // default: time.Now
}

// Keeper keeps the canvases of a book and their password files. It is safe for concurrent use, within a process and
// across processes.
type Keeper struct {
	cfg    Config
	places map[store.PlaceKind]delivery

	mu        sync.Mutex
	checkedAt time.Time
	gone      map[string]bool // IDs of canvases whose file was not there at the last check
}

// New returns the keeper over what cfg names.
func New(cfg Config) *Keeper {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Keeper{cfg: cfg, places: map[store.PlaceKind]delivery{store.PlaceLocal: local{}}, gone: map[string]bool{}}
}

// Canvas is what is known about one canvas now.
type Canvas struct {
	store.Canvas
	Places   []store.Place // the first is the main one
	Accounts []AccountRef  // in the order of AccountIDs
	Stale    []Reason      // why its password file should be written again, and information; may be empty
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

	account *accounts.Account
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

// Blast is what hangs on one account.
type Blast struct {
	Canvases   []string // names of the canvases that use it; never nil
	StaleFiles int      // how many of their password files are stale, other accounts' news apart
}

// BlastRadius says what hangs on one account.
func (k *Keeper) BlastRadius(ctx context.Context, accountID string) (Blast, error) {
	all, err := k.Canvases(ctx)
	if err != nil {
		return Blast{}, err
	}
	return Radius(all, accountID), nil
}

// Radius is BlastRadius over canvases already at hand.
func Radius(canvases []Canvas, accountID string) Blast {
	b := Blast{Canvases: []string{}}
	for _, c := range canvases {
		if !slices.Contains(c.AccountIDs, accountID) {
			continue
		}
		b.Canvases = append(b.Canvases, c.Name)
		concerns := func(r Reason) bool {
			return !r.Code.Information() && (r.AccountID == "" || r.AccountID == accountID)
		}
		if slices.ContainsFunc(c.Stale, concerns) {
			b.StaleFiles++
		}
	}
	return b
}

// look is one consistent view of the canvases and of the accounts they use.
type look struct {
	canvases []Canvas
	accounts map[string]*accounts.Account
	server   string // this server's recipient, "" = it has no identity
	broken   error  // why the server's identity cannot be read
}

func (k *Keeper) look(ctx context.Context) (look, error) {
	snapshot, err := k.cfg.Book.Snapshot(ctx)
	if err != nil {
		return look{}, err
	}
	server, broken := ServerRecipient(k.cfg.Dir)
	if errors.Is(broken, ErrNoServer) {
		broken = nil
	}
	var (
		canvases []store.Canvas
		places   []store.Place
	)
	err = k.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if canvases, err = r.Canvases(); err == nil {
			places, err = r.Places("")
		}
		return err
	})
	if err != nil {
		return look{}, err
	}
	l := look{canvases: make([]Canvas, 0, len(canvases)), accounts: map[string]*accounts.Account{}, server: server, broken: broken}
	for i := range snapshot.Accounts {
		l.accounts[snapshot.Accounts[i].ID] = &snapshot.Accounts[i]
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

// canvas joins what the store says about one canvas.
func (l look) canvas(c store.Canvas, places []store.Place, gone bool) Canvas {
	joined := Canvas{Canvas: c, Places: append([]store.Place{}, places...), Accounts: make([]AccountRef, 0, len(c.AccountIDs))}
	for _, id := range c.AccountIDs {
		ref := AccountRef{ID: id, account: l.accounts[id]}
		if a := ref.account; a != nil {
			ref.Name, ref.Provider, ref.State, ref.Title, ref.Generation = a.Name, a.Provider, a.Health.State, a.Health.Title, a.Generation
		}
		joined.Accounts = append(joined.Accounts, ref)
	}
	recipients := recipientsOf(c, l.server)
	if recipients == nil && l.broken != nil && c.Written != nil {
		recipients = c.Written.Recipients // not known, so nothing is said of them here
		joined.Stale = append(joined.Stale, Reason{Code: StaleRecipients, Text: safetext.Line(l.broken.Error())})
	}
	joined.Stale = append(joined.Stale, joined.staleContent(recipients)...)
	joined.Stale = append(joined.Stale, joined.stalePlaces()...)
	if gone {
		joined.Stale = append(joined.Stale, Reason{Code: StaleCanvasMissing, Text: fmt.Sprintf("the canvas file %s is not there", c.Path)})
	}
	return joined
}
