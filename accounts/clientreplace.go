package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// causeClientReplaced is a grant that was obtained through another client than the account has now.
const causeClientReplaced = "client_replaced"

// ClientChange is a new registration in place of a former one. What is empty stays.
type ClientChange struct {
	OAuthID         string
	Secret          secret.Text
	Auth            provider.AuthMethod
	Kind            string
	Redirects       []string
	SecretExpiresAt time.Time // of the new secret; zero with a new secret: not known
}

// ClientPlan is what a change or the removal of a client means, before anything is done. Its lists are never nil.
type ClientPlan struct {
	Client   ClientInfo
	Accounts []string // use it
	SignIn   []string // of these, those that have to sign in again: a refresh token is bound to its client (RFC 6749 §6)
	Canvases []string // whose password files carry what is changed, and go stale
	Pending  []string // sign-ins under way that begin anew
	Effects  []string // the same in sentences
}

// PlanClientChange says what replacing a client would mean.
func (b *Book) PlanClientChange(ctx context.Context, clientID string, c ClientChange) (ClientPlan, error) {
	var plan ClientPlan
	if clientID == ClientFromConfig {
		return plan, ErrFromConfig
	}
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		record, err := r.Client(clientID)
		if err != nil {
			return err
		}
		p, _ := b.cfg.Catalogue.Get(record.Provider)
		plan = ClientPlan{Client: storedInfo(record, p), Accounts: []string{}, SignIn: []string{}, Canvases: []string{}, Pending: []string{}}
		return plan.gather(r, c.OAuthID != "" && c.OAuthID != record.OAuthID)
	})
	if err != nil {
		return plan, err
	}
	plan.Effects = plan.sentences(!c.Secret.Empty())
	return plan, nil
}

// gather reads who uses the client and what they left where.
func (plan *ClientPlan) gather(r store.Reader, another bool) error {
	users, err := usersOf(r, plan.Client.ID)
	if err != nil {
		return err
	}
	for _, id := range users {
		a, err := r.Account(id)
		if err != nil {
			return err
		}
		plan.Accounts = append(plan.Accounts, a.Name)
		if another {
			plan.SignIn = append(plan.SignIn, a.Name)
		}
	}
	plan.Client.UsedBy = slices.Clone(plan.Accounts)
	canvases, err := r.Canvases()
	if err != nil {
		return err
	}
	for _, c := range canvases {
		// A canvas without a file has nothing that could go stale.
		if c.Written != nil && slices.ContainsFunc(users, func(id string) bool { return slices.Contains(c.AccountIDs, id) }) {
			plan.Canvases = append(plan.Canvases, c.Name)
		}
	}
	flows, err := r.Flows()
	if err != nil {
		return err
	}
	for _, f := range flows {
		if another && f.ClientID == plan.Client.ID {
			plan.Pending = append(plan.Pending, f.Name)
		}
	}
	return nil
}

func (plan *ClientPlan) sentences(newSecret bool) []string {
	said := []string{}
	if len(plan.SignIn) > 0 {
		said = append(said, "These accounts have to sign in again, because a refresh token is good for the client that it was given to: "+strings.Join(plan.SignIn, ", ")+".")
	} else if len(plan.Accounts) > 0 && newSecret {
		said = append(said, "These accounts go on with the new secret: "+strings.Join(plan.Accounts, ", ")+".")
	}
	if len(plan.Canvases) > 0 {
		said = append(said, "The password files of these canvases carry the former registration and go stale: "+strings.Join(plan.Canvases, ", ")+".")
	}
	if len(plan.Pending) > 0 {
		said = append(said, "These sign-ins under way have to begin anew: "+strings.Join(plan.Pending, ", ")+".")
	}
	return said
}

// ReplaceClient puts a new registration in place of a kept one, for all its accounts. Their generation rises, because
// password files carry the old one; where the client's ID changed, they have to sign in again. Were it cut off,
// doing it again finishes it.
func (b *Book) ReplaceClient(ctx context.Context, clientID string, c ClientChange) (ClientPlan, error) {
	plan, err := b.PlanClientChange(ctx, clientID, c)
	if err != nil {
		return plan, err
	}
	var now store.Client
	var users []string
	err = b.cfg.Store.Update(ctx, func(w store.Writer) error {
		if now, err = w.Client(clientID); err != nil {
			return err
		}
		if err := b.applyChange(&now, c); err != nil {
			return err
		}
		if err := idIsFree(w, now); err != nil {
			return err
		}
		if users, err = usersOf(w, clientID); err != nil {
			return err
		}
		if err := w.PutClient(&now); err != nil {
			return err
		}
		return w.AddEvent(b.clientEvent(now, "replace client", ""))
	})
	if err != nil {
		return plan, err
	}
	// Accounts follow one by one after the commit: each waits for its own lock, which may be held by a refresh under way.
	hash := c.Secret.Hash()
	for _, id := range users {
		if err := b.followClient(ctx, id, now, hash, !c.Secret.Empty()); err != nil {
			return plan, err
		}
	}
	p, _ := b.cfg.Catalogue.Get(now.Provider)
	users, plan.Client = plan.Client.UsedBy, storedInfo(now, p)
	plan.Client.UsedBy = users
	return plan, nil
}

// ReplaceClientSecret seals another secret for a client of the store.
func (b *Book) ReplaceClientSecret(ctx context.Context, clientID string, s secret.Text) error {
	_, err := b.ReplaceClient(ctx, clientID, ClientChange{Secret: s})
	return err
}

// applyChange makes the changed record, its secret sealed anew.
func (b *Book) applyChange(record *store.Client, c ClientChange) error {
	p, _ := b.cfg.Catalogue.Get(record.Provider)
	hasSecret := !c.Secret.Empty() || len(record.Blob) > 0
	if c.Secret.Empty() && c.OAuthID == "" && c.Auth == "" && c.Kind == "" {
		return &ClientError{p.ID, errors.New("nothing is to be changed: give a new id or a new secret")}
	}
	record.OAuthID, record.Kind = cmp.Or(c.OAuthID, record.OAuthID), cmp.Or(c.Kind, record.Kind)
	if len(c.Redirects) > 0 {
		record.Redirects = c.Redirects
	}
	if c.Auth != "" {
		record.Auth = c.Auth
	} else if !c.Secret.Empty() && record.Auth == provider.AuthNone {
		record.Auth = provider.AuthPost
	}
	if record.Auth == provider.AuthNone && c.Secret.Empty() {
		hasSecret, record.Blob, record.SecretExpiresAt = false, nil, time.Time{} // a public client has none (RFC 6749 §2.1)
	}
	if err := errors.Join(checkClient(*record, hasSecret), checkKind(p, record.Kind)); err != nil {
		return &ClientError{p.ID, err}
	}
	if c.Secret.Empty() {
		return nil
	}
	// The new secret is sealed under a number of its own, so that the former blob cannot be put back in its place.
	record.Seq++
	record.SecretExpiresAt = c.SecretExpiresAt.UTC()
	var err error
	record.Blob, err = b.sealClientSecret(record.ID, record.Seq, c.Secret)
	return err
}

// idIsFree refuses an ID that another client of the provider has.
func idIsFree(r store.Reader, c store.Client) error {
	all, err := r.Clients()
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != c.ID && other.Provider == c.Provider && other.OAuthID == c.OAuthID {
			return &ClientError{c.Provider, fmt.Errorf("%q is kept already, as %q", safetext.Line(c.OAuthID), other.Label)}
		}
	}
	return nil
}

// followClient brings an account up to its changed client, under its lock. Were this cut off, the next refresh would
// notice another secret by its hash and do the same, and another ID shows as a configuration that moved.
func (b *Book) followClient(ctx context.Context, accountID string, c store.Client, hash string, newSecret bool) error {
	unlock, err := b.cfg.Store.Lock(ctx, accountLock(accountID))
	if err != nil {
		return err
	}
	defer unlock()
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(accountID)
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		moved := a.OAuthClientID != c.OAuthID
		if len(c.Blob) == 0 {
			hash = secret.Text{}.Hash()
		} else if !newSecret {
			hash = a.ClientHash
		}
		if !moved && a.ClientHash == hash && a.AuthMethod == c.Auth {
			return nil
		}
		// All three lie in password files, which compare the generation to know that they are stale.
		a.OAuthClientID, a.ClientHash, a.AuthMethod = c.OAuthID, hash, c.Auth
		a.Generation++
		if err := w.PutAccount(&a); err != nil || !moved {
			return err
		}
		return b.observe(w, b.finding(a, store.ObservedRefresh, "replace client", diagnose.Diagnosis{
			Cause: causeClientReplaced, Remedy: diagnose.Reauthorize, Confidence: diagnose.Certain,
			Title: "Its client was replaced", Explanation: "The credential belongs to the former client. Sign in again through the new one.",
		}))
	})
}

// ClientMarks are facts about a client that only the operator can know.
type ClientMarks struct {
	Label           string
	Kind            string
	Testing         bool
	SecretExpiresAt time.Time
}

// MarkClient writes down what the provider's console shows about a client of the store.
func (b *Book) MarkClient(ctx context.Context, clientID string, m ClientMarks) (ClientInfo, error) {
	if clientID == ClientFromConfig {
		return ClientInfo{}, ErrFromConfig
	}
	var info ClientInfo
	err := b.cfg.Store.Update(ctx, func(w store.Writer) error {
		c, err := w.Client(clientID)
		if err != nil {
			return err
		}
		p, _ := b.cfg.Catalogue.Get(c.Provider)
		if err := checkKind(p, m.Kind); err != nil {
			return &ClientError{c.Provider, err}
		}
		c.Label, c.Kind = cmp.Or(safetext.Line(m.Label), c.Label), cmp.Or(m.Kind, c.Kind)
		c.Testing, c.SecretExpiresAt = m.Testing, m.SecretExpiresAt.UTC()
		info = storedInfo(c, p)
		if err := w.PutClient(&c); err != nil {
			return err
		}
		return w.AddEvent(b.clientEvent(c, "edit client", ""))
	})
	return info, err
}
