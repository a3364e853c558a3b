package store_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// anyAccount draws an account with any content at all.
func anyAccount(t *rapid.T) store.Account {
	text := func(what string) string { return rapid.String().Draw(t, what) }
	list := func(what string) []string { return rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, what) }
	at := func(what string) time.Time {
		n := rapid.Int64Range(-1<<50, 1<<52).Draw(t, what)
		if n == 0 {
			return time.Time{}
		}
		return time.UnixMicro(n).UTC()
	}
	return store.Account{
		Provider: text("provider"), ClientID: text("client"), Services: list("services"),
		Server:        oauthflow.Server{Issuer: text("issuer"), Endpoints: provider.Endpoints{Token: text("token")}},
		OAuthClientID: text("oauth client"), AuthMethod: provider.AuthMethod(text("auth")), ClientHash: text("hash"),
		Identity: oauthflow.Identity{Issuer: text("issuer"), Tenant: text("tenant"), Subject: text("subject"), Email: text("email")},
		Required: list("required"), Granted: list("granted"),
		Kept:     rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "kept"),
		Rotation: provider.Rotation(text("rotation")), Generation: rapid.Int64().Draw(t, "generation"), Holder: text("holder"),
		HasRefresh: rapid.Bool().Draw(t, "refresh"), AuthorizedAt: at("authorized"), ProvenAt: at("proven"), ResourcesAt: at("resources"),
		ToRevoke: rapid.Bool().Draw(t, "to revoke"), CreatedAt: at("created"),
	}
}

// TestAccountsBehaveLikeAMap puts, renames and deletes at random and compares with a map. All of
// it happens in one transaction that is given up in the end, which spares the disk.
func TestAccountsBehaveLikeAMap(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		err := s.Update(t.Context(), func(w store.Writer) error {
			model := map[string]store.Account{}
			name := rapid.SampledFrom([]string{"n1", "n2", "n3", "n4"})
			id := rapid.SampledFrom([]string{"i1", "i2", "i3"})
			t.Repeat(map[string]func(*rapid.T){
				"put": func(t *rapid.T) {
					a := anyAccount(t)
					a.ID, a.Name = id.Draw(t, "id"), name.Draw(t, "name")
					a.Revision = rapid.Int64Range(0, 3).Draw(t, "revision")
					former, exists := model[a.ID]
					clash := slices.ContainsFunc(mapValues(model), func(o store.Account) bool { return o.ID != a.ID && o.Name == a.Name })
					err := w.PutAccount(&a)
					switch {
					case a.Revision != 0 && err == nil && (!exists && a.Revision != 1 || exists && a.Revision != former.Revision+1 || clash):
						t.Fatalf("put went through: %+v over %+v", a, former)
					case err == nil:
						model[a.ID] = a
					case !conflict(err) && !nameTaken(err):
						t.Fatal(err)
					case nameTaken(err) && !clash, conflict(err) && a.Revision == former.Revision && !clash:
						t.Fatalf("put was refused: %v", err)
					}
				},
				"delete": func(t *rapid.T) {
					gone := id.Draw(t, "id")
					if err := w.DeleteAccount(gone); err != nil {
						t.Fatal(err)
					}
					delete(model, gone)
				},
				"compare": func(t *rapid.T) { compare(t, w, model) },
			})
			compare(t, w, model)
			return errNo
		})
		if !errors.Is(err, errNo) {
			t.Fatal(err)
		}
	})
}

func mapValues(m map[string]store.Account) []store.Account {
	var list []store.Account
	for _, a := range m {
		list = append(list, a)
	}
	return list
}

// compare reads every account by every way there is.
func compare(t *rapid.T, r store.Reader, model map[string]store.Account) {
	want := mapValues(model)
	slices.SortFunc(want, func(a, b store.Account) int { return strings.Compare(a.Name, b.Name) })
	list, err := r.Accounts()
	if err != nil || len(list) != len(want) {
		t.Fatalf("%d accounts instead of %d, %v", len(list), len(want), err)
	}
	for i, a := range want {
		byID, err1 := r.Account(a.ID)
		byName, err2 := r.AccountByName(a.Name)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for _, got := range []store.Account{list[i], byID, byName} {
			if !reflect.DeepEqual(got, a) {
				t.Fatalf("read\n%+v\nwrote\n%+v", got, a)
			}
		}
	}
}
