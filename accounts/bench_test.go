package accounts_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

const benchParallel = 8

// BenchmarkRefreshMany refreshes 1,000 accounts; compare it with BenchmarkBareLoop.
func BenchmarkRefreshMany(b *testing.B) {
	r := newRig(b, sandbox.Options{Clock: time.Now})
	r.config.Parallel, r.config.HTTP = benchParallel, pooled(b)
	r.Book = accounts.New(r.config)
	ids := r.plant(b, 1000)
	for b.Loop() {
		if err := r.RefreshMany(b.Context(), ids, accounts.Now(true), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareLoop makes the same requests and the same durable commits (one before and one after each
// request, the latter of the same records) at the same parallelism, and nothing else.
func BenchmarkBareLoop(b *testing.B) {
	r := newRig(b, sandbox.Options{Clock: time.Now})
	ids := r.plant(b, 1000)
	client := pooled(b)
	tokens := map[string]string{}
	for _, id := range ids {
		token, _ := r.secrets(b, id)
		tokens[id] = token.Refresh.Reveal()
	}
	for b.Loop() {
		var group errgroup.Group
		group.SetLimit(benchParallel)
		for _, id := range ids {
			group.Go(func() error { return r.bare(b.Context(), client, id, tokens[id]) })
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func (r *rig) bare(ctx context.Context, client *http.Client, id, token string) error {
	now := time.Now()
	err := r.store.Update(ctx, func(w store.Writer) error {
		return w.PutIntent(store.Intent{AccountID: id, Seq: 1, TokenHash: strings.Repeat("0", 64), At: now, PID: 1})
	})
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {sandbox.PublicClient}}
	resp, err := client.PostForm(r.server.URL()+"/oauth/token", form)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	return r.store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(id)
		if err != nil {
			return err
		}
		g, err := w.Grant(id, store.Current)
		if err != nil {
			return err
		}
		a.RefreshedAt, a.ProvenAt = now, now
		g.Seq++
		if err := w.PutGrant(&g, g.Seq-1); err != nil {
			return err
		}
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		if err := w.PutObservation(store.Observation{AccountID: id, Kind: store.ObservedRefresh, At: now, OK: true, LastGood: now}); err != nil {
			return err
		}
		if err := w.AddEvent(store.Event{At: now, Actor: "tester", Action: "refresh", AccountID: id, Subject: a.Name, OK: true}); err != nil {
			return err
		}
		return w.DeleteIntent(id)
	})
}

// pooled keeps as many connections as requests run side by side, in both benchmarks.
func pooled(b *testing.B) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: benchParallel}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: long}
}

// BenchmarkSnapshot looks at 10,000 accounts with three observations each.
func BenchmarkSnapshot(b *testing.B) {
	r := newRig(b, sandbox.Options{})
	p, _ := r.config.Catalogue.Get("demo")
	const many = 10_000
	all, tokens := make([]store.Account, many), make([]*oauthflow.Token, many)
	for i := range all {
		all[i], tokens[i] = r.accountFor(p, i), &oauthflow.Token{}
		all[i].ID, all[i].Name = fmt.Sprintf("a%05d", i), fmt.Sprintf("account-%05d", i)
	}
	if err := r.Plant(b.Context(), all, tokens); err != nil {
		b.Fatal(err)
	}
	now := r.clock.now()
	err := r.store.Update(b.Context(), func(w store.Writer) error {
		for _, a := range all {
			for _, kind := range []store.ObservationKind{store.ObservedRefresh, store.ObservedProbe, store.ObservedScopes} {
				if err := w.PutObservation(store.Observation{AccountID: a.ID, Kind: kind, At: now, OK: true, LastGood: now}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if s, err := r.Snapshot(b.Context()); err != nil || len(s.Accounts) != many {
			b.Fatal(err)
		}
	}
}

// BenchmarkTokenFromCache opens a stored access token.
func BenchmarkTokenFromCache(b *testing.B) {
	r := newRig(b, sandbox.Options{})
	id := r.plant(b, 1)[0]
	for b.Loop() {
		if _, err := r.Token(b.Context(), id, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvaluate is the health of one account.
func BenchmarkEvaluate(b *testing.B) {
	f := well()
	f.Observations = []store.Observation{worked(store.ObservedRefresh, time.Hour), worked(store.ObservedProbe, time.Hour)}
	for b.Loop() {
		accounts.Evaluate(f, accounts.DefaultPolicy, noon)
	}
}
