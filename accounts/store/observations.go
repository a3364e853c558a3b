package store

var observations = newTable("observations", "observation", 2, "account_id kind at fails_from last_good outcome",
	func(o *Observation) []any {
		return []any{&o.AccountID, &o.Kind, (*micros)(&o.At), (*micros)(&o.FailsFrom), (*micros)(&o.LastGood), asOutcome(o)}
	})

// outcome is what came of an attempt, kept in one column: most observations are plain successes and say the same.
type outcome struct {
	OK        bool   `json:"ok"`
	Transient bool   `json:"transient,omitempty"`
	Cause     string `json:"cause,omitempty"`
	Remedy    string `json:"remedy,omitempty"`
	Title     string `json:"title,omitempty"`
	Detail    string `json:"detail,omitempty"`
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
}

func asOutcome(o *Observation) *jsonText[outcome] {
	return &jsonText[outcome]{
		get: func() outcome {
			return outcome{o.OK, o.Transient, o.Cause, o.Remedy, o.Title, o.Detail, o.Status, o.Code}
		},
		set: func(v outcome) {
			o.OK, o.Transient, o.Status, o.Code = v.OK, v.Transient, v.Status, v.Code
			o.Cause, o.Remedy, o.Title, o.Detail = v.Cause, v.Remedy, v.Title, v.Detail
		},
		clone: func(v outcome) outcome { return v },
	}
}

// Observations implements Reader, by account and kind.
func (r *reader) Observations(accountID string) ([]Observation, error) {
	if accountID == "" {
		return observations.all(r, "ORDER BY account_id, kind")
	}
	return observations.list(r, "WHERE account_id = ? ORDER BY kind", accountID)
}

// PutObservation implements Writer.
func (w *writer) PutObservation(o Observation) error { return observations.replace(w, &o) }
