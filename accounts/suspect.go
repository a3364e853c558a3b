package accounts

import (
	"cmp"
	"context"
	"slices"

	"fettle/accounts/store"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// Suspect is an account that a pasted message is probably about.
type Suspect struct {
	AccountID string
	Name      string
	Score     int      // the higher the surer; only good for comparing
	Named     bool     // something in the text names it; otherwise it merely fits
	Why       []string // what speaks for it, the strongest first, one short sentence each

	Provider string
	Well     bool // it is healthy here and now
}

// Next says what to do about a diagnosis if this account is meant. One that works here needs no sign-in, whatever
// the job was told: the job then carries a former credential.
func (s Suspect) Next(d diagnose.Diagnosis) diagnose.Next {
	if s.Well && d.Remedy.EndsGrant() {
		return diagnose.ByFiles(s.Name)
	}
	return d.Next(s.Name, s.Provider)
}

// Clues is everything suspects are found by.
type Clues struct {
	Reading   diagnose.Reading
	Catalogue *provider.Catalogue // nil: hosts and service names say nothing
	Canvases  []store.Canvas
}

// What each clue weighs. One that names the account is worth more than all that merely fit it; what merely fits
// has to be two things before it counts, because "it is at Google" is true of half the book.
const (
	weighsName      = 100
	weighsEmail     = 100
	weighsPath      = 80 // of a canvas or of its password file
	weighsCanvas    = 60
	weighsClient    = 40 // several accounts share a client
	weighsWord      = 40 // a name that is an ordinary word
	weighsCause     = 30 // its health has the same cause
	weighsService   = 20
	weighsTime      = 20
	weighsRemedy    = 10 // its health asks for the same repair
	weighsProvider  = 10
	enoughToSuspect = 30
	namesIt         = weighsWord

	maxSuspects = 20
	maxAlike    = 3 // healthy accounts that merely fit; of more than that none is "probably meant"
)

// Suspects says which accounts a pasted message is probably about, the likeliest first. It is empty where none
// fits: a guess would send the operator to repair the wrong account. It needs no key and asks nobody.
func (b *Book) Suspects(ctx context.Context, r diagnose.Reading) ([]Suspect, error) {
	each, err := b.SuspectsOfEach(ctx, r)
	if err != nil || len(each) == 0 {
		return nil, err
	}
	return each[0], nil
}

// SuspectsOfEach is Suspects for each diagnosis of a reading, in their order.
func (b *Book) SuspectsOfEach(ctx context.Context, r diagnose.Reading) ([][]Suspect, error) {
	s, err := b.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	c := Clues{Reading: r, Catalogue: b.cfg.Catalogue}
	err = b.cfg.Store.View(ctx, func(rd store.Reader) (err error) {
		c.Canvases, err = rd.Canvases()
		return err
	})
	if err != nil {
		return nil, err
	}
	each := make([][]Suspect, len(r.Diagnoses))
	for i := range r.Diagnoses {
		each[i] = SuspectsOf(s, c, i)
	}
	return each, nil
}

// SuspectsOf finds the suspects of one diagnosis: those named near it, else those named anywhere in the text, else
// those that fit what stands near it.
func SuspectsOf(s Snapshot, c Clues, i int) []Suspect {
	whole := c.Reading
	c.Reading = whole.About(i)
	near := SuspectsIn(s, c)
	if len(near) > 0 && near[0].Named {
		return near
	}
	c.Reading = whole.Only(i)
	if anywhere := SuspectsIn(s, c); len(anywhere) > 0 && anywhere[0].Named {
		return anywhere
	}
	return near
}

// SuspectsIn is Suspects over a snapshot and a whole reading: pure, so that a screen can ask it of what it shows.
func SuspectsIn(s Snapshot, c Clues) []Suspect {
	inq := newInquiry(c)
	var found []verdict
	for i := range s.Accounts {
		if v := inq.weigh(&s.Accounts[i]); v.Score >= enoughToSuspect {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b verdict) int {
		return cmp.Or(b.Score-a.Score, cmp.Compare(a.Name, b.Name))
	})
	found = sift(found)
	suspects := make([]Suspect, 0, len(found))
	for _, v := range found[:min(len(found), maxSuspects)] {
		suspects = append(suspects, v.Suspect)
	}
	return suspects
}

// sift drops what better suspects clear: where one account is named, those that merely fit are not meant; where
// none is, healthy ones count only if they are few.
func sift(found []verdict) []verdict {
	if len(found) == 0 {
		return found
	}
	if found[0].Named {
		return slices.DeleteFunc(found, func(v verdict) bool { return !v.Named })
	}
	alike := 0
	for _, v := range found {
		if !v.ailing {
			alike++
		}
	}
	// None is ailing, so it is one that has not been looked at since: a few may be offered.
	if alike == len(found) && alike <= maxAlike {
		return found
	}
	return slices.DeleteFunc(found, func(v verdict) bool { return !v.ailing })
}
