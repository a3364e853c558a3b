package diagnose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"fettle/internal/safetext"
)

const (
	maxLog   = 256 << 10
	maxLines = 5000
)

// Text explains the messages it finds in a pasted log, in their order and each once. If it finds none it
// says so by one unknown diagnosis; of an empty text it says nothing.
func Text(log string) Reading {
	return Reading{Diagnoses: diagnoses(log), text: newPasted(log[:min(len(log), maxLog)])}
}

func diagnoses(log string) []Diagnosis {
	log = log[:min(len(log), maxLog)]
	var found []Diagnosis
	seen := map[string]bool{}
	add := func(line string) {
		d := Explain(inputOf(line))
		if key := d.Cause + "/" + string(d.Remedy); d.Remedy != Unknown && !seen[key] {
			seen[key] = true
			found = append(found, d)
		}
	}
	lines := safetext.Lines(log, maxLines)
	for _, line := range lines {
		add(line)
	}
	whole := strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
	if len(found) == 0 && whole != "" {
		add(whole) // a message that was broken into lines
	}
	if len(found) == 0 && whole != "" {
		found = append(found, unknown(Input{Status: inputOf(whole).Status})) // its words may be secrets
	}
	return found
}

var (
	word   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z]+)+|[A-Z]{4,}[0-9]*`)
	status = regexp.MustCompile(`(?i)(?:\bHTTP(?:/\d(?:\.\d)?)?|\bstatus(?: code)?|\bcode|\berror)\W{0,3}([45]\d\d)\b|\b([45]\d\d) (?:Internal Server|Bad Gateway|Service Unavailable|Gateway Time|Too Many|Unauthorized|Forbidden)|\(([45]\d\d)\)`)
)

// inputOf reads what a line of a log says: codes by their shape, an HTTP status, a provider's name. Every
// word that looks like a code is tried; only those that a rule knows count.
func inputOf(line string) Input {
	in := Input{Text: line, Codes: word.FindAllString(line, 200)}
	lower := strings.ToLower(line)
	t, _ := rules() // Explain reports a table that cannot be read
	for _, s := range t.Signs {
		if slices.ContainsFunc(s.Marks, func(m string) bool { return strings.Contains(lower, m) }) {
			in.Provider = s.Provider
			break
		}
	}
	if m := status.FindStringSubmatch(line); m != nil {
		for _, g := range m[1:] {
			if n, err := strconv.Atoi(g); err == nil {
				in.Status = n
			}
		}
	}
	return in
}

// Recognises reports whether a text shows that it speaks of this provider. Providers that only a configuration
// knows leave no such mark.
func Recognises(providerID string) bool {
	t, _ := rules() // Explain reports a table that cannot be read
	return slices.ContainsFunc(t.Signs, func(s sign) bool { return s.Provider == providerID })
}
