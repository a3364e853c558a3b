package sandbox_test

import (
	"sync"
	"testing"
	"time"

	"fettle/internal/sandbox"
)

func TestRotationNone(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	first := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	for range 3 {
		next, err := refresh(ctx, c, first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		// x/oauth2 repeats the old refresh token when the answer carries none.
		if raw := next.Extra("refresh_token"); raw != nil {
			t.Error("the answer carries a refresh token")
		}
	}
	if n := srv.Stats().LiveRefreshTokens; n != 1 {
		t.Errorf("%d live refresh tokens", n)
	}
}

func TestRotationReplace(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationReplace})
	first := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	second, err := refresh(ctx, c, first.RefreshToken)
	if err != nil || second.RefreshToken == first.RefreshToken {
		t.Fatalf("no new refresh token: %v", err)
	}
	for _, token := range []string{first.RefreshToken, second.RefreshToken, first.RefreshToken} {
		if _, err := refresh(ctx, c, token); err != nil {
			t.Errorf("an earlier token should live on: %v", err)
		}
	}
	if n := srv.Stats().LiveRefreshTokens; n != 5 {
		t.Errorf("%d live refresh tokens", n)
	}
}

func TestRotationSingleUse(t *testing.T) {
	t.Parallel()
	for _, quirk := range []bool{false, true} {
		srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Quirks: sandbox.Quirks{RotatedInvalidRequest: quirk}})
		want := map[bool]string{false: "invalid_grant", true: "invalid_request"}[quirk]
		first := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		second, err := refresh(ctx, c, first.RefreshToken)
		if err != nil || second.RefreshToken == first.RefreshToken {
			t.Fatalf("no new refresh token: %v", err)
		}
		bystander := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		if _, err := refresh(ctx, c, first.RefreshToken); code(err) != want {
			t.Errorf("reuse: %v, want %s", err, want)
		}
		if _, err := refresh(ctx, c, second.RefreshToken); code(err) != "invalid_grant" {
			t.Errorf("the winner's token should be dead too: %v", err)
		}
		if status, _ := askJSON(ctx, t, "GET", srv.URL()+"/v1/me", nil, bearer(second)...); status != 401 {
			t.Errorf("the winner's access token answered %d", status)
		}
		if _, err := refresh(ctx, c, bystander.RefreshToken); err != nil {
			t.Errorf("another grant of the same user should live on: %v", err)
		}
		if s := srv.Stats(); s.RevokedFamilies != 1 || s.LiveGrants != 1 || s.LiveRefreshTokens != 1 {
			t.Errorf("stats %+v", s)
		}
	}
}

// Two refreshes of one token at the same time: whoever wins, both end with nothing.
func TestParallelRefreshesKillTheFamily(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	const rounds = 20
	for range rounds {
		token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		var (
			wg   sync.WaitGroup
			wins = make(chan string, 2)
		)
		for range 2 {
			wg.Go(func() {
				if next, err := refresh(ctx, c, token.RefreshToken); err == nil {
					wins <- next.RefreshToken
				} else if code(err) != "invalid_grant" {
					t.Errorf("the loser heard %v", err)
				}
			})
		}
		wg.Wait()
		close(wins)
		n := 0
		for winner := range wins {
			n++
			if _, err := refresh(ctx, c, winner); code(err) != "invalid_grant" {
				t.Errorf("the winner's token lives on: %v", err)
			}
		}
		if n != 1 {
			t.Errorf("%d of two refreshes won", n)
		}
	}
	if s := srv.Stats(); s.RevokedFamilies != rounds || s.LiveGrants != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestRefreshTokensExpire(t *testing.T) {
	t.Parallel()
	clock := newClock()
	week := 7 * 24 * time.Hour
	srv, c, ctx := start(t, sandbox.Options{Clock: clock.now, RefreshTTL: week, AccessTTL: 30 * time.Minute})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	if in, _ := token.Extra("refresh_token_expires_in").(float64); in != week.Seconds() || token.ExpiresIn != 1800 {
		t.Errorf("refresh_token_expires_in = %v, expires_in = %d", in, token.ExpiresIn)
	}
	clock.add(6 * 24 * time.Hour)
	next, err := refresh(ctx, c, token.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if in, _ := next.Extra("refresh_token_expires_in").(float64); in != (24 * time.Hour).Seconds() {
		t.Errorf("after six days refresh_token_expires_in = %v", in)
	}
	clock.add(29 * time.Minute)
	if status, _ := askJSON(ctx, t, "GET", srv.URL()+"/v1/me", nil, bearer(next)...); status != 200 {
		t.Errorf("a live access token answered %d", status)
	}
	clock.add(2 * time.Minute)
	if status, _ := askJSON(ctx, t, "GET", srv.URL()+"/v1/me", nil, bearer(next)...); status != 401 {
		t.Errorf("an expired access token answered %d", status)
	}
	clock.add(24 * time.Hour)
	if _, err := refresh(ctx, c, token.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("an expired refresh token: %v", err)
	}
}
