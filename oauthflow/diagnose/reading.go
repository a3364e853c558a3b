package diagnose

import "time"

// Reading is what a pasted text says. Its texts are safe to print; of the text itself it shows nothing.
type Reading struct {
	// Diagnoses holds what was found, the surest first and each cause once. Where nothing is known it holds one
	// that says so; only an empty text has none.
	Diagnoses []Diagnosis
	// RuledOut is what the text speaks against: it narrows the search where no cause is known.
	RuledOut  []Exclusion
	Facts     Facts
	Shortened bool // the text was too long: only its end was read

	text *pasted
	near []surroundings // of each diagnosis
}

// surroundings is what stands near a diagnosis in a log that tells of many jobs.
type surroundings struct {
	facts Facts
	text  *pasted
}

// Exclusion is something a text speaks against, and why.
type Exclusion struct {
	What Suspicion
	Why  string // one sentence
}

// Suspicion names what people suspect first when a job fails.
type Suspicion string

// What a reading can rule out.
const (
	OfNetwork     Suspicion = "network"     // DNS, TLS, proxy, connection
	OfGrant       Suspicion = "grant"       // revoked, expired, unused
	OfPermissions Suspicion = "permissions" // a box left unticked
	OfClient      Suspicion = "client"      // id, secret, redirect
	OfRateLimit   Suspicion = "rate_limit"
	OfProvider    Suspicion = "provider" // trouble of the provider's own
)

// Facts is what a text mentions that helps to find the account it speaks of. Every list holds each value once,
// in the order of the text. None of it is secret.
type Facts struct {
	Providers []string // ids
	ClientIDs []string
	Emails    []string // in lower case
	Hosts     []string // of providers' APIs and others, in lower case
	Times     []time.Time
	Statuses  []int // HTTP statuses from 400 on
}

// Best is the diagnosis to show first.
func (r Reading) Best() Diagnosis {
	if len(r.Diagnoses) == 0 {
		return unknown(Input{})
	}
	return r.Diagnoses[0]
}

// Known reports whether any cause was found.
func (r Reading) Known() bool { return len(r.Diagnoses) > 0 && r.Diagnoses[0].Remedy != Unknown }

// About narrows a reading to one of its diagnoses and to what the text says near it: a log of many jobs names many
// accounts, and the one that is meant stands close by.
func (r Reading) About(i int) Reading {
	if i < 0 || i >= len(r.Diagnoses) {
		return Reading{}
	}
	n := Reading{Diagnoses: r.Diagnoses[i : i+1 : i+1], RuledOut: r.RuledOut, Facts: r.Facts, text: r.text}
	if i < len(r.near) {
		n.Facts, n.text = r.near[i].facts, r.near[i].text
	}
	return n
}

// Only narrows a reading to one of its diagnoses, and keeps what the whole text says.
func (r Reading) Only(i int) Reading {
	n := r.About(i)
	n.Facts, n.text = r.Facts, r.text
	return n
}

// Mentions reports whether the text holds a name, in any case and not as a part of a longer word.
func (r Reading) Mentions(name string) bool { return r.text.mentions(name) }
