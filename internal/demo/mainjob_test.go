package demo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/demo"
	"fettle/internal/sandbox"
	"fettle/pwfile"
)

func TestMainJobRepairsAndSaysWhatItSaw(t *testing.T) {
	t.Parallel()
	w := build(t)
	book, keeper := enter(t, w)
	var out bytes.Buffer
	if err := (demo.MainJob{World: w, Book: book, Keeper: keeper, Out: &out}).Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	rest := out.String()
	for _, want := range []string{
		"critical  sales-ga", "4 stale password files", "Not granted: “See who can use your Analytics accounts”",
		"fettle: this is the address to open", "sales-ga is healthy again, at generation 3 instead of 1",
		"daily-sales      the file carries a former credential of sales-ga", "6/6",
		"carries sales-ga (ops@northwind.example) at generation 3", "11 refreshed, 1 could not be reached",
		"ok        sales-ga", "0 stale password files", "All of it worked.",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("the output lacks %q, or has it elsewhere:\n%s", want, out.String())
		}
		rest = after
	}
	for _, secret := range []string{
		sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, sandbox.CodePrefix, sandbox.DeviceCodePrefix, "AGE-SECRET-KEY", "code=", "state=",
	} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the output holds something that begins with %s", secret)
		}
	}
	// Not only said: the book's own health and the job's own view of the file agree.
	a, err := book.Account(t.Context(), "sales-ga")
	if err != nil || a.Health.State != accounts.Healthy {
		t.Errorf("sales-ga is %s: %v", a.Health.State, err)
	}
	f, err := pwfile.Open(t.Context(), w.Canvases+"/month-close.pwfile.age", pwfile.ReaderOptions{Dir: w.Data})
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := f.Account("sales-ga"); !ok || c.Generation != a.Generation {
		t.Errorf("month-close carries generation %d, the book has %d", c.Generation, a.Generation)
	}
}

func TestMainJobNamesTheStepThatFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, step string
		spoil      func(t *testing.T, w *demo.World, book *accounts.Book, keeper *pwfile.Keeper)
	}{
		{name: "a canvas is gone", step: "step 1", spoil: func(t *testing.T, _ *demo.World, _ *accounts.Book, keeper *pwfile.Keeper) {
			c, err := keeper.ByName(t.Context(), "press-clippings")
			if err == nil {
				_, err = keeper.Remove(t.Context(), c.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a healthy account fell ill", step: "step 1", spoil: func(t *testing.T, _ *demo.World, book *accounts.Book, _ *pwfile.Keeper) {
			a, err := book.Account(t.Context(), "crm")
			if err == nil {
				_, err = book.Remove(t.Context(), a.ID, accounts.RemoveOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
		{name: "the providers are gone", step: "step 2", spoil: func(_ *testing.T, w *demo.World, _ *accounts.Book, _ *pwfile.Keeper) { w.Close() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := build(t)
			book, keeper := enter(t, w)
			c.spoil(t, w, book, keeper)
			err := demo.MainJob{World: w, Book: book, Keeper: keeper, Out: io.Discard}.Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.step+" of the demo") {
				t.Errorf("the main job says %v, want an error that names %s", err, c.step)
			}
		})
	}
}

func TestMainJobStopsWithItsContext(t *testing.T) {
	t.Parallel()
	w := build(t)
	book, keeper := enter(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	stop := &stopper{at: "fettle shows the code", stop: cancel}
	err := demo.MainJob{World: w, Book: book, Keeper: keeper, Out: stop}.Run(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "step 2") {
		t.Errorf("interrupted while it waits for the person it says %v", err)
	}
}

// stopper is an output that calls stop when it is given some text.
type stopper struct {
	at   string
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.at)) {
		s.stop()
	}
	return len(p), nil
}
