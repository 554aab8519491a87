package privacy

import (
	"context"
	"errors"
)

// Fits tells whether the master key is the one that this database was sealed with: ErrMaster where it is not. An
// empty database fits every key.
func (k *Keys) Fits(ctx context.Context) error {
	merchant, found, err := anyMerchant(k.db.Read(ctx))
	if err != nil || !found {
		return err
	}
	if _, err := k.open(k.db.Read(ctx), merchant, MerchantSubject()); err != nil && !errors.Is(err, ErrForgotten) {
		return ErrMaster
	}
	return nil
}
