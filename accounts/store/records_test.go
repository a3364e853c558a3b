package store_test

import (
	"reflect"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// filled fails if a field of the record is zero: a sample that leaves one out would prove nothing about it.
func filled(t *testing.T, rec any) {
	t.Helper()
	v := reflect.ValueOf(rec)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the sample of %T leaves %s empty", rec, v.Type().Field(i).Name)
		}
	}
}

// expect returns what compares the two results of a read with what was written.
func expect(t *testing.T, what string, want any) func(got any, err error) {
	return func(got any, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read\n%+v\nwrote\n%+v", what, got, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := sampleTime
	account, other := sampleAccount(1), sampleAccount(2)
	grant := store.Grant{AccountID: account.ID, Role: store.Candidate, Seq: 7, Generation: 2, Holder: "file:x",
		Blob: []byte{0, 1, 2, 255}, Facts: []byte(`{"a":1}`), WrittenAt: at}
	intent := store.Intent{AccountID: account.ID, Seq: 7, TokenHash: "abc", At: at, PID: 4711}
	observation := store.Observation{AccountID: account.ID, Kind: store.ObservedProbe, At: at, OK: true, Transient: true,
		FailsFrom: at.Add(2 * time.Microsecond), LastGood: at.Add(time.Microsecond), Cause: "c", Remedy: "r", Title: "t", Detail: "d", Status: 503, Code: "x"}
	resource := store.Resource{AccountID: account.ID, Service: "sheets",
		Resource: oauthflow.Resource{ID: "1", Name: "Ünï", Parent: "p"}, FirstSeen: at, LastSeen: at.Add(time.Hour), GoneAt: at.Add(2 * time.Hour)}
	listing := store.Listing{AccountID: account.ID, Service: "sheets", At: at.Add(time.Hour), FormerAt: at}
	client := store.Client{ID: "c1", Provider: "google", Label: "our app", OAuthID: "123", Auth: provider.AuthBasic, Kind: "web",
		Redirects: []string{"http://127.0.0.1:0/"}, Seq: 3, Blob: []byte("sealed"), CreatedAt: at, Testing: true, SecretExpiresAt: at.Add(48 * time.Hour)}
	flow := store.Flow{ID: "f1", Name: "new-one", AccountID: "gone", Provider: "google", ClientID: "c1", Services: []string{"sheets"},
		Kind: provider.Device, Public: []byte(`{}`), Blob: []byte("sealed"), StartedAt: at, ExpiresAt: at.Add(time.Hour)}
	event := store.Event{ID: 1, At: at, Actor: "ops", Action: "refresh", AccountID: account.ID, CanvasID: "v1", Subject: "s", OK: true, Detail: "d"}
	canvas := store.Canvas{ID: "v1", Name: "nightly", Path: "/srv/n.acc", AccountIDs: []string{other.ID, account.ID},
		Recipients: []string{"age1x"}, Passphrase: true, Group: "jobs", FileID: "fid", Serial: 9,
		Written: &store.Written{At: at, Generations: map[string]int64{account.ID: 3}, Recipients: []string{"age1x"}, Names: map[string]string{account.ID: "a"}, SHA256: "ff"}, CreatedAt: at}
	place := store.Place{ID: "p1", CanvasID: canvas.ID, Kind: store.PlaceSFTP, Target: "sftp://u@h:22/p", Position: 1,
		CheckedAt: at, SHA256: "ff", Serial: 9, Problem: "refused", UnreachedAt: at.Add(time.Hour)}
	run := store.Run{ID: "r1", StartedAt: at, EndedAt: at.Add(time.Minute), Actor: "ops",
		Lines: []store.RunLine{{CanvasID: canvas.ID, Canvas: "nightly", PlaceID: "p1", Target: "x", State: store.LineFailed, Cause: "why", Code: "failed", Transient: true}}}

	packed := store.Package{ID: "k1", Name: "nightly", Canvases: []store.PackedCanvas{{CanvasID: canvas.ID, Name: "nightly", Folder: "f"}},
		Files: []store.PackedFile{{Source: "/srv/rates.csv", Path: "rates.csv"}}, Target: "s3://b/p", Layout: store.LayoutPlain, Serial: 4,
		Synced:  &store.Synced{At: at, Serial: 3, Manifest: "aa", Writer: "k", Canvases: map[string]string{canvas.ID: "ff"}, Files: 3, Bytes: 9},
		TriedAt: at, Problem: "refused", CreatedAt: at}

	s := open(t, dir)
	update(t, s, func(w store.Writer) error {
		// What belongs to an account may be written before it.
		return all(w.PutGrant(&grant, 0), w.PutIntent(intent), w.PutObservation(observation),
			w.PutResources(account.ID, []store.Resource{resource}), w.PutListing(listing), w.PutAccount(&account), w.PutAccount(&other),
			w.PutClient(&client), w.PutFlow(&flow), w.AddEvent(event),
			w.PutPlace(&place), w.PutCanvas(&canvas), w.PutRun(&run), w.PutPackage(&packed), w.SetMeta("k", "old"), w.SetMeta("k", "v"))
	})
	for _, rec := range []any{account, grant, intent, observation, resource, listing, client, flow, event, canvas, place, run, packed} {
		filled(t, rec)
	}
	must(t, s.Close())

	view(t, open(t, dir), func(r store.Reader) error {
		expect(t, "account by ID", account)(r.Account(account.ID))
		expect(t, "account by name", other)(r.AccountByName(other.Name))
		expect(t, "accounts", []store.Account{account, other})(r.Accounts())
		expect(t, "grant", grant)(r.Grant(account.ID, store.Candidate))
		expect(t, "grants", []store.Grant{grant})(r.Grants(store.Candidate))
		expect(t, "no grants", []store.Grant{})(r.Grants(store.Current))
		expect(t, "intent", intent)(r.Intent(account.ID))
		expect(t, "intents", []store.Intent{intent})(r.Intents())
		expect(t, "observations", []store.Observation{observation})(r.Observations(account.ID))
		expect(t, "all observations", []store.Observation{observation})(r.Observations(""))
		expect(t, "no observations", []store.Observation{})(r.Observations(other.ID))
		expect(t, "resources", []store.Resource{resource})(r.Resources(account.ID))
		expect(t, "listings", []store.Listing{listing})(r.Listings(account.ID))
		expect(t, "client", client)(r.Client("c1"))
		expect(t, "clients", []store.Client{client})(r.Clients())
		expect(t, "flow", flow)(r.Flow("f1"))
		expect(t, "flows", []store.Flow{flow})(r.Flows())
		expect(t, "events", []store.Event{event})(r.Events(store.EventFilter{}))
		expect(t, "canvas", canvas)(r.Canvas("v1"))
		expect(t, "canvas by name", canvas)(r.CanvasByName("nightly"))
		expect(t, "canvases", []store.Canvas{canvas})(r.Canvases())
		expect(t, "places", []store.Place{place})(r.Places(canvas.ID))
		expect(t, "all places", []store.Place{place})(r.Places(""))
		expect(t, "run", run)(r.Run("r1"))
		expect(t, "runs", []store.Run{run})(r.Runs(1))
		expect(t, "package", packed)(r.Package("k1"))
		expect(t, "package by name", packed)(r.PackageByName("nightly"))
		expect(t, "packages", []store.Package{packed})(r.Packages())
		expect(t, "meta", "v")(r.Meta("k"))
		return nil
	})
}

func TestZeroTimesAndEmptyListsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	bare := store.Account{ID: "a", Name: "bare", Services: []string{}, CreatedAt: time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC)}
	canvas := store.Canvas{ID: "v", Name: "bare"}
	update(t, s, func(w store.Writer) error { return all(w.PutAccount(&bare), w.PutCanvas(&canvas)) })
	view(t, s, func(r store.Reader) error {
		expect(t, "account", bare)(r.Account("a"))
		expect(t, "canvas", canvas)(r.Canvas("v"))
		return nil
	})
}

func TestTimesOfOtherZonesComeBackAsUTC(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	zone := time.FixedZone("here", 2*3600)
	update(t, s, func(w store.Writer) error {
		return w.PutRun(&store.Run{ID: "r", StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 6789, zone)})
	})
	view(t, s, func(r store.Reader) error {
		run, err := r.Run("r")
		if want := time.Date(2026, 1, 2, 1, 4, 5, 6000, time.UTC); run.StartedAt != want {
			t.Errorf("read %v, want %v", run.StartedAt, want)
		}
		return err
	})
}

func TestListedRecordsShareNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	update(t, s, func(w store.Writer) error {
		for n := range 3 {
			a := sampleAccount(n)
			must(t, w.PutAccount(&a))
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		list, err := r.Accounts()
		list[0].Services[0], list[1].Granted[0], list[0].Kept["instance_url"] = "x", "x", "x"
		list[0].Required = append(list[0].Required[:1], "x")
		expect(t, "the last one", func() any { a := sampleAccount(2); a.Revision = 1; return a }())(list[2], err)
		return nil
	})
}

func TestOrderOfLists(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	at := func(n int) time.Time { return sampleTime.Add(time.Duration(n) * time.Second) }
	update(t, s, func(w store.Writer) error {
		for _, n := range []int{2, 0, 1} {
			a := sampleAccount(n)
			id := string(rune('c' - n)) // the order of IDs is the other way round
			must(t, all(w.PutAccount(&a),
				w.PutClient(&store.Client{ID: id, Label: a.Name}),
				w.PutFlow(&store.Flow{ID: id, Name: "f" + id, StartedAt: at(n)}),
				w.PutCanvas(&store.Canvas{ID: id, Name: a.Name}),
				w.PutPlace(&store.Place{ID: id, CanvasID: "a", Position: n}),
				w.PutRun(&store.Run{ID: id, StartedAt: at(-n)}),
				w.PutPackage(&store.Package{ID: id, Name: a.Name}),
				w.AddEvent(store.Event{At: at(-n), Subject: id})))
		}
		return nil
	})
	want := []string{"c", "b", "a"}
	view(t, s, func(r store.Reader) error {
		accounts, err := r.Accounts()
		expect(t, "accounts", []string{"acc000000", "acc000001", "acc000002"})(ids(accounts, func(a store.Account) string { return a.ID }), err)
		clients, err := r.Clients()
		expect(t, "clients", want)(ids(clients, func(c store.Client) string { return c.ID }), err)
		flows, err := r.Flows()
		expect(t, "flows", want)(ids(flows, func(f store.Flow) string { return f.ID }), err)
		canvases, err := r.Canvases()
		expect(t, "canvases", want)(ids(canvases, func(c store.Canvas) string { return c.ID }), err)
		places, err := r.Places("a")
		expect(t, "places", want)(ids(places, func(p store.Place) string { return p.ID }), err)
		runs, err := r.Runs(0)
		expect(t, "runs", want)(ids(runs, func(r store.Run) string { return r.ID }), err)
		runs, err = r.Runs(1)
		expect(t, "last run", want[:1])(ids(runs, func(r store.Run) string { return r.ID }), err)
		packages, err := r.Packages()
		expect(t, "packages", want)(ids(packages, func(p store.Package) string { return p.ID }), err)
		events, err := r.Events(store.EventFilter{})
		expect(t, "events", want)(ids(events, func(e store.Event) string { return e.Subject }), err)
		return nil
	})
}

func ids[T any](list []T, id func(T) string) []string {
	var out []string
	for _, v := range list {
		out = append(out, id(v))
	}
	return out
}
