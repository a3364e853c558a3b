package tui

import "fettle/pwfile"

// What can be done once the canvas is kept.
const (
	nextWrite   = "write"
	nextAnother = "another"
	nextChange  = "change"
	nextLeave   = "leave"
)

// nexts are the options once the canvas is kept, or was refused.
func (s canvasWizard) nexts(f frame) choice {
	c := choice{at: s.after.at}
	j, ok := f.jobs.get(s.jobID())
	switch {
	case !ok || j.running || j.settling:
		return c
	case j.failed():
		c.add(nextChange, "Change the answers")
	default:
		c.add(nextWrite, "Write its password file")
		if s.id == "" {
			c.add(nextAnother, "Add another canvas")
		}
	}
	c.add(nextLeave, "Back to the canvases")
	return c
}

// ended does what was chosen.
func (s canvasWizard) ended(id actionID, f frame) (screen, []intent) {
	c := s.nexts(f)
	if id == actBack {
		return s, []intent{back{}}
	}
	if id != actNext {
		s.after, _ = c.act(id, f.height)
		return s, nil
	}
	switch o, _ := c.chosen(); o.id {
	case nextWrite:
		e, _ := s.kept(f)
		return s, []intent{replace{newRegenerate(pwfile.Selection{CanvasIDs: []string{e.Canvas.ID}})}}
	case nextAnother:
		return s, []intent{replace{newCanvasWizard(f)}}
	// The last step: what is to be changed may be any, and esc leads there.
	case nextChange:
		s.at, s.after = canvasReaders, choice{}
		return s, nil
	}
	return s, []intent{back{}}
}

// kept is the canvas as it was stored, with what the change means for copies that exist.
func (s canvasWizard) kept(f frame) (pwfile.Edited, bool) {
	j, _ := f.jobs.get(s.jobID())
	e, ok := j.result.(pwfile.Edited)
	return e, ok
}
