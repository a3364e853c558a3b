package provider

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// fillVars puts the vars in the place of {NAME} in every text of the entry, the client's excepted: a secret is nobody's
// template. A var that a call needs and that is still empty is not filled in: the braces left behind are how block
// knows that the call cannot be made yet.
func (p *Provider) fillVars() {
	if len(p.Vars) == 0 {
		return
	}
	needed := map[string]bool{}
	for _, s := range p.Services {
		for _, r := range []Request{s.Probe, s.Resources.Request} {
			for name := range r.Needs {
				needed[name] = true
			}
		}
	}
	var pairs []string
	for name, value := range p.Vars {
		if value != "" || !needed[name] {
			pairs = append(pairs, "{"+name+"}", value)
		}
	}
	vars, client := p.Vars, p.Client
	fill(reflect.ValueOf(p).Elem(), strings.NewReplacer(pairs...))
	p.Vars, p.Client = vars, client
}

// fill replaces in every string below v, keys of maps excepted. Maps are made anew: the one in v may be shared.
func fill(v reflect.Value, r *strings.Replacer) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); strings.Contains(s, "{") {
			v.SetString(r.Replace(s))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), r)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), r)
			}
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		filled := reflect.MakeMapWithSize(v.Type(), v.Len())
		for _, key := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(key))
			fill(e, r)
			filled.SetMapIndex(key, e)
		}
		v.Set(filled)
	}
}

// block leaves out the calls that cannot be made yet.
func (p *Provider) block() {
	for id, s := range p.Services {
		s.Probe.block()
		s.Resources.block()
		p.Services[id] = s
	}
}

// block leaves a call out whose needs are not met. It looks for the braces, not at the var: a config may have put
// a value of its own into the header.
func (r *Request) block() {
	for _, name := range slices.Sorted(maps.Keys(r.Needs)) {
		open := "{" + name + "}"
		parts := append(slices.Collect(maps.Values(r.Headers)), r.URL, r.Body)
		if slices.ContainsFunc(parts, func(s string) bool { return strings.Contains(s, open) }) {
			r.URL, r.Blocked = "", r.Needs[name]
			return
		}
	}
}
