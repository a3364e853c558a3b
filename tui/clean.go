package tui

import (
	"reflect"
	"strings"
	"time"

	"fettle/internal/safetext"
)

// washed returns v with every text in it safe to print. The services do that at their boundary; this is
// the second fence, for names, paths and addresses that come from files. What v shares with others is
// never written to: where a text has to change, the way to it is copied.
// Most of it is clean, so it is looked through before anything is copied.
func washed[T any](v T) T {
	in := reflect.ValueOf(&v).Elem()
	if !dirty(in) {
		return v
	}
	wash(in)
	return v
}

var timeType = reflect.TypeFor[time.Time]()

// dirty reports whether some text in v is not safe to print. Unexported fields are the owner's business.
func dirty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return soiled(v.String())
	case reflect.Pointer:
		return !v.IsNil() && dirty(v.Elem())
	case reflect.Interface:
		return !v.IsNil() && dirty(v.Elem())
	case reflect.Struct:
		// Its fields are not exported, and a location's name is ours.
		if v.Type() == timeType {
			return false
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && dirty(v.Field(i)) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		// Bytes are no text, and are never printed.
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return false
		}
		for i := range v.Len() {
			if dirty(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if dirty(it.Value()) {
				return true
			}
		}
	}
	return false
}

// wash makes the settable v clean, copying what lies behind pointers, slices and maps.
// Keys of maps are looked up and not shown; washed ones would not be found.
func wash(v reflect.Value) {
	if !dirty(v) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(safetext.Line(v.String()))
	case reflect.Pointer:
		clone := reflect.New(v.Type().Elem())
		clone.Elem().Set(v.Elem())
		wash(clone.Elem())
		v.Set(clone)
	case reflect.Interface:
		clone := reflect.New(v.Elem().Type()).Elem()
		clone.Set(v.Elem())
		wash(clone)
		v.Set(clone)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				wash(v.Field(i))
			}
		}
	case reflect.Slice:
		clone := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(clone, v)
		for i := range clone.Len() {
			wash(clone.Index(i))
		}
		v.Set(clone)
	case reflect.Array:
		for i := range v.Len() {
			wash(v.Index(i))
		}
	case reflect.Map:
		clone := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(it.Value())
			wash(value)
			clone.SetMapIndex(it.Key(), value)
		}
		v.Set(clone)
	}
}

// soiled reports whether a text is not safe as it is. Printable ASCII, which most is, costs one look.
func soiled(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return safetext.Line(s) != s
		}
	}
	return false
}

// oneLine is an error for the notice line: its first line.
func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return safetext.Line(line)
}

// whole is an error for a page of its own.
// Twenty lines are more than any error of ours; the rest would be somebody else's page.
func whole(err error) string { return strings.Join(safetext.Lines(err.Error(), 20), "\n") }
