package pwfile

import (
	"fmt"
	"slices"

	"fettle/accounts/store"
)

// StaleCode names a reason for which a password file is stale.
type StaleCode string

// The reasons. The last one informs only.
const (
	StaleNeverWritten  StaleCode = "never_written"
	StaleGeneration    StaleCode = "generation" // carries a former credential, or not exactly the canvas's accounts
	StaleRecipients    StaleCode = "recipients"
	StaleMissing       StaleCode = "missing"
	StaleChanged       StaleCode = "changed"       // the main place holds something else than was written
	StalePlaceDiffers  StaleCode = "place_differs" // a place holds another file than the last one, or could not be reached
	StaleCanvasMissing StaleCode = "canvas_missing"
)

// Information reports whether the code informs only: writing the file again would not mend it.
func (c StaleCode) Information() bool { return c == StaleCanvasMissing }

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

// staleContent says in what the file that was last written differs from the one that would be written now.
func (c Canvas) staleContent(recipients []string) []Reason {
	reasons := []Reason{}
	if c.Written == nil {
		return append(reasons, Reason{Code: StaleNeverWritten, Text: "no password file was written yet"})
	}
	for _, a := range c.Accounts {
		written, carried := c.Written.Generations[a.ID]
		text := ""
		switch {
		case a.Name == "":
			text = "the canvas uses an account that is no longer here"
		case !carried:
			text = fmt.Sprintf("%s is not in the file yet", a.Name)
		case written < a.Generation:
			text = fmt.Sprintf("the file carries a former credential of %s", a.Name)
		case written > a.Generation:
			text = fmt.Sprintf("the file carries a later credential of %s than this book: the book is an older copy", a.Name)
		default:
			continue
		}
		reasons = append(reasons, Reason{Code: StaleGeneration, Text: text, AccountID: a.ID})
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
		r := Reason{PlaceID: p.ID}
		switch {
		case !p.CheckedAt.IsZero() && p.SHA256 == "":
			r.Code, r.Text = StaleMissing, fmt.Sprintf("there is no file at %s", p.Target)
		case p.Problem != "":
			r.Code, r.Text = StalePlaceDiffers, p.Problem
		case p.SHA256 == c.Written.SHA256:
			continue
		case p.CheckedAt.IsZero():
			r.Code, r.Text = StalePlaceDiffers, fmt.Sprintf("nothing was delivered to %s yet", p.Target)
		case p.Serial < newest:
			r.Code, r.Text = StalePlaceDiffers, fmt.Sprintf("%s holds an older file", p.Target)
		case i > 0:
			r.Code, r.Text = StalePlaceDiffers, fmt.Sprintf("%s was changed by someone else", p.Target)
		default:
			r.Code, r.Text = StaleChanged, fmt.Sprintf("%s was changed by someone else", p.Target)
		}
		reasons = append(reasons, r)
	}
	return reasons
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
