package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/safetext"
)

// diagnoses are the findings without those that better ones explain, the surest first, and what stands near each.
func (e *examination) diagnoses(counted bool) (out []Diagnosis, around []surroundings) {
	// What explains is looked for among all, dropped ones too: a status may stand beside a phrase that stands beside a code.
	var kept []finding
	for i, f := range e.found {
		if !e.explained(i) {
			kept = append(kept, f)
		}
	}
	slices.SortStableFunc(kept, func(a, b finding) int {
		return cmp.Or(certainty(b.diag)-certainty(a.diag), cmp.Compare(a.rule.grade, b.rule.grade))
	})
	var alike [][]finding // of each diagnosis: several jobs may fail for one cause
	said := map[string]int{}
	for _, f := range kept {
		key := f.diag.Cause + "/" + string(f.diag.Remedy)
		if i, ok := said[key]; ok {
			alike[i] = append(alike[i], f)
			continue
		}
		said[key] = len(out)
		// Mail encoding has broken the lines anew, so a number would point at the wrong one.
		if !counted {
			f.diag.Line = 0
		}
		out, alike = append(out, f.diag), append(alike, []finding{f})
	}
	for _, of := range alike {
		around = append(around, e.around(of))
	}
	return out, around
}

// around reads what stands near findings.
func (e *examination) around(of []finding) surroundings {
	part := &examination{table: e.table}
	var text strings.Builder
	slices.SortFunc(of, func(a, b finding) int { return a.entry - b.entry })
	end := 0 // the entries before it are in part already
	for _, f := range of {
		// Stretches that overlap are read once.
		from, to := max(f.entry-lookBack, end), min(f.entry+lookAhead+1, len(e.entries))
		f.entry += len(part.entries) - from
		part.found = append(part.found, f)
		if to <= from {
			continue
		}
		last := len(e.text.lower)
		if to < len(e.entries) {
			last = e.starts[to]
		}
		part.entries = append(part.entries, e.entries[from:to]...)
		text.WriteString(e.text.lower[e.starts[from]:last])
		end = to
	}
	part.text, part.known = newPasted(text.String()), providersIn(part.entries)
	return surroundings{facts: part.facts(), text: part.text}
}

// providersIn lists the providers that entries name, in their order.
func providersIn(entries []entry) (known []string) {
	for i := range entries {
		for j := range entries[i].lines {
			l := &entries[i].lines[j]
			for _, p := range l.named {
				known = once(known, p)
			}
			if l.provider != "" {
				known = once(known, l.provider)
			}
		}
	}
	return known
}

func certainty(d Diagnosis) int {
	if d.Confidence == Certain {
		return 1
	}
	return 0
}

// explained reports whether a better finding near this one tells the same story: "Unable to refresh token" beside
// a name that cannot be resolved, invalid_grant beside the number that says why.
func (e *examination) explained(i int) bool {
	for j := i - 1; j >= 0 && e.found[i].entry-e.found[j].entry <= near; j-- {
		if e.found[j].explains(e.found[i]) {
			return true
		}
	}
	for j := i + 1; j < len(e.found) && e.found[j].entry-e.found[i].entry <= near; j++ {
		if e.found[j].explains(e.found[i]) {
			return true
		}
	}
	return false
}

func (f finding) explains(other finding) bool {
	if f.rule.grade >= other.rule.grade {
		return false
	}
	switch other.rule.grade {
	case byProtocol:
		return f.rule.grade == byProvider && ends(f.diag.Remedy) == ends(other.diag.Remedy)
	case byNetwork: // a name that cannot be resolved is a story of its own
		return false
	}
	return true
}

// ends reports whether a remedy asks for a person at the sign-in.
func ends(r Remedy) bool {
	return r.EndsGrant() || r == AskAdministrator
}

// unknown says honestly that no rule fits, with what little is sure.
func (e *examination) unknown() Diagnosis {
	d := unknown(Input{})
	var evidence []string
	for i := range e.entries {
		sum := &e.entries[i].sum
		for _, c := range sum.codes {
			if strings.HasPrefix(c, "AADSTS") && len(c) < 16 && !slices.Contains(evidence, c) && len(evidence) < 5 {
				evidence = append(evidence, c) // only digits follow: no secret can hide in it
				d.Explanation = "fettle does not know this number of Microsoft's. https://login.microsoftonline.com/error?code=" + c[len("AADSTS"):] + " explains it."
			}
		}
		if s := fmt.Sprintf("HTTP %d", sum.status); sum.status != 0 && !slices.Contains(evidence, s) && len(evidence) < 5 {
			evidence = append(evidence, s)
		}
	}
	// With a provider in the text too, either could be meant, and it is better to say nothing.
	if kind := e.foreign(); kind != "" && len(e.known) == 0 {
		d.Explanation = "It reads like an error of " + kind + ", not of an account that fettle keeps."
	}
	d.Evidence = safetext.Cut(strings.Join(evidence, ", "), 200)
	return d
}

// foreign names what else a text speaks of, if anything: the first, as the rest is mostly its consequence.
func (e *examination) foreign() string {
	for i := range e.entries {
		if kind := e.entries[i].sum.foreign; kind != "" {
			return kind
		}
	}
	return ""
}
