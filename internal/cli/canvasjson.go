package cli

import (
	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

// wireCanvas is a canvas in fettle.canvas/1 and fettle.canvases/1. Field names, once released, stay.
type wireCanvas struct {
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	File       string              `json:"file"`
	Accounts   []wireCanvasAccount `json:"accounts"`
	Places     []wirePlace         `json:"places"`
	Recipients []string            `json:"recipients"`
	Passphrase bool                `json:"passphrase"`
	Group      word                `json:"group"`
	Serial     int64               `json:"serial"`
	WrittenAt  stamp               `json:"written_at"`
	Stale      []wireReason        `json:"stale"`
	NeedsWrite bool                `json:"needs_writing"`
	Packages   []string            `json:"packages"`
}

// wireStale counts canvases and the stale files among them: the number that status and check tell.
type wireStale struct {
	Total      int `json:"total"`
	StaleFiles int `json:"stale_files"`
}

// wireCanvasAccount is an account that the canvas uses; its name is null once the account is removed.
type wireCanvasAccount struct {
	ID    string         `json:"id"`
	Name  word           `json:"name"`
	State accounts.State `json:"state"`
}

// wirePlace is where the password file has to lie; what is said of another machine is as old as checked_at.
type wirePlace struct {
	Kind      store.PlaceKind `json:"kind"`
	Target    string          `json:"target"`
	CheckedAt stamp           `json:"checked_at"`
	Unreached stamp           `json:"unreached_at"`
	Problem   word            `json:"problem"`
}

// wireReason is why a file has to be written again; docs/places.md lists the codes.
type wireReason struct {
	Code pwfile.StaleCode `json:"code"`
	Text string           `json:"text"`
}

func wireCanvasOf(c pwfile.Canvas) wireCanvas {
	w := wireCanvas{
		ID: c.ID, Name: c.Name, File: c.Path, Accounts: []wireCanvasAccount{}, Places: []wirePlace{}, Recipients: list(c.Recipients),
		Passphrase: c.Passphrase, Group: word(c.Group), Serial: c.Serial, Stale: []wireReason{}, NeedsWrite: c.NeedsWriting(),
		Packages: list(c.Packages),
	}
	if c.Written != nil {
		w.WrittenAt = stamp{c.Written.At}
	}
	for _, ref := range c.Accounts {
		w.Accounts = append(w.Accounts, wireCanvasAccount{ref.ID, word(ref.Name), ref.State})
	}
	for _, p := range c.Places {
		w.Places = append(w.Places, wirePlace{p.Kind, p.Target, stamp{p.CheckedAt}, stamp{p.UnreachedAt}, word(p.Problem)})
	}
	for _, r := range c.Stale {
		w.Stale = append(w.Stale, wireReason{r.Code, r.Text})
	}
	return w
}

func (a *app) emitCanvas(c pwfile.Canvas, notes []string) error {
	return a.emit(struct {
		Format string     `json:"format"`
		Canvas wireCanvas `json:"canvas"`
		Notes  []string   `json:"notes"`
	}{"fettle.canvas/1", wireCanvasOf(c), list(notes)})
}
