package pay

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A code gives back what it was made of, when it is read by the rules for readers: the format tells the mask, the data are in the columns,
// and the correction finds nothing to correct.
func TestSquaresCanBeRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 14, 15, 42, 60, 84, 100, 120, 150, 180, 213} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(33 + r.IntN(90))
		}
		text := string(b)
		sq := squareOf(text)
		if sq.Path == "" {
			t.Fatalf("%d bytes have no code", n)
		}
		if got := readSquare(t, sq); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	if squareOf(strings.Repeat("x", 300)).Path != "" {
		t.Error("what is too long has a code")
	}
}

func readSquare(t *testing.T, sq square) string {
	size := sq.Size - 2*quiet
	seen := grid{(size - 17) / 4, size, make([]bool, size*size), nil}
	for _, part := range strings.Split(sq.Path, "M")[1:] {
		var n [3]int
		at := 0
		for _, c := range part {
			if c >= '0' && c <= '9' {
				n[at] = n[at]*10 + int(c-'0')
			} else if at++; at == 3 {
				break
			}
		}
		for i := range n[2] {
			seen.dark[(n[1]-quiet)*size+n[0]-quiet+i] = true
		}
	}
	seen.fixed = newGrid(seen.version).fixed
	format := 0
	for i, p := range [][2]int{{8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4}, {8, 5}, {8, 7}, {8, 8}, {7, 8}, {5, 8}, {4, 8}, {3, 8}, {2, 8}, {1, 8}, {0, 8}} {
		if seen.at(p[0], p[1]) {
			format |= 1 << i
		}
	}
	mask := (format ^ 0x5412) >> 10
	if mask > 7 || !seen.at(8, size-8) {
		t.Fatalf("format %015b", format)
	}
	var data []byte
	bits, now := 0, byte(0)
	up := true
	for x := size - 1; x > 0; x -= 2 {
		if x == 6 {
			x--
		}
		for i := range size {
			y := i
			if up {
				y = size - 1 - i
			}
			for _, col := range []int{x, x - 1} {
				if seen.fixed[y*size+col] {
					continue
				}
				now <<= 1
				if seen.at(col, y) != masked(mask, col, y) {
					now |= 1
				}
				if bits++; bits%8 == 0 {
					data, now = append(data, now), 0
				}
			}
		}
		up = !up
	}
	s := sizes[seen.version-1]
	data = data[:s.all]
	blocks := make([][]byte, s.blocks)
	room := s.all - s.fix*s.blocks
	for i := range room {
		b := i % s.blocks
		if i >= room/s.blocks*s.blocks {
			b = s.blocks - (room - i)
		}
		blocks[b] = append(blocks[b], data[i])
	}
	var plain []byte
	for b := range blocks {
		plain = append(plain, blocks[b]...)
		whole := blocks[b]
		for i := range s.fix {
			whole = append(whole[:len(whole):len(whole)], data[room+i*s.blocks+b])
		}
		root := byte(1)
		for range s.fix { // every root of the generator is a root of a sound block
			var sum byte
			for _, c := range whole {
				sum = times(sum, root) ^ c
			}
			if sum != 0 {
				t.Fatalf("version %d, block %d: the correction does not fit", seen.version, b)
			}
			root = times(root, 2)
		}
	}
	n, from := int(plain[0]&15)<<4|int(plain[1]>>4), 1
	if seen.version > 9 {
		n, from = n<<8|int(plain[1]&15)<<4|int(plain[2]>>4), 2
	}
	if plain[0]>>4 != 4 {
		t.Fatalf("mode %d", plain[0]>>4)
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = plain[from+i]<<4 | plain[from+i+1]>>4
	}
	return string(out)
}
