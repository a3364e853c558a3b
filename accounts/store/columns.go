package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// micros keeps a time as microseconds since 1970 in UTC; 0 is the zero time.
type micros time.Time

// Value implements driver.Valuer.
func (m *micros) Value() (driver.Value, error) {
	t := time.Time(*m)
	if t.IsZero() {
		return int64(0), nil
	}
	return t.UnixMicro(), nil
}

// Scan implements sql.Scanner.
func (m *micros) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("time column holds %T", src)
	}
	if n == 0 {
		*m = micros{}
		return nil
	}
	*m = micros(time.UnixMicro(n).UTC())
	return nil
}

// jsonText keeps a value as JSON text. The value comes from the record and goes there by two functions, because one
// column may hold several fields.
type jsonText[T any] struct {
	get func() T
	set func(T)

	// Long listings repeat the same few texts over and over. With a clone function a text that was decoded before
	// is not decoded again; rows still share nothing.
	clone func(T) T
	seen  map[string]T
}

// asJSON is a column for the field v.
func asJSON[T any](v *T) *jsonText[T] {
	return &jsonText[T]{get: func() T { return *v }, set: func(read T) { *v = read }}
}

// asList is asJSON for lists of strings.
func asList(v *[]string) *jsonText[[]string] {
	j := asJSON(v)
	j.clone = slices.Clone[[]string]
	return j
}

// Value implements driver.Valuer.
func (j *jsonText[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.get())
	return string(b), err
}

// Scan implements sql.Scanner. It always decodes into a fresh value.
func (j *jsonText[T]) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("JSON column holds %T", src)
	}
	if former, ok := j.seen[text]; ok {
		j.set(j.clone(former))
		return nil
	}
	var v T
	if text != "null" {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return fmt.Errorf("JSON column: %w", err)
		}
	}
	j.set(v)
	if j.clone != nil {
		if j.seen == nil {
			j.seen = map[string]T{}
		}
		j.seen[text] = j.clone(v)
	}
	return nil
}
