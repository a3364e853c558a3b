package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
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

// jsonText keeps a value as JSON text.
type jsonText[T any] struct{ v *T }

func asJSON[T any](v *T) *jsonText[T] { return &jsonText[T]{v} }

// Value implements driver.Valuer.
func (j *jsonText[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(*j.v)
	return string(b), err
}

// Scan implements sql.Scanner. It always decodes into a fresh value: rows must not share slices.
func (j *jsonText[T]) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("JSON column holds %T", src)
	}
	var v T
	if s != "null" {
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			return fmt.Errorf("JSON column: %w", err)
		}
	}
	*j.v = v
	return nil
}
