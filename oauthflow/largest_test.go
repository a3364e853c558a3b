//go:build !race

// Large answers take minutes under the race detector, and nothing in reading them runs at the same time.

package oauthflow_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"fettle/oauthflow/provider"
)

// Answers just below and just above the largest that is read, made to cost as much as they can.
func TestTheLargestAnswers(t *testing.T) {
	r := newReaders(t)
	r.p.Services = map[string]provider.Service{"f": r.p.Services["f"]} // one listing is enough: these are slow
	var m meter
	for _, place := range placesOf(t, samples(t)) {
		size := 1 << 20
		if place == "resources" {
			size = 4 << 20 // a listing may be longer
		}
		for i, body := range largest(size - 512) {
			m.read(t, r, sample{place: place, name: fmt.Sprint("large-", i), status: 200 + 200*(i%2), contentType: "application/json", body: body})
		}
		m.read(t, r, sample{place: place, name: "too large", status: 200, contentType: "application/json", body: largest(size + 512)[5]})
	}
	t.Logf("longest %v, most %d MiB", m.longest, m.most>>20)
}

// largest are answers as large as they may be, or a little larger, made of what costs a reader most.
func largest(size int) [][]byte {
	fill := func(open, unit, end string) []byte {
		return []byte(open + strings.Repeat(unit, (size-len(open)-len(end))/len(unit)) + end)
	}
	var members bytes.Buffer
	members.WriteByte('{')
	for i := 0; members.Len() < size-20; i++ {
		fmt.Fprintf(&members, `"m%d":%d,`, i, i)
	}
	members.WriteString(`"x":0}`)
	return [][]byte{
		fill("", "[", ""), fill(`{"a":`, `{"a":`, ""), fill(`{"files":[`, `{"":0},`, `0]}`), fill(`[`, `[],`, `0]`), fill(`{"error":{"errors":[`, `{"reason":"x"},`, `0]}}`),
		fill(`{"files":[`, `{"id":1,"name":"A very usual name of a file.xlsx"},`, `0]}`), fill(`{"access_token":"`, "\\u202e", `"}`), fill(`{"scope":"`, "a ", `"}`), fill(`{"value":[`, `0,`, `0]}`),
		fill(`{"error_description":"`, "x", `"}`), fill("", "\x00", ""), members.Bytes(),
	}
}
