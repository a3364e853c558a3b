package diagnose

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"fettle/oauthflow"
)

// examination is a text while it is read.
type examination struct {
	table   *table
	entries []entry
	text    *pasted // all lines in lower case, a space between: phrases cross line breaks
	starts  []int   // where each entry begins in joined
	known   []string
	found   []finding
}

// finding is a rule that fits an entry.
type finding struct {
	rule  *rule
	diag  Diagnosis
	entry int
}

const (
	lookBack    = 10 // entries before one, in which the provider it speaks of may be named
	lookAhead   = 3
	near        = 6  // entries: what stands further apart are two stories
	maxHits     = 50 // places of one phrase
	maxEntries  = 2000
	stampLength = len("2026-11-22 03:00:01")
	wrappedText = 400 // bytes after an entry that may belong to its description
)

// examine reads a text that nothing wraps any more.
func (t *table) examine(text string, firstLine int) *examination {
	e := &examination{table: t, entries: t.entriesOf(text, firstLine)}
	var b strings.Builder
	b.Grow(len(text) + 1)
	for i := range e.entries {
		e.starts = append(e.starts, b.Len())
		for _, l := range e.entries[i].lines {
			b.WriteString(l.low)
			b.WriteByte(' ')
		}
	}
	e.known = providersIn(e.entries)
	e.text = newPasted(b.String())
	hits := e.phraseHits()
	told := map[string]bool{} // jobs that try again say the same thing hundreds of times
	for i := range e.entries {
		sum := &e.entries[i].sum
		// Most lines of a log say nothing: looking at them closer would be most of the work.
		if !sum.interesting() && len(hits[i]) == 0 || len(told) >= maxEntries {
			continue
		}
		if said := e.said(i); !told[said] {
			told[said] = true
			e.explain(i, sum, hits[i])
		}
	}
	return e
}

// said is the text of an entry without the time at its start.
func (e *examination) said(i int) string {
	end := len(e.text.lower)
	if i+1 < len(e.entries) {
		end = e.starts[i+1]
	}
	said := e.text.lower[e.starts[i]:end]
	if e.entries[i].stamp && len(said) > stampLength {
		return said[stampLength:]
	}
	return said
}

// phraseHits finds the phrases of the rules, and in which entry each begins.
func (e *examination) phraseHits() map[int][]*rule {
	hits := map[int][]*rule{}
	for _, p := range e.table.phrases {
		// A phrase whose words are not all there is not there: this spares most of the searches.
		if slices.ContainsFunc(p.words, func(w string) bool { _, ok := e.text.words[w]; return !ok }) {
			continue
		}
		for from, n := 0, 0; n < maxHits; n++ {
			i := strings.Index(e.text.lower[from:], p.text)
			if i < 0 {
				break
			}
			entry := sort.SearchInts(e.starts, from+i+1) - 1 // where it begins: a wrapped one may end in the next
			if !slices.Contains(hits[entry], p.rule) {
				hits[entry] = append(hits[entry], p.rule)
			}
			from += i + len(p.text)
		}
	}
	return hits
}

// providerOf names the provider an entry speaks of: its own mark, one shortly before or after it, or the only one.
func (e *examination) providerOf(i int, own string) string {
	if own != "" {
		return own
	}
	// What was called stands before what failed, so that looking back goes further than looking ahead.
	for j := i - 1; j >= max(i-lookBack, 0); j-- {
		if p := e.entries[j].sum.provider; p != "" {
			return p
		}
	}
	for j := i + 1; j <= min(i+lookAhead, len(e.entries)-1); j++ {
		if p := e.entries[j].sum.provider; p != "" {
			return p
		}
	}
	if len(e.known) == 1 { // the whole text speaks of no other
		return e.known[0]
	}
	return ""
}

// oauthNear reports whether OAuth is spoken of next to an entry.
func (e *examination) oauthNear(i int) bool {
	for j := max(i-2, 0); j <= min(i+2, len(e.entries)-1); j++ {
		if e.entries[j].sum.oauth {
			return true
		}
	}
	return false
}

// explain finds the rule for one entry, if there is one that its words can carry.
func (e *examination) explain(i int, sum *line, hits []*rule) {
	s := e.seen(i, sum)
	context := sum.oauth || sum.distinct || sum.field || e.oauthNear(i)
	if sum.foreign != "" && !sum.distinct && (!sum.oauth || sum.provider == "") && !slices.ContainsFunc(hits, func(r *rule) bool { return r.grade == byMessage }) {
		return // a database that denies access denies nothing to an account of ours
	}
	// A status line and a body below it are one answer, and a server in trouble is believed nothing else, as in Explain. In
	// other logs the 500 may be the job's own, around what a provider told it.
	inTrouble := e.entries[i].raw && triesLater(s.Status)
	for _, r := range e.candidates(s, hits) {
		if inTrouble && r.grade <= byProtocol && r.Remedy != RetryLater {
			continue
		}
		evidence, ok := r.match(s)
		if !ok || s.Provider == "" && e.ambiguous(r, evidence[0]) {
			continue
		}
		c, ok := e.confidence(r, s, sum, evidence, context)
		if !ok {
			continue
		}
		d := r.diagnosis(s.Input, evidence)
		d.Confidence, d.Line = c, sum.n
		e.found = append(e.found, finding{rule: r, diag: d, entry: i})
		return
	}
}

// seen makes an entry ready for the rules. A description may go on in the lines after it.
func (e *examination) seen(i int, sum *line) seen {
	end := len(e.text.lower)
	if i+1 < len(e.entries) {
		end = e.starts[i+1]
		if !e.entries[i+1].stamp {
			end = min(end+wrappedText, len(e.text.lower))
		}
	}
	s := seen{lower: e.text.lower[e.starts[i]:end], log: true}
	s.Provider, s.Status = e.providerOf(i, cmp.Or(sum.provider, e.table.speaker(sum.codes, s.lower))), sum.status
	s.Place = placeOf(s.lower)
	s.all = append(s.all, sum.codes...)
	for _, n := range sum.numbers {
		s.all = append(s.all, n)
		if s.Provider == "microsoft" {
			s.all = append(s.all, "AADSTS"+n)
		}
	}
	return s
}

// speaker is the provider whose own sentence stands beside one of these codes, "" if there is none: what an answer says in
// its own words tells more than the name that the next line happens to hold.
func (t *table) speaker(codes []string, lower string) string {
	for _, c := range codes {
		for _, r := range t.byCode[strings.ToLower(c)] {
			if slices.ContainsFunc(r.Own, func(own string) bool { return strings.Contains(lower, own) }) {
				return r.Providers[0]
			}
		}
	}
	return ""
}

// placeOf guesses the step of the protocol from the words around an error. It matters where one code means two things:
// invalid_grant is a used code at the exchange and a dead grant at a refresh (RFC 6749 §5.2). Without a hint every
// place fits, and the order of the rules decides.
func placeOf(low string) oauthflow.Place {
	for _, p := range []struct {
		place oauthflow.Place
		words []string
	}{
		{oauthflow.PlaceExchange, []string{"grant_type=authorization_code", "authorization code", "code verifier", "authorization_code"}},
		{oauthflow.PlaceRefresh, []string{"refresh"}},
		{oauthflow.PlaceDevicePoll, []string{"device_code", "device code"}},
		{oauthflow.PlaceAuthorize, []string{"/authorize", "/oauth2/auth?", "/dialog/oauth", "error=", "&state="}},
	} {
		if slices.ContainsFunc(p.words, func(w string) bool { return strings.Contains(low, w) }) {
			return p.place
		}
	}
	return ""
}

// candidates are the rules that could fit, in their order.
func (e *examination) candidates(s seen, hits []*rule) []*rule {
	some := slices.Clone(hits)
	for _, c := range s.all {
		some = append(some, e.table.byCode[strings.ToLower(c)]...)
	}
	if s.Status != 0 {
		some = append(some, e.table.status...)
	}
	slices.SortFunc(some, func(a, b *rule) int { return a.place - b.place })
	return slices.Compact(some)
}

// confidence says how far words carry a rule; ok is false where they do not. It only ever lowers what the rule says:
// no text makes a likely rule certain.
func (e *examination) confidence(r *rule, s seen, sum *line, evidence []string, context bool) (c Confidence, ok bool) {
	c = r.Confidence
	carried := evidence[0]
	m := e.table.words[strings.ToLower(carried)]
	switch {
	case slices.Contains(r.Log, carried):
		if r.grade == byNetwork && sum.provider == "" && !sum.oauth {
			c = Likely // some name cannot be resolved, perhaps not the provider's
		}
	case r.grade == byStatus:
		c, ok = Likely, s.Status >= 500 || s.Status == 429 || context || sum.provider != ""
		return c, ok
	case isNumber(carried): // read from a field named code, which every program has
		if !sum.oauth {
			c = Likely
		}
		return c, sum.provider != "" || context
	case !m.distinct && !strings.HasPrefix(carried, "AADSTS"):
		c = Likely
		if !context && s.Provider == "" {
			return c, false
		}
	case r.grade == byProtocol && !sum.field && s.Provider == "":
		c = Likely // a bare word of nobody's: perhaps somebody only writes about it
	}
	if s.Status >= 500 && c == Certain && r.grade <= byProtocol {
		c = Likely // a server that fails is no witness
	}
	return c, true
}

// ambiguous reports whether a rule of one provider claims a code that others use too: without a sign of that
// provider it stands back.
func (e *examination) ambiguous(r *rule, code string) bool {
	if len(r.Providers) == 0 {
		return false
	}
	return slices.ContainsFunc(e.table.byCode[strings.ToLower(code)], func(other *rule) bool {
		return !slices.Equal(other.Providers, r.Providers)
	})
}
