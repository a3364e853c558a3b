package diagnose

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

//go:embed rules/*.toml
var ruleFiles embed.FS

// rule maps what is seen to what it means. All conditions it states must hold; log and network each suffice alone.
// Rules are tried in the order of their files and lines, the first that fits wins.
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
	Log       []string             `toml:"log"` // lower case, anywhere in a log line
}

// sign is a mark by which a line of a log shows the provider it speaks of.
type sign struct {
	Provider string   `toml:"provider"`
	Marks    []string `toml:"marks"` // lower case
}

type table struct {
	Rules []rule `toml:"rule"`
	Signs []sign `toml:"sign"`
}

// rules reads the embedded tables once; a mistake in them is found by their tests.
var rules = sync.OnceValues(func() (table, error) {
	var all table
	files, err := fs.Glob(ruleFiles, "rules/*.toml")
	if err != nil {
		return all, err
	}
	for _, f := range files {
		text, err := ruleFiles.ReadFile(f)
		if err != nil {
			return all, err
		}
		var t table
		md, err := toml.Decode(string(text), &t)
		if err != nil {
			return all, fmt.Errorf("%s: %w", f, err)
		}
		if extra := md.Undecoded(); len(extra) > 0 {
			return all, fmt.Errorf("%s: unknown key %s", f, extra[0])
		}
		for i, r := range t.Rules {
			if err := r.check(); err != nil {
				return all, fmt.Errorf("%s: rule %d: %w", f, i+1, err)
			}
		}
		all.Rules = append(all.Rules, t.Rules...)
		all.Signs = append(all.Signs, t.Signs...)
	}
	return all, nil
})

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
	for _, s := range slices.Concat(r.Text, r.Log) {
		if s == "" || s != strings.ToLower(s) {
			return fmt.Errorf("%q is empty or not in lower case", s)
		}
	}
	return nil
}

// match reports whether the rule fits, and by what.
func (r rule) match(in Input) (evidence []string, ok bool) {
	text := strings.ToLower(in.Text)
	if !fits(r.Providers, in.Provider) {
		return nil, false
	}
	for _, l := range r.Log {
		if strings.Contains(text, l) {
			return []string{l}, true
		}
	}
	if in.Err != nil && slices.Contains(r.Network, oauthflow.NetworkCause(in.Err)) {
		return nil, true
	}
	if len(r.Codes)+len(r.Status)+len(r.Text) == 0 || !fits(r.Places, in.Place) {
		return nil, false
	}
	if len(r.Codes) > 0 {
		i := slices.IndexFunc(in.codes(), func(c string) bool {
			return slices.ContainsFunc(r.Codes, func(k string) bool { return strings.EqualFold(k, c) })
		})
		if i < 0 {
			return nil, false
		}
		evidence = append(evidence, in.codes()[i])
	}
	if len(r.Status) > 0 {
		if !slices.Contains(r.Status, in.Status) && (in.Status < 500 || !slices.Contains(r.Status, 500)) { // 500 stands for all 5xx
			return nil, false
		}
		evidence = append(evidence, fmt.Sprintf("HTTP %d", in.Status))
	}
	if len(r.Text) > 0 {
		i := slices.IndexFunc(r.Text, func(s string) bool { return strings.Contains(text, s) })
		if i < 0 {
			return nil, false
		}
		evidence = append(evidence, r.Text[i])
	}
	if r.AgeMin > 0 && in.Age < duration(r.AgeMin) || r.AgeMax > 0 && in.Age > duration(r.AgeMax) {
		return nil, false
	}
	return evidence, true
}

// fits reports whether a value is among those a rule allows; what is not known or not limited fits.
func fits[T ~string](allowed []T, v T) bool {
	return v == "" || len(allowed) == 0 || slices.Contains(allowed, v)
}
