package channels

// QueryHeader is where a webhook's door puts the query of the address, for platforms that sign there. What a caller sends under this
// name is overwritten.
const QueryHeader = "Sotto-Query"

// Sealed is a platform whose messages come sealed: what Verify let in is opened before it is read.
type Sealed interface {
	// Unseal gives the message; false where it is not for this channel.
	Unseal(c Credentials, raw []byte) ([]byte, bool)
}

func unsealed(p Platform, c Credentials, raw []byte) ([]byte, error) {
	s, ok := p.(Sealed)
	if !ok {
		return raw, nil
	}
	if raw, ok = s.Unseal(c, raw); !ok {
		return nil, ErrSignature
	}
	return raw, nil
}
