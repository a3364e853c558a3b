package accounts

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"fettle/accounts/store"
)

// Keys of the store's meta table.
const (
	metaBookID     = "book_id"
	metaSigningKey = "signing_key"
)

// SigningKey returns the book's Ed25519 key, made and sealed on first use and the same ever after: readers
// of password files pin it.
func (b *Book) SigningKey(ctx context.Context) (ed25519.PrivateKey, error) {
	sealed, err := b.meta(ctx, metaSigningKey, func() (string, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return "", err
		}
		seed := key.Seed()
		defer clear(seed)
		blob, err := b.cfg.Vault.Seal("meta", metaSigningKey, 1, seed)
		return base64.StdEncoding.EncodeToString(blob), err
	})
	if err != nil {
		return nil, fmt.Errorf("the book's signing key: %w", err)
	}
	blob, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, fmt.Errorf("the book's signing key cannot be read: %w", err)
	}
	seed, err := b.cfg.Vault.Open("meta", metaSigningKey, 1, blob)
	if err != nil {
		return nil, fmt.Errorf("the book's signing key: %w", err)
	}
	defer clear(seed)
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the book's signing key has %d bytes instead of %d", len(seed), ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// BookID returns the book's random ID, made on first use.
func (b *Book) BookID(ctx context.Context) (string, error) {
	return b.meta(ctx, metaBookID, func() (string, error) { return rand.Text(), nil })
}

// meta reads a value, or writes the one that create makes; of two processes that do so at once, one wins
// and both see its value.
func (b *Book) meta(ctx context.Context, key string, create func() (string, error)) (string, error) {
	var value string
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		value, err = r.Meta(key)
		return err
	})
	if err == nil && value != "" || err != nil && !isNotFound(err) {
		return value, err
	}
	// Made before the transaction: sealing must not hold up other writers, and what the loser made is dropped.
	made, err := create()
	if err != nil {
		return "", err
	}
	err = b.cfg.Store.Update(ctx, func(w store.Writer) error {
		var err error
		value, err = w.Meta(key)
		if err == nil && value != "" || err != nil && !isNotFound(err) {
			return err
		}
		value = made
		return w.SetMeta(key, made)
	})
	return value, err
}
