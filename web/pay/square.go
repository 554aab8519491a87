package pay

import (
	"fmt"
	"strings"
)

// square is a QR code as a path of an SVG: a phone's camera carries an address to another device.
type square struct {
	Size int // with the quiet zone
	Path string
}

// quiet is the white border that readers need, in modules.
const quiet = 4

// sizes of QR codes, by version from 1: all codewords, those of correction for each block, blocks. Correction is of level M.
var sizes = [...]struct{ all, fix, blocks int }{
	{26, 10, 1}, {44, 16, 1}, {70, 26, 1}, {100, 18, 2}, {134, 24, 2}, {172, 16, 4}, {196, 18, 4}, {242, 22, 4}, {292, 22, 5}, {346, 26, 5},
}

// squareOf draws a text; the zero value where it is too long.
func squareOf(text string) square {
	for i, s := range sizes {
		version, room := i+1, s.all-s.fix*s.blocks
		count := 8
		if version > 9 {
			count = 16
		}
		if bits := 4 + count + 8*len(text); bits > 8*room {
			continue
		}
		g := newGrid(version)
		g.place(interleave(codewords(text, count, room), s.fix, s.blocks))
		return g.best().square()
	}
	return square{}
}

// codewords are the text in byte mode, filled up to the room.
func codewords(text string, count, room int) []byte {
	var bits []bool
	put := func(value, n int) {
		for i := n - 1; i >= 0; i-- {
			bits = append(bits, value>>i&1 == 1)
		}
	}
	put(4, 4)
	put(len(text), count)
	for i := range len(text) {
		put(int(text[i]), 8)
	}
	put(0, min(4, 8*room-len(bits)))
	for len(bits)%8 != 0 {
		bits = append(bits, false)
	}
	out := make([]byte, 0, room)
	for i := 0; i < len(bits); i += 8 {
		var b byte
		for _, bit := range bits[i : i+8] {
			b <<= 1
			if bit {
				b |= 1
			}
		}
		out = append(out, b)
	}
	for pad := byte(0xec); len(out) < room; pad ^= 0xec ^ 0x11 {
		out = append(out, pad)
	}
	return out
}

// interleave cuts data into blocks, adds to each its correction and mixes them.
func interleave(data []byte, fix, blocks int) []byte {
	short := len(data) / blocks
	longer := len(data) % blocks
	divisor := generator(fix)
	var parts, fixes [][]byte
	for b := range blocks {
		n := short
		if b >= blocks-longer {
			n++
		}
		parts, fixes = append(parts, data[:n]), append(fixes, remainder(data[:n], divisor))
		data = data[n:]
	}
	var out []byte
	for i := range short + 1 {
		for _, p := range parts {
			if i < len(p) {
				out = append(out, p[i])
			}
		}
	}
	for i := range fix {
		for _, f := range fixes {
			out = append(out, f[i])
		}
	}
	return out
}

// times multiplies in the field of QR codes.
func times(a, b byte) byte {
	var z int
	for i := 7; i >= 0; i-- {
		z = z<<1 ^ z>>7*0x11d
		z ^= int(b>>i&1) * int(a)
	}
	return byte(z)
}

func generator(degree int) []byte {
	g := make([]byte, degree)
	g[degree-1] = 1
	root := byte(1)
	for range degree {
		for j := range g {
			g[j] = times(g[j], root)
			if j+1 < degree {
				g[j] ^= g[j+1]
			}
		}
		root = times(root, 2)
	}
	return g
}

func remainder(data, divisor []byte) []byte {
	out := make([]byte, len(divisor))
	for _, b := range data {
		factor := b ^ out[0]
		copy(out, out[1:])
		out[len(out)-1] = 0
		for i := range out {
			out[i] ^= times(divisor[i], factor)
		}
	}
	return out
}

// square draws the modules of a grid, row by row.
func (g grid) square() square {
	var path strings.Builder
	for y := range g.size {
		for x := 0; x < g.size; x++ {
			if !g.at(x, y) {
				continue
			}
			from := x
			for x+1 < g.size && g.at(x+1, y) {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from+1, x-from+1)
		}
	}
	return square{g.size + 2*quiet, path.String()}
}
