package tui

import (
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"fettle/accounts"
)

// hostile holds one of each kind of text that a terminal would obey or a person could not see.
const hostile = "\x1b]52;c;cm0K\x07\x1b]0;t\x1b\\\x1b[2J\u009b31m\u009d8;;x\u009c\x1bPtmux;x\x1b\\\r\b\n\x00\x7f\u202e\u2066\u200b\ufeff\U000E0041Z"

// soil adds hostile text to every plain text in v. Identifiers, names that jobs use (they have a form of their own) and
// the scopes that words are looked up by stay.
func soil(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() {
			v.SetString(v.String() + hostile)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			soil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if kept := strings.HasSuffix(field.Name, "ID") || strings.HasSuffix(field.Name, "IDs") || field.Name == "Provider" || field.Name == "Services" || field.Name == "Scope"; kept || !field.IsExported() {
				continue
			}
			if field.Name == "Name" && (v.FieldByName("Rotation").IsValid() || v.FieldByName("FlowID").IsValid()) {
				continue
			}
			soil(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			soil(v.Index(i))
		}
	}
}

// allowed are the sequences that fettle itself writes: colours and attributes, and links to web addresses.
var allowed = regexp.MustCompile(`\x1b\[[0-9;:]*m|\x1b\]8;[!-~]*;(https?://[!-~]*)?(\x1b\\|\x07)`)

// obeyed reports whether a terminal would do something else with it than show it.
func obeyed(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == '\u2028' || r == '\u2029')
}

// Whatever names, words, addresses and errors hold, every screen writes text and the program's own sequences.
func TestOutsideTextCannotActOnTheTerminal(t *testing.T) {
	t.Parallel()
	all := maps.Clone(scenes)
	for name, p := range map[string]accounts.Prompt{"hostile-device": devicePrompt, "hostile-browser": browserPrompt} {
		soil(reflect.ValueOf(&p).Elem())
		all[name] = func(m Model) Model {
			m = signingIn(m, p)
			return feed(m, flowNews(m, "sales-ga", accounts.FlowEvent{Kind: accounts.FlowRejected, Reason: hostile, Hint: hostile}))
		}
	}
	met := 0
	for name, build := range all {
		for _, size := range [][2]int{{80, 24}, {140, 40}} {
			d := sampleData()
			soil(reflect.ValueOf(&d.snapshot).Elem())
			soil(reflect.ValueOf(&d.canvases).Elem())
			m := testModel(size[0], size[1], withFacts(d))
			host := m.host
			soil(reflect.ValueOf(&host).Elem())
			m.host = washed(host)
			raw := build(m).View().Content
			if i := strings.IndexFunc(allowed.ReplaceAllString(raw, ""), obeyed); i >= 0 {
				rest := allowed.ReplaceAllString(raw, "")
				t.Errorf("%s at %v writes %.60q", name, size, rest[max(0, i-20):])
			}
			met += strings.Count(raw, "Z")
		}
	}
	if met < 100 {
		t.Errorf("the hostile text was met %d times only: the search proves little", met)
	}
}
