package pwfile

import (
	"fmt"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// StaleCode names a reason for which a password file is stale.
type StaleCode string

// The reasons. The last two inform only.
const (
	StaleNeverWritten  StaleCode = "never_written"
	StaleGeneration    StaleCode = "generation" // carries a former credential, or not exactly the canvas's accounts
	StaleRenamed       StaleCode = "renamed"    // names an account by a former reference name, which jobs ask for
	StaleAgeing        StaleCode = "ageing"     // its credentials were not used for so long that they may die unnoticed
	StaleRecipients    StaleCode = "recipients"
	StaleMissing       StaleCode = "missing"
	StaleChanged       StaleCode = "changed"       // the main place holds something else than was written
	StalePlaceDiffers  StaleCode = "place_differs" // a place holds another file than the last one
	StaleUnreachable   StaleCode = "unreachable"   // a place could not be looked at; the right file lay there before
	StaleCanvasMissing StaleCode = "canvas_missing"
)

// Information reports whether the code informs only: writing the file again would not mend it.
func (c StaleCode) Information() bool { return c == StaleCanvasMissing || c == StaleUnreachable }

// Reason is one thing that makes a password file stale.
type Reason struct {
	Code      StaleCode
	Text      string // one sentence
	AccountID string // the account it is about, if any
	PlaceID   string // the place it is about, if any
}

// recipientsOf spells whom a canvas's password file is for; nil: for this server, which has no identity yet.
func recipientsOf(c store.Canvas, server string) []string {
	switch {
	case c.Passphrase:
		return []string{RecipientPassphrase}
	case len(c.Recipients) > 0:
		return c.Recipients
	case server != "":
		return []string{server}
	}
	return nil
}

// recipients spells whom a canvas's file is for now. If this server's identity cannot be read it is not known, and what
// was written counts.
func (l look) recipients(c store.Canvas) []string {
	r := recipientsOf(c, l.server)
	if r == nil && l.broken != nil && c.Written != nil {
		return c.Written.Recipients
	}
	return r
}

// staleness is the one place where it is decided why a canvas's password file has to be written again. It knows what
// the store and the accounts say, and needs neither a secret nor a look at any place.
func (l look) staleness(c Canvas, gone bool) []Reason {
	reasons := []Reason{}
	if l.broken != nil && c.Written != nil && recipientsOf(c.Canvas, l.server) == nil {
		reasons = append(reasons, Reason{Code: StaleRecipients, Text: safetext.Line(l.broken.Error())})
	}
	reasons = append(reasons, c.staleContent(l.recipients(c.Canvas))...)
	reasons = append(reasons, c.stalePlaces()...)
	if gone {
		reasons = append(reasons, Reason{Code: StaleCanvasMissing,
			Text: fmt.Sprintf("the canvas file %s is not there; if it was moved: fettle canvas relink %s", c.Path, inCommand(c.Name))})
	}
	return reasons
}

// staleContent says in what the file that was last written differs from the one that would be written now.
func (c Canvas) staleContent(recipients []string) []Reason {
	if c.Written == nil {
		return []Reason{{Code: StaleNeverWritten, Text: "no password file was written yet"}}
	}
	reasons := []Reason{}
	for _, a := range c.Accounts {
		if r := c.staleAccount(a); r.Code != "" {
			reasons = append(reasons, r)
		}
	}
	for id := range c.Written.Generations {
		if !slices.Contains(c.AccountIDs, id) {
			reasons = append(reasons, Reason{Code: StaleGeneration, Text: "the file carries an account that the canvas no longer uses", AccountID: id})
		}
	}
	if !sameSet(c.Written.Recipients, recipients) {
		reasons = append(reasons, Reason{Code: StaleRecipients, Text: "the file was encrypted to other recipients than it is for now"})
	}
	return reasons
}

// staleAccount says what is wrong with one account's credential in the file; the zero Reason: nothing.
func (c Canvas) staleAccount(a AccountRef) Reason {
	r := Reason{Code: StaleGeneration, AccountID: a.ID}
	written, carried := c.Written.Generations[a.ID]
	former := c.Written.Names[a.ID] // not known of files that were written before names were kept
	switch {
	case a.Name == "":
		r.Text = "the canvas uses an account that is no longer here"
	case !carried:
		r.Text = fmt.Sprintf("%s is not in the file yet", a.Name)
	case written < a.Generation:
		r.Text = fmt.Sprintf("the file carries a former credential of %s", a.Name)
	case written > a.Generation:
		r.Text = fmt.Sprintf("the file carries a later credential of %s than this book: the book is an older copy", a.Name)
	case a.Dedicated != "" && a.staleOwn().Code != "":
		return a.staleOwn()
	case former != "" && former != a.Name:
		r.Code, r.Text = StaleRenamed, fmt.Sprintf("the file calls %s by its former name %s", a.Name, former)
	case a.aged > 0 && c.Written.At.Add(a.aged).Before(a.now):
		r.Code = StaleAgeing
		r.Text = fmt.Sprintf("the credential of %s in the file is older than %d days, half of the time after which %s ends it", a.Name, int(a.aged.Hours()/24), a.Provider)
	default:
		return Reason{}
	}
	return r
}

// stalePlaces says which places do not hold the file that was last written, as far as was seen.
func (c Canvas) stalePlaces() []Reason {
	if c.Written == nil {
		return nil
	}
	newest := int64(0)
	for _, p := range c.Places {
		newest = max(newest, p.Serial)
	}
	reasons := []Reason{}
	for i, p := range c.Places {
		if r := c.stalePlace(p, newest, i == 0); r.Code != "" {
			r.PlaceID = p.ID
			reasons = append(reasons, r)
		}
	}
	return reasons
}

func (c Canvas) stalePlace(p store.Place, newest int64, main bool) Reason {
	right := p.SHA256 == c.Written.SHA256
	switch {
	case right && !p.UnreachedAt.IsZero():
		return Reason{Code: StaleUnreachable, Text: fmt.Sprintf("as of %s; since then: %s", p.CheckedAt.UTC().Format(time.DateTime), p.Problem)}
	case !p.CheckedAt.IsZero() && p.SHA256 == "" && p.UnreachedAt.IsZero():
		return Reason{Code: StaleMissing, Text: fmt.Sprintf("there is no file at %s", p.Target)}
	case p.Problem != "":
		return Reason{Code: StalePlaceDiffers, Text: p.Problem}
	case right:
		return Reason{}
	case p.CheckedAt.IsZero():
		return Reason{Code: StalePlaceDiffers, Text: fmt.Sprintf("nothing was delivered to %s yet", p.Target)}
	case p.Serial < newest:
		return Reason{Code: StalePlaceDiffers, Text: fmt.Sprintf("%s holds an older file", p.Target)}
	case !main:
		return Reason{Code: StalePlaceDiffers, Text: fmt.Sprintf("%s was changed by someone else", p.Target)}
	}
	return Reason{Code: StaleChanged, Text: fmt.Sprintf("%s was changed by someone else", p.Target)}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
