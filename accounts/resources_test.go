package accounts_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

// shelf is an API that lists what the test puts on it, two items a page.
type shelf struct {
	mu    sync.Mutex
	items []string
	down  bool
}

func (s *shelf) put(items ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = items
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	from := 0
	_, _ = fmt.Sscan(r.FormValue("page"), &from) // none is the first
	to := min(from+2, len(s.items))
	var rows []string
	for _, id := range s.items[from:to] {
		parent, _, _ := strings.Cut(id, "/")
		rows = append(rows, fmt.Sprintf(`{"id":%q,"name":"Thing %s","in":%q}`, id, id, parent))
	}
	next := ""
	if to < len(s.items) {
		next = fmt.Sprintf(`,"next":"%d"`, to)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"rows":[%s]%s}`, strings.Join(rows, ","), next) // the client is this test
}

// withShelf is an account whose service lists a shelf.
func withShelf(t *testing.T) (*rig, string, *shelf) {
	t.Helper()
	s := &shelf{}
	api := httptest.NewServer(s)
	t.Cleanup(api.Close)
	r := newRig(t, sandbox.Options{})
	r.configure(t, r.server.ProviderTOML("demo", fmt.Sprintf("api_origins = [%q]", api.URL))+fmt.Sprintf(
		"\n[providers.demo.services.shelf]\nname = \"Shelf\"\nscopes = [\"reports.read\"]\nresources = { url = %q, items = \"rows\", parent = \"in\", next = \"next\", next_param = \"page\" }\n", api.URL+"/"))
	id := r.plant(t, 1)[0]
	r.change(t, id, func(a *store.Account) { a.Services = []string{"shelf"} })
	return r, id, s
}

// list asks for the shelf and returns what is there, what of it is new, and what is gone.
func (r *rig) list(t *testing.T, id string) (all, fresh, gone []string, service accounts.ServiceResources) {
	t.Helper()
	r.clock.pass(time.Minute)
	l, err := r.Resources(t.Context(), id, true)
	if err != nil {
		t.Fatal(err)
	}
	service = l.Services[0]
	for _, item := range service.Items {
		all = append(all, item.ID)
		if service.IsNew(item) {
			fresh = append(fresh, item.ID)
		}
	}
	for _, item := range service.Gone {
		gone = append(gone, item.ID)
	}
	return all, fresh, gone, service
}

func TestWhatIsNewAndGoneIsTold(t *testing.T) {
	t.Parallel()
	r, id, s := withShelf(t)
	for _, step := range []struct {
		name             string
		put              []string
		pass             time.Duration
		all, fresh, gone []string
	}{
		{"the first listing has nothing new", []string{"a", "b", "c"}, 0, []string{"a", "b", "c"}, nil, nil},
		{"one came and one went", []string{"a", "c", "d"}, 0, []string{"a", "c", "d"}, []string{"d"}, []string{"b"}},
		{"nothing changed since", []string{"a", "c", "d"}, 0, []string{"a", "c", "d"}, nil, []string{"b"}},
		{"what is back is new", []string{"a", "b", "c", "d"}, 0, []string{"a", "b", "c", "d"}, []string{"b"}, nil},
		{"all of it went", nil, 0, nil, nil, []string{"a", "b", "c", "d"}},
		{"and is forgotten after a month", nil, 31 * oneDay, nil, nil, nil},
		{"the first after nothing is new", []string{"z"}, 0, []string{"z"}, []string{"z"}, nil},
	} {
		s.put(step.put...)
		r.clock.pass(step.pass)
		all, fresh, gone, _ := r.list(t, id)
		if !slices.Equal(all, step.all) || !slices.Equal(fresh, step.fresh) || !slices.Equal(gone, step.gone) {
			t.Fatalf("%s: %v, new %v, gone %v", step.name, all, fresh, gone)
		}
	}
}

// A listing that fails changes nothing, and nothing is gone because of it.
func TestAnOutageTakesNothingAway(t *testing.T) {
	t.Parallel()
	r, id, s := withShelf(t)
	s.put("a", "b")
	r.list(t, id)
	s.mu.Lock()
	s.down = true
	s.mu.Unlock()
	if _, err := r.Resources(t.Context(), id, true); err == nil {
		t.Error("an outage was not told")
	}
	l, err := r.Resources(t.Context(), id, false)
	if err != nil || len(l.Services[0].Items) != 2 || len(l.Services[0].Gone) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

// Nothing found with every permission granted names the user: it is the wrong one, or nothing is shared with it.
func TestNothingFoundNamesTheUser(t *testing.T) {
	t.Parallel()
	r, id, _ := withShelf(t)
	_, _, _, service := r.list(t, id)
	if !strings.Contains(service.Empty, "ana@example.org") || !strings.Contains(service.Empty, "wrong user") {
		t.Errorf("%q", service.Empty)
	}
	if h := r.look(t, id).Health; h.State != accounts.NoResources || !strings.Contains(h.Title, "ana@example.org") {
		t.Errorf("%s %q", h.State, h.Title)
	}
}

func TestTenThousandResources(t *testing.T) {
	t.Parallel()
	items := make([]store.Resource, 10_000)
	for i := range items {
		items[i].Resource = oauthflow.Resource{ID: fmt.Sprint(i), Name: fmt.Sprintf("Shop %d", i), Parent: fmt.Sprint(i - 1)} // one chain
	}
	nodes := accounts.ResourceTree(items)
	if len(nodes) != len(items) || nodes[9_999].Depth != 9_999 || nodes[0].Heading != "-1" {
		t.Errorf("%d nodes", len(nodes))
	}
	if found := accounts.MatchResources(items, "sHOP 42"); len(found) != 4_300 { // 4299 is the deepest, the rest is what it lies in
		t.Errorf("%d found", len(found))
	}
}

// Whatever a provider calls the parent of what, each resource stands in the tree once, below its parent.
func TestResourceTreeLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfDistinct(rapid.StringMatching(`[a-f]`), rapid.ID).Draw(t, "ids")
		var items []store.Resource
		for _, id := range ids {
			items = append(items, store.Resource{Resource: oauthflow.Resource{ID: id, Parent: rapid.StringMatching(`[a-g]?`).Draw(t, "parent")}})
		}
		var seen []string
		depth := map[string]int{}
		for _, n := range accounts.ResourceTree(items) {
			seen = append(seen, n.ID)
			depth[n.ID] = n.Depth
			if n.Depth > 0 && depth[n.Parent] != n.Depth-1 {
				t.Fatalf("%s is not below %s", n.ID, n.Parent)
			}
		}
		slices.Sort(seen)
		slices.Sort(ids)
		if !slices.Equal(seen, ids) {
			t.Fatalf("%v of %v", seen, ids)
		}
		if len(accounts.MatchResources(items, "")) != len(items) {
			t.Fatal("no text leaves something out")
		}
	})
}
