package diagnose

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
)

//go:embed rules/*.toml
var ruleFiles embed.FS

// sign is a set of words by which a text shows what it speaks of.
type sign struct {
	Provider string   `toml:"provider"` // an id, or
	Kind     string   `toml:"kind"`     // what else it is, in words: "a database"
	Words    []string `toml:"words"`    // lower case
}

// table is everything the rules know, and what a reading looks up in it.
type table struct {
	rules []rule
	signs []sign

	words   map[string]meaning // lower-case word → what it says
	byCode  map[string][]*rule // lower-case code → rules that name it
	phrases []phrase
	status  []*rule // rules of a bare status
}

// meaning is what one word of a text says.
type meaning struct {
	code     string // as the rules spell it
	distinct bool   // a code nothing but OAuth uses
	provider string
	oauth    bool   // OAuth is spoken of
	foreign  string // what else is spoken of: "a database"
}

// phrase is a sentence of a rule, with the words that have to be in a text for it to be there.
type phrase struct {
	text  string
	words []string
	rule  *rule
}

// ruleFile is one file of rules.
type ruleFile struct {
	Grade    string   `toml:"grade"`
	Rules    []rule   `toml:"rule"`
	Signs    []sign   `toml:"sign"`
	Distinct []string `toml:"distinct"` // codes that are certain by themselves
	OAuth    []string `toml:"oauth"`    // words that speak of OAuth
}

// rules reads the embedded files once; a mistake in them is found by their tests.
var rules = sync.OnceValues(func() (*table, error) {
	t := &table{words: map[string]meaning{}, byCode: map[string][]*rule{}}
	files, err := fs.Glob(ruleFiles, "rules/*.toml")
	if err != nil {
		return t, err
	}
	var read []ruleFile
	for _, name := range files {
		f, err := readRules(name)
		if err != nil {
			return t, fmt.Errorf("%s: %w", name, err)
		}
		read = append(read, f)
		t.rules = append(t.rules, f.Rules...)
		t.signs = append(t.signs, f.Signs...)
	}
	// After all files are read: place is the order of the whole, and pointers into a growing list would go stale.
	for i := range t.rules {
		t.rules[i].place = i
		t.index(&t.rules[i])
	}
	for _, f := range read {
		t.learn(f)
	}
	return t, nil
})

func readRules(name string) (ruleFile, error) {
	var f ruleFile
	text, err := ruleFiles.ReadFile(name)
	if err != nil {
		return f, err
	}
	md, err := toml.Decode(string(text), &f)
	if err != nil {
		return f, err
	}
	// A misspelt key would silently make a rule fit more than it should.
	if extra := md.Undecoded(); len(extra) > 0 {
		return f, fmt.Errorf("unknown key %s", extra[0])
	}
	g := slices.Index(gradeNames, f.Grade)
	if g < 0 && len(f.Rules) > 0 { // the file of signs has none
		return f, fmt.Errorf("%q is not a grade", f.Grade)
	}
	for i := range f.Rules {
		if err := f.Rules[i].check(); err != nil {
			return f, fmt.Errorf("rule %d: %w", i+1, err)
		}
		f.Rules[i].grade = grade(g)
	}
	return f, nil
}

// index makes a rule findable by its codes and phrases.
func (t *table) index(r *rule) {
	for _, c := range r.Codes {
		low := strings.ToLower(c)
		t.byCode[low] = append(t.byCode[low], r)
		if isNumber(c) {
			continue // numbers are read from fields that hold codes, never from words
		}
		m := t.words[low]
		m.code = c
		// Nobody else uses Microsoft's prefix.
		m.distinct = m.distinct || strings.HasPrefix(low, "aadsts")
		t.words[low] = m
	}
	for _, p := range r.Log {
		t.phrases = append(t.phrases, newPhrase(p, r))
	}
	switch {
	// They are found by their code or phrase; what text they have only narrows it.
	case len(r.Codes) > 0, len(r.Log) > 0:
	case len(r.Status) > 0:
		t.status = append(t.status, r)
	default:
		for _, p := range r.Text {
			t.phrases = append(t.phrases, newPhrase(p, r))
		}
	}
}

// newPhrase leaves out the words at either end, which may be parts of longer ones ("token" of "tokens").
func newPhrase(text string, r *rule) phrase {
	words := strings.FieldsFunc(text, func(c rune) bool { return !inName(c) })
	if len(words) > 2 {
		words = words[1 : len(words)-1]
	} else {
		words = nil
	}
	return phrase{text: text, words: words, rule: r}
}

// learn adds what the words of a file say.
func (t *table) learn(f ruleFile) {
	change := func(word string, set func(*meaning)) {
		m := t.words[word]
		set(&m)
		t.words[word] = m
	}
	for _, w := range f.Distinct {
		change(strings.ToLower(w), func(m *meaning) { m.distinct = true })
	}
	for _, w := range f.OAuth {
		change(w, func(m *meaning) { m.oauth = true })
	}
	for _, s := range f.Signs {
		for _, w := range s.Words {
			change(w, func(m *meaning) {
				if s.Provider != "" {
					m.provider = s.Provider
				} else {
					m.foreign = s.Kind
				}
			})
		}
	}
}
