package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// rule maps what is seen to what it means. All conditions it states must hold; network suffices alone, and so does log,
// with the statuses beside it where there are any (0: none was read).
// Rules are tried in the order of their files and lines, the first that fits wins: the special stand before the general.
type rule struct {
	Cause       string     `toml:"cause"`
	Remedy      Remedy     `toml:"remedy"`
	Confidence  Confidence `toml:"confidence"`
	Title       string     `toml:"title"`
	Explanation string     `toml:"explanation"`

	Providers []string             `toml:"providers"` // an unknown provider fits every rule
	Places    []oauthflow.Place    `toml:"places"`    // so does an unknown place
	Codes     []string             `toml:"codes"`     // any of code, subcode and further codes
	Status    []int                `toml:"status"`
	Text      []string             `toml:"text"`    // lower case, anywhere in the description
	AgeMin    provider.Duration    `toml:"age_min"` // of the grant
	AgeMax    provider.Duration    `toml:"age_max"`
	Network   []oauthflow.NetCause `toml:"network"`
	Log       []string             `toml:"log"` // lower case: phrases of a pasted text that nothing else writes
	Own       []string             `toml:"own"` // lower case: sentences of the provider's own, which name it where nothing else does

	grade grade // of the file
	place int   // in the whole table
}

// grade says what kind of knowledge a rule is. In a pasted text the better explains away the worse near it.
type grade int

// The grades, best first.
const (
	byProvider grade = iota // a provider's own codes
	byProtocol              // the codes of the RFCs
	byNetwork               // the way to the provider
	byMessage               // sentences of the products that run jobs
	byStatus                // an HTTP status and nothing else
)

var gradeNames = []string{"provider", "protocol", "network", "message", "status"}

var (
	remedies    = []Remedy{RetryLater, Refresh, Reauthorize, ReauthorizeInteractively, GrantPermissions, AskAdministrator, FixClient, FixUserAccount, FixMachine}
	confidences = []Confidence{Certain, Likely}
)

func (r rule) check() error {
	switch {
	case r.Cause == "" || r.Title == "" || r.Explanation == "":
		return fmt.Errorf("%q lacks cause, title or explanation", r.Title)
	case !slices.Contains(remedies, r.Remedy):
		return fmt.Errorf("%q is not a remedy", r.Remedy)
	case !slices.Contains(confidences, r.Confidence):
		return fmt.Errorf("%q is not a confidence", r.Confidence)
	case len(r.Codes)+len(r.Status)+len(r.Text)+len(r.Network)+len(r.Log) == 0:
		return fmt.Errorf("%q fits everything", r.Title)
	}
	if len(r.Own) > 0 && len(r.Providers) == 0 {
		return fmt.Errorf("%q has sentences of its own and no provider whose they are", r.Title)
	}
	for _, s := range slices.Concat(r.Text, r.Log, r.Own) {
		if s == "" || s != strings.ToLower(s) {
			return fmt.Errorf("%q is empty or not in lower case", s)
		}
	}
	for _, c := range r.Codes {
		// 190 is a dead token at Meta and a line count elsewhere.
		if isNumber(c) && len(r.Providers) == 0 {
			return fmt.Errorf("the code %s means nothing without a provider", c)
		}
	}
	return nil
}

// seen is an input made ready for many rules.
type seen struct {
	Input
	lower string
	all   []string // codes, the most special first
	log   bool     // a pasted text: nothing says for sure what its words are
}

func see(in Input) seen {
	return seen{Input: in, lower: strings.ToLower(in.Text), all: in.codes()}
}

// match reports whether the rule fits, and by what.
func (r *rule) match(s seen) (evidence []string, ok bool) {
	if !fits(r.Providers, s.Provider) && !slices.ContainsFunc(r.Providers, func(p string) bool { return IsOf(s.Provider, p) }) {
		return nil, false
	}
	if s.log && (len(r.Status) == 0 || slices.Contains(r.Status, s.Status)) {
		for _, l := range r.Log {
			if strings.Contains(s.lower, l) {
				return []string{l}, true
			}
		}
	}
	if s.Err != nil && slices.Contains(r.Network, oauthflow.NetworkCause(s.Err)) {
		return nil, true
	}
	if len(r.Log) > 0 || len(r.Codes)+len(r.Status)+len(r.Text) == 0 || !fits(r.Places, s.Place) {
		return nil, false
	}
	if len(r.Codes) > 0 {
		code, ok := r.code(s)
		if !ok {
			return nil, false
		}
		evidence = append(evidence, code)
	}
	if len(r.Status) > 0 {
		if !slices.Contains(r.Status, s.Status) && (s.Status < 500 || !slices.Contains(r.Status, 500)) { // 500 stands for all 5xx
			return nil, false
		}
		evidence = append(evidence, fmt.Sprintf("HTTP %d", s.Status))
	}
	if len(r.Text) > 0 {
		i := slices.IndexFunc(r.Text, func(t string) bool { return strings.Contains(s.lower, t) })
		if i < 0 || s.log && len(r.Codes)+len(r.Status) == 0 && len(r.Providers) > 0 && s.Provider == "" {
			return nil, false // "bad credentials" is GitHub's where GitHub is named, and anybody's elsewhere
		}
		evidence = append(evidence, r.Text[i])
	}
	if r.AgeMin > 0 && s.Age < duration(r.AgeMin) || r.AgeMax > 0 && s.Age > duration(r.AgeMax) {
		return nil, false
	}
	return evidence, true
}

// code finds one of the rule's codes. A number is one only where its provider is known: 190 is Meta's word for an
// expired token, and a count of rows elsewhere.
func (r *rule) code(s seen) (string, bool) {
	i := slices.IndexFunc(s.all, func(c string) bool {
		return (s.Provider != "" || !isNumber(c)) && slices.ContainsFunc(r.Codes, func(k string) bool { return strings.EqualFold(k, c) })
	})
	if i < 0 {
		return "", false
	}
	return s.all[i], true
}

// fits reports whether a value is among those a rule allows; what is not known or not limited fits.
func fits[T ~string](allowed []T, v T) bool {
	return v == "" || len(allowed) == 0 || slices.Contains(allowed, v)
}

// IsOf reports whether a provider's id names that provider or a variant of it: linkedin-native answers as linkedin does,
// and so does the google-eu that somebody has in config.toml.
func IsOf(id, provider string) bool {
	rest, ok := strings.CutPrefix(id, provider)
	return ok && provider != "" && (rest == "" || rest[0] == '-')
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
