package vault

import (
	"encoding/binary"
	"fmt"
)

// Seal encrypts a record's secrets as that record, by table and id, in that version. Only Open with the same
// three opens the result. It fails with *LockedError while the vault is locked.
func (v *Vault) Seal(table, id string, seq int64, plaintext []byte) ([]byte, error) {
	vaultID, _, primitive, err := v.open()
	if err != nil {
		return nil, err
	}
	blob, err := primitive.Encrypt(plaintext, associatedData(vaultID, table, id, seq))
	if err != nil {
		return nil, fmt.Errorf("cannot seal the record %s/%s: %w", table, id, err)
	}
	return blob, nil
}

// Open decrypts what Seal made. It fails with *LockedError while the vault is locked and with *TamperedError if
// blob is not what this vault sealed as that record in that version.
func (v *Vault) Open(table, id string, seq int64, blob []byte) ([]byte, error) {
	vaultID, _, primitive, err := v.open()
	if err != nil {
		return nil, err
	}
	plaintext, err := primitive.Decrypt(blob, associatedData(vaultID, table, id, seq))
	if err != nil {
		return nil, &TamperedError{Table: table, ID: id, Seq: seq}
	}
	return plaintext, nil
}

// associatedData joins the fields, each after its length, so that no two lists of fields read the same.
func associatedData(vaultID, table, id string, seq int64) []byte {
	number := binary.BigEndian.AppendUint64(nil, uint64(seq)) //nolint:gosec // the bits count, not the sign
	var out []byte
	for _, field := range []string{"fettle/1", vaultID, table, id, string(number)} {
		out = binary.BigEndian.AppendUint64(out, uint64(len(field)))
		out = append(out, field...)
	}
	return out
}
