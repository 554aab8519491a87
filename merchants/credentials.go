package merchants

import (
	"context"
	"encoding/json"
	"fmt"

	"sotto.chat/internal/database"
	"sotto.chat/privacy"
)

func credentialLabel(kind string) string { return "credentials.sealed:" + kind }

// SetCredential keeps a secret of the merchant at an outside party, as JSON sealed with the merchant's key,
// in the place of the one of this kind before. Kind is a fixed word of the program: "stripe".
func (r *Register) SetCredential(tx database.Tx, merchant, kind string, value any) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("credential %s: %w", kind, err)
	}
	sealed, err := r.keys.Seal(tx, merchant, privacy.MerchantSubject(), credentialLabel(kind), plain)
	if err != nil {
		return err
	}
	return upsertCredential(tx, merchant, kind, sealed)
}

// Credential reads a secret into the value; false where the merchant has none of this kind.
func (r *Register) Credential(ctx context.Context, merchant, kind string, into any) (bool, error) {
	sealed, found, err := findCredential(r.db.Read(ctx), merchant, kind)
	if err != nil || !found {
		return false, err
	}
	plain, err := r.keys.OpenNow(ctx, merchant, privacy.MerchantSubject(), credentialLabel(kind), sealed)
	if err != nil {
		return false, err
	}
	if json.Unmarshal(plain, into) != nil {
		return false, fmt.Errorf("credential %s does not have the shape asked for", kind) // json's own message may quote the secret
	}
	return true, nil
}

// FindCredential is Credential inside a transaction.
func (r *Register) FindCredential(tx database.Tx, merchant, kind string, into any) (bool, error) {
	sealed, found, err := findCredential(tx.DB(), merchant, kind)
	if err != nil || !found {
		return false, err
	}
	plain, err := r.keys.Open(tx, merchant, privacy.MerchantSubject(), credentialLabel(kind), sealed)
	if err != nil {
		return false, err
	}
	if json.Unmarshal(plain, into) != nil {
		return false, fmt.Errorf("credential %s does not have the shape asked for", kind)
	}
	return true, nil
}

// DropCredential removes a secret; none to remove is fine.
func (r *Register) DropCredential(tx database.Tx, merchant, kind string) error {
	return deleteCredential(tx, merchant, kind)
}
