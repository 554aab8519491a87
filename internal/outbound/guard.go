package outbound

import (
	"errors"
	"net/netip"
	"syscall"
)

// ErrNotPublic refuses an address inside somebody's network.
var ErrNotPublic = errors.New("the address is not on the public internet")

// onlyPublic decides on the address that is really dialled, after every name was looked up, so that no trick with names
// passes.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !Public(ap.Addr().Unmap()) {
		return ErrNotPublic
	}
	return nil
}

// Public tells whether an address is on the public internet. The standard library's words leave out shared, test and
// translated ranges, and a cloud's own service address (IANA special-purpose registries; RFC 6890, 6598, 8215).
func Public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		return false
	}
	for _, p := range special() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func special() []netip.Prefix {
	v4 := func(a, b, c, d byte, bits int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
	}
	v6 := func(bits int, head ...byte) netip.Prefix {
		var a [16]byte
		copy(a[:], head)
		return netip.PrefixFrom(netip.AddrFrom16(a), bits)
	}
	return []netip.Prefix{
		v4(0, 0, 0, 0, 8), v4(100, 64, 0, 0, 10), v4(192, 0, 0, 0, 24), v4(192, 0, 2, 0, 24), v4(192, 88, 99, 0, 24),
		v4(198, 18, 0, 0, 15), v4(198, 51, 100, 0, 24), v4(203, 0, 113, 0, 24), v4(240, 0, 0, 0, 4), v4(168, 63, 129, 16, 32),
		v6(96, 0x00, 0x64, 0xff, 0x9b), v6(48, 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), v6(64, 0x01, 0x00),
		v6(32, 0x20, 0x01, 0x0d, 0xb8), v6(32, 0x20, 0x01, 0x00, 0x00), v6(16, 0x20, 0x02), v6(10, 0xfe, 0xc0), v6(20, 0x3f, 0xff),
		v6(96), // ::/96, IPv4 in an old dress
	}
}
