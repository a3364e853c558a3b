package oauthflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answer is a response as the parsers see it: status, headers, and the body if it is JSON or a form.
type answer struct {
	status int
	header http.Header
	value  any            // the decoded JSON, nil if the body is something else
	object map[string]any // value, if it is an object, or the form
}

// readAnswer reads and decodes a response. Only an unreadable body is an error; one that is neither JSON
// nor a form is an answer without a value.
func readAnswer(resp *http.Response) (*answer, error) {
	limit := answerLimit(resp.Request)
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errTooLarge
	}
	// Counted before decoding, which is what would take the memory; those inside strings count too, which no real answer feels.
	if bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) > maxContainers || bytes.Count(body, []byte(",")) > maxValues {
		return nil, errTooMany
	}
	a := &answer{status: resp.StatusCode, header: resp.Header}
	a.decode(body)
	return a, nil
}

func (a *answer) decode(body []byte) {
	if v, err := decodeJSON(body); err == nil {
		a.value = v
		a.object, _ = v.(map[string]any)
		return
	}
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")) // an unreadable type is none
	// GitHub answers with a form unless asked for JSON; Facebook used to call its form text/plain.
	if media != "application/x-www-form-urlencoded" && media != "text/plain" {
		return
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil || !form.Has("access_token") && !form.Has("error") {
		return
	}
	a.object = make(map[string]any, len(form))
	for k, v := range form {
		if len(v) > 1 { // RFC 6749 §3.2: parameters must not repeat
			a.object = nil
			return
		}
		a.object[k] = v[0]
	}
}

var errDuplicate = errors.New("a member occurs twice")

// decodeJSON decodes one JSON value, numbers as json.Number. A top-level member that occurs twice is an
// error (RFC 8628 §3.1): two parsers could read two different answers out of it.
func decodeJSON(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	if m, ok := v.(map[string]any); ok && topLevelMembers(body) != len(m) {
		return nil, errDuplicate
	}
	return v, nil
}

// topLevelMembers counts the members of the JSON object in body, which has been decoded already: it is sound, and each
// colon outside of strings belongs to one member. Decoding it a second time took as long as the first.
func topLevelMembers(body []byte) int {
	n, depth := 0, 0
	inString, escaped := false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case inString:
			inString, escaped = c != '"', c == '\\'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return n
}

// text returns a member as a string: strings and numbers count, everything else is "".
func (a *answer) text(member string) string { return textOf(a.object[member]) }

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// maxSeconds bounds every duration a server names; more is nonsense and would overflow.
const maxSeconds = 10 * 365 * 24 * 3600

// seconds reads a duration as servers write it: a number, a string, a float, sometimes nonsense. Only a
// positive one counts.
func seconds(v any) (time.Duration, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(textOf(v)), 64)
	// 1e400 is out of range and reads as infinite: it means "very long", like any other nonsense of that kind.
	if err != nil && !math.IsInf(f, 1) || math.IsNaN(f) || f <= 0 {
		return 0, false
	}
	if f > maxSeconds {
		f = maxSeconds
	}
	return time.Duration(f * float64(time.Second)), true
}

// lookup follows a dotted path; a member whose own name holds dots (@odata.nextLink) is found too.
func lookup(v any, path string) any {
	if path == "" {
		return v
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	// The whole name first, so that a dot in a member's own name wins over the path.
	if e, ok := m[path]; ok {
		return e
	}
	for i, c := range path {
		if c != '.' {
			continue
		}
		if e, ok := m[path[:i]]; ok {
			if found := lookup(e, path[i+1:]); found != nil {
				return found
			}
		}
	}
	return nil
}

// retryAfter reads the header in both its forms, at most a day.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	d, ok := seconds(v)
	if !ok {
		at, err := http.ParseTime(v)
		if err != nil {
			return 0
		}
		// A date is by the server's clock, so it is compared with the server's own: ours may be wrong.
		now := time.Now()
		if server, err := http.ParseTime(h.Get("Date")); err == nil {
			now = server
		}
		d = at.Sub(now)
	}
	return min(max(d, 0), 24*time.Hour)
}

// contentKind describes a body that could not be read, for an error message.
func (a *answer) contentKind() string {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || media == "" {
		return "an answer that is not JSON"
	}
	return fmt.Sprintf("%q instead of JSON", media)
}
