package store_test

import (
	"errors"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

var errNo = errors.New("no")

func conflict(err error) bool {
	_, ok := errors.AsType[*store.ConflictError](err)
	return ok
}

func nameTaken(err error) bool {
	_, ok := errors.AsType[*store.NameTakenError](err)
	return ok
}

func TestPutSwapsOnlyWhatWasRead(t *testing.T) {
	t.Parallel()
	// Each kind has a put for a record with this revision, and the revision that it leaves in the record.
	kinds := map[string]func(store.Writer, int64) (int64, error){
		"account": func(w store.Writer, rev int64) (int64, error) {
			a := store.Account{ID: "1", Name: "one", Revision: rev}
			err := w.PutAccount(&a)
			return a.Revision, err
		},
		"client": func(w store.Writer, rev int64) (int64, error) {
			c := store.Client{ID: "1", Revision: rev}
			err := w.PutClient(&c)
			return c.Revision, err
		},
		"flow": func(w store.Writer, rev int64) (int64, error) {
			f := store.Flow{ID: "1", Name: "two", Revision: rev}
			err := w.PutFlow(&f)
			return f.Revision, err
		},
		"canvas": func(w store.Writer, rev int64) (int64, error) {
			c := store.Canvas{ID: "1", Name: "one", Revision: rev}
			err := w.PutCanvas(&c)
			return c.Revision, err
		},
		"place": func(w store.Writer, rev int64) (int64, error) {
			p := store.Place{ID: "1", CanvasID: "1", Revision: rev}
			err := w.PutPlace(&p)
			return p.Revision, err
		},
		"run": func(w store.Writer, rev int64) (int64, error) {
			r := store.Run{ID: "1", Revision: rev}
			err := w.PutRun(&r)
			return r.Revision, err
		},
	}
	for name, put := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			update(t, s, func(w store.Writer) error { return w.PutCanvas(&store.Canvas{ID: "canvas", Name: "for places"}) })
			steps := []struct {
				revision, after int64
				conflict        bool
			}{
				{1, 1, true}, // there is none to replace
				{0, 1, false},
				{0, 0, true}, // there is one already
				{1, 2, false},
				{1, 1, true}, // moved meanwhile
				{2, 3, false},
			}
			for i, step := range steps {
				err := s.Update(t.Context(), func(w store.Writer) error {
					if name == "place" && i == 1 {
						must(t, w.PutCanvas(&store.Canvas{ID: "1", Name: "one"}))
					}
					after, err := put(w, step.revision)
					if after != step.after {
						t.Errorf("step %d left revision %d, want %d", i, after, step.after)
					}
					return err
				})
				if conflict(err) != step.conflict || (err != nil) != step.conflict {
					t.Errorf("step %d: %v", i, err)
				}
			}
		})
	}
}

func TestPutGrantIsFencedBySeq(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a := sampleAccount(1)
	update(t, s, func(w store.Writer) error { return w.PutAccount(&a) })
	steps := []struct {
		seq, former int64
		conflict    bool
	}{
		{5, 4, true}, // there is none
		{5, 0, false},
		{6, 0, true}, // there is one
		{6, 4, true}, // moved meanwhile
		{5, 5, true}, // must rise
		{4, 5, true},
		{9, 5, false},
	}
	for i, step := range steps {
		err := s.Update(t.Context(), func(w store.Writer) error {
			return w.PutGrant(&store.Grant{AccountID: a.ID, Role: store.Current, Seq: step.seq}, step.former)
		})
		if conflict(err) != step.conflict || (err != nil) != step.conflict {
			t.Errorf("step %d: %v", i, err)
		}
	}
	view(t, s, func(r store.Reader) error {
		g, err := r.Grant(a.ID, store.Current)
		if g.Seq != 9 {
			t.Errorf("seq %d", g.Seq)
		}
		return err
	})
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a, c := sampleAccount(1), store.Canvas{ID: "v", Name: "v"}
	attempt := func(end func() error) error {
		return s.Update(t.Context(), func(w store.Writer) error {
			must(t, all(w.PutAccount(&a), w.PutAccount(&a), w.PutCanvas(&c), w.SetMeta("k", "v")))
			return end()
		})
	}
	if err := attempt(func() error { return errNo }); !errors.Is(err, errNo) {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = attempt(func() error { panic("in the middle") })
	}()
	if a.Revision != 0 || c.Revision != 0 {
		t.Errorf("revisions %d and %d are left in records that were never written", a.Revision, c.Revision)
	}
	if n, err := s.Revision(t.Context()); n != 0 || err != nil {
		t.Errorf("the store's revision is %d, %v", n, err)
	}
	must(t, attempt(func() error { return nil })) // the same records, once more
	if a.Revision != 2 || c.Revision != 1 {
		t.Errorf("revisions %d and %d", a.Revision, c.Revision)
	}
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	put := func(a store.Account) func(store.Writer) error {
		return func(w store.Writer) error { return w.PutAccount(&a) }
	}
	flow := func(f store.Flow) func(store.Writer) error {
		return func(w store.Writer) error { return w.PutFlow(&f) }
	}
	tests := []struct {
		name  string
		step  func(store.Writer) error
		taken bool
	}{
		{"a second account of that name", put(store.Account{ID: "3", Name: "sales"}), true},
		{"renaming to a taken name", put(store.Account{ID: "2", Name: "sales", Revision: 1}), true},
		{"renaming to a reserved name", put(store.Account{ID: "2", Name: "coming", Revision: 1}), true},
		{"a new account under a reserved name", put(store.Account{ID: "3", Name: "coming"}), true},
		{"a flow that reserves an account's name", flow(store.Flow{ID: "g", Name: "sales"}), true},
		{"a flow that reserves another account's name", flow(store.Flow{ID: "g", Name: "sales", AccountID: "2"}), true},
		{"a flow that reserves a reserved name", flow(store.Flow{ID: "g", Name: "coming"}), true},
		{"a second canvas of that name", func(w store.Writer) error { return w.PutCanvas(&store.Canvas{ID: "w", Name: "nightly"}) }, true},
		{"re-authorizing under the account's own name", flow(store.Flow{ID: "g", Name: "sales", AccountID: "1"}), false},
		{"renaming to a free name", put(store.Account{ID: "2", Name: "free", Revision: 1}), false},
		{"ending the flow with the account it was for", func(w store.Writer) error {
			return all(w.PutAccount(&store.Account{ID: "3", Name: "coming"}), w.DeleteFlow("f"))
		}, false},
		{"starting the flow anew", func(w store.Writer) error {
			return all(w.PutFlow(&store.Flow{ID: "g", Name: "coming"}), w.DeleteFlow("f"))
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			update(t, s, func(w store.Writer) error {
				return all(w.PutAccount(&store.Account{ID: "1", Name: "sales"}), w.PutAccount(&store.Account{ID: "2", Name: "other"}),
					w.PutFlow(&store.Flow{ID: "f", Name: "coming"}), w.PutCanvas(&store.Canvas{ID: "v", Name: "nightly"}))
			})
			err := s.Update(t.Context(), test.step)
			if nameTaken(err) != test.taken || (err != nil) != test.taken {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDeletingTakesWhatHangsOnIt(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	update(t, s, func(w store.Writer) error {
		for n := range 2 {
			a := sampleAccount(n)
			id := a.ID
			must(t, all(w.PutAccount(&a), w.PutGrant(&store.Grant{AccountID: id, Role: store.Current, Seq: 1}, 0),
				w.PutGrant(&store.Grant{AccountID: id, Role: store.Candidate, Seq: 1}, 0), w.PutIntent(store.Intent{AccountID: id}),
				w.PutObservation(store.Observation{AccountID: id, Kind: store.ObservedProbe}),
				w.PutResources(id, []store.Resource{{Resource: oauthflow.Resource{ID: "1"}}}), w.PutListing(store.Listing{AccountID: id}),
				w.PutCanvas(&store.Canvas{ID: id, Name: id}), w.PutPlace(&store.Place{ID: "p" + id, CanvasID: id}),
				w.AddEvent(store.Event{AccountID: id, At: sampleTime})))
		}
		return nil
	})
	gone, stays := sampleAccount(0).ID, sampleAccount(1).ID
	update(t, s, func(w store.Writer) error {
		return all(w.DeleteAccount(gone), w.DeleteCanvas(gone), w.DeleteAccount("never was"), w.DeleteIntent("never was"))
	})
	count := func(r store.Reader, id string) []int {
		grants, err := r.Grants(store.Current)
		candidates, err2 := r.Grants(store.Candidate)
		intents, err3 := r.Intents()
		observations, err4 := r.Observations(id)
		resources, err5 := r.Resources(id)
		places, err6 := r.Places(id)
		events, err7 := r.Events(store.EventFilter{AccountID: id})
		listings, err8 := r.Listings(id)
		must(t, all(err, err2, err3, err4, err5, err6, err7, err8))
		return []int{len(grants), len(candidates), len(intents), len(observations), len(resources), len(places), len(events), len(listings)}
	}
	view(t, s, func(r store.Reader) error {
		expect(t, "of the deleted account only its history", []int{1, 1, 1, 0, 0, 0, 1, 0})(count(r, gone), nil)
		expect(t, "of the other all", []int{1, 1, 1, 1, 1, 1, 1, 1})(count(r, stays), nil)
		return nil
	})
	for name, step := range map[string]func(store.Writer) error{
		"grant":  func(w store.Writer) error { return w.PutGrant(&store.Grant{AccountID: gone, Seq: 1}, 0) },
		"intent": func(w store.Writer) error { return w.PutIntent(store.Intent{AccountID: gone}) },
		"place":  func(w store.Writer) error { return w.PutPlace(&store.Place{ID: "x", CanvasID: gone}) },
	} {
		if err := s.Update(t.Context(), step); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a %s for what was deleted: %v", name, err)
		}
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	view(t, open(t, t.TempDir()), func(r store.Reader) error {
		for name, get := range map[string]func() error{
			"meta":           func() error { _, err := r.Meta("x"); return err },
			"account":        func() error { _, err := r.Account("x"); return err },
			"account name":   func() error { _, err := r.AccountByName("x"); return err },
			"grant":          func() error { _, err := r.Grant("x", store.Current); return err },
			"intent":         func() error { _, err := r.Intent("x"); return err },
			"client":         func() error { _, err := r.Client("x"); return err },
			"flow":           func() error { _, err := r.Flow("x"); return err },
			"canvas":         func() error { _, err := r.Canvas("x"); return err },
			"canvas by name": func() error { _, err := r.CanvasByName("x"); return err },
			"run":            func() error { _, err := r.Run("x"); return err },
		} {
			if err := get(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
}

func TestResourcesAndObservationsAreReplaced(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a := sampleAccount(1)
	res := func(id, name string) store.Resource {
		return store.Resource{AccountID: a.ID, Service: "s", Resource: oauthflow.Resource{ID: id, Name: name}}
	}
	probe := store.Observation{AccountID: a.ID, Kind: store.ObservedProbe, Cause: "old"}
	update(t, s, func(w store.Writer) error {
		return all(w.PutAccount(&a), w.PutResources(a.ID, []store.Resource{res("1", "one"), res("2", "two")}), w.PutObservation(probe))
	})
	probe.Cause = "new"
	update(t, s, func(w store.Writer) error {
		return all(w.PutResources(a.ID, []store.Resource{res("3", "z"), res("2", "y"), res("3", "a")}), w.PutObservation(probe))
	})
	view(t, s, func(r store.Reader) error {
		expect(t, "resources", []store.Resource{res("3", "a"), res("2", "y")})(r.Resources(a.ID))
		expect(t, "observations", []store.Observation{probe})(r.Observations(a.ID))
		return nil
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	day := func(n int) time.Time { return sampleTime.AddDate(0, 0, n) }
	update(t, s, func(w store.Writer) error {
		return all(w.AddEvent(store.Event{At: day(0), AccountID: "a"}), w.AddEvent(store.Event{At: day(1), CanvasID: "v"}),
			w.AddEvent(store.Event{At: day(2), AccountID: "a", CanvasID: "v"}))
	})
	tests := map[string]struct {
		filter store.EventFilter
		want   []time.Time
	}{
		"account":       {store.EventFilter{AccountID: "a"}, []time.Time{day(2), day(0)}},
		"canvas":        {store.EventFilter{CanvasID: "v"}, []time.Time{day(2), day(1)}},
		"both":          {store.EventFilter{AccountID: "a", CanvasID: "v"}, []time.Time{day(2)}},
		"since":         {store.EventFilter{Since: day(1)}, []time.Time{day(2), day(1)}},
		"limit":         {store.EventFilter{Limit: 1}, []time.Time{day(2)}},
		"nothing":       {store.EventFilter{AccountID: "b"}, nil},
		"account since": {store.EventFilter{AccountID: "a", Since: day(1), Limit: 5}, []time.Time{day(2)}},
	}
	view(t, s, func(r store.Reader) error {
		for name, test := range tests {
			events, err := r.Events(test.filter)
			var got []time.Time
			for _, e := range events {
				got = append(got, e.At)
			}
			expect(t, name, test.want)(got, err)
		}
		return nil
	})
	// A year and more later, the old ones go and the younger ones stay.
	update(t, s, func(w store.Writer) error {
		for range 100 {
			must(t, w.AddEvent(store.Event{At: day(402).Add(-time.Hour), AccountID: "late"}))
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		old, err := r.Events(store.EventFilter{CanvasID: "v"})
		if len(old) != 1 || old[0].At != day(2) {
			t.Errorf("left of the old events: %v", old)
		}
		late, err2 := r.Events(store.EventFilter{AccountID: "late"})
		if len(late) != 100 {
			t.Errorf("%d late events", len(late))
		}
		return all(err, err2)
	})
}
