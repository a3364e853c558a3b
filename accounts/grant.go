package accounts

import (
	"encoding/json"
	"fmt"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Tables of sealing: a blob opens only as what it was sealed as.
const (
	tableGrants     = "grants"
	tableCandidates = "candidates"
)

// sealedGrant is every secret of one grant; it is sealed as a whole at each write.
type sealedGrant struct {
	Refresh secret.Text
	Access  secret.Text
	ID      secret.Text
	Type    string
}

// grantOf takes the secrets out of a token answer.
func grantOf(t *oauthflow.Token) sealedGrant {
	return sealedGrant{Refresh: t.Refresh, Access: t.Access, ID: t.ID, Type: t.Type}
}

// succeed lays a newer answer over g: what did not come again is kept (RFC 6749 §6).
func (g sealedGrant) succeed(t *oauthflow.Token) sealedGrant {
	next := grantOf(t)
	if next.Refresh.Empty() {
		next.Refresh = g.Refresh
	}
	if next.ID.Empty() {
		next.ID = g.ID
	}
	return next
}

// spent is the token that a refresh sends, and whose hash stands in the intent: some providers exchange
// the access token itself.
func (g sealedGrant) spent(p provider.Provider) secret.Text {
	if p.Renew == provider.RenewExchange {
		return g.Access
	}
	return g.Refresh
}

// grantRecord is the plaintext under the seal. Its members are written out because secret.Text marshals to a fixed word.
type grantRecord struct {
	Version int    `json:"v"`
	Refresh string `json:"refresh,omitempty"`
	Access  string `json:"access,omitempty"`
	ID      string `json:"id,omitempty"`
	Type    string `json:"type,omitempty"`
}

const grantVersion = 1

// marshal returns the bytes to be sealed, and nothing else.
func (g sealedGrant) marshal() ([]byte, error) {
	return json.Marshal(grantRecord{grantVersion, g.Refresh.Reveal(), g.Access.Reveal(), g.ID.Reveal(), g.Type})
}

func unmarshalGrant(data []byte) (sealedGrant, error) {
	var r grantRecord
	// The error of encoding/json could quote a piece of the secret, so it is not passed on.
	if err := json.Unmarshal(data, &r); err != nil {
		return sealedGrant{}, fmt.Errorf("the sealed record cannot be read")
	}
	if r.Version != grantVersion {
		return sealedGrant{}, fmt.Errorf("the sealed record has version %d and this fettle knows %d", r.Version, grantVersion)
	}
	return sealedGrant{secret.New(r.Refresh), secret.New(r.Access), secret.New(r.ID), r.Type}, nil
}

// sealGrant seals s as the secrets of accountID's grant at seq.
func (b *Book) sealGrant(s sealedGrant, role store.Role, accountID string, seq int64) ([]byte, error) {
	plain, err := s.marshal()
	if err != nil {
		return nil, fmt.Errorf("seal grant: %w", err)
	}
	defer clear(plain)
	return b.cfg.Vault.Seal(sealTable(role), accountID, seq, plain)
}

// openGrant opens a stored grant. A locked vault's error passes through unchanged.
func (b *Book) openGrant(g store.Grant) (sealedGrant, error) {
	plain, err := b.cfg.Vault.Open(sealTable(g.Role), g.AccountID, g.Seq, g.Blob)
	if err != nil {
		return sealedGrant{}, err
	}
	defer clear(plain)
	s, err := unmarshalGrant(plain)
	if err != nil {
		return sealedGrant{}, fmt.Errorf("open grant of account %s: %w", g.AccountID, err)
	}
	return s, nil
}

func sealTable(role store.Role) string {
	if role == store.Candidate {
		return tableCandidates
	}
	return tableGrants
}
