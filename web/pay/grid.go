package pay

// grid is a QR code in the making.
type grid struct {
	version, size int
	dark, fixed   []bool // fixed modules are the pattern's own and hold no data
}

func newGrid(version int) grid {
	size := 17 + 4*version
	g := grid{version, size, make([]bool, size*size), make([]bool, size*size)}
	for i := range size { // the two rulers
		g.fix(6, i, i%2 == 0)
		g.fix(i, 6, i%2 == 0)
	}
	for _, corner := range [][2]int{{3, 3}, {size - 4, 3}, {3, size - 4}} {
		for y := -4; y <= 4; y++ {
			for x := -4; x <= 4; x++ {
				if ring := max(abs(x), abs(y)); inside(corner[0]+x, size) && inside(corner[1]+y, size) {
					g.fix(corner[0]+x, corner[1]+y, ring != 2 && ring != 4)
				}
			}
		}
	}
	g.fixMarks()
	g.writeVersion()
	g.writeFormat(0) // keeps the place
	return g
}

func inside(i, size int) bool { return 0 <= i && i < size }

func abs(i int) int { return max(i, -i) }

func (g grid) at(x, y int) bool { return g.dark[y*g.size+x] }

func (g grid) fix(x, y int, dark bool) { g.dark[y*g.size+x], g.fixed[y*g.size+x] = dark, true }

// fixMarks draws the small squares that straighten a picture.
func (g grid) fixMarks() {
	if g.version == 1 {
		return
	}
	places := []int{6, g.size - 7}
	if g.version >= 7 {
		places = []int{6, 2*g.version + 8, g.size - 7}
	}
	last := len(places) - 1
	for i, cy := range places {
		for j, cx := range places {
			if i == 0 && j == 0 || i == 0 && j == last || i == last && j == 0 {
				continue
			}
			for y := -2; y <= 2; y++ {
				for x := -2; x <= 2; x++ {
					g.fix(cx+x, cy+y, max(abs(x), abs(y)) != 1)
				}
			}
		}
	}
}

func (g grid) writeVersion() {
	if g.version < 7 {
		return
	}
	rest := g.version
	for range 12 {
		rest = rest<<1 ^ rest>>11*0x1f25
	}
	bits := g.version<<12 | rest
	for i := range 18 {
		a, b := g.size-11+i%3, i/3
		g.fix(a, b, bits>>i&1 == 1)
		g.fix(b, a, bits>>i&1 == 1)
	}
}

// writeFormat tells readers the mask; the level M is written as zero.
func (g grid) writeFormat(mask int) {
	rest := mask
	for range 10 {
		rest = rest<<1 ^ rest>>9*0x537
	}
	bits := (mask<<10 | rest) ^ 0x5412
	bit := func(i int) bool { return bits>>i&1 == 1 }
	for i := range 6 {
		g.fix(8, i, bit(i))
	}
	g.fix(8, 7, bit(6))
	g.fix(8, 8, bit(7))
	g.fix(7, 8, bit(8))
	for i := 9; i < 15; i++ {
		g.fix(14-i, 8, bit(i))
	}
	for i := range 8 {
		g.fix(g.size-1-i, 8, bit(i))
	}
	for i := 8; i < 15; i++ {
		g.fix(8, g.size-15+i, bit(i))
	}
	g.fix(8, g.size-8, true)
}

// place writes data in two columns at a time, up and down.
func (g grid) place(data []byte) {
	i := 0
	for right := g.size - 1; right >= 1; right -= 2 {
		if right == 6 {
			right = 5
		}
		for step := range g.size {
			for j := range 2 {
				x, y := right-j, step
				if (right+1)&2 == 0 {
					y = g.size - 1 - step
				}
				if !g.fixed[y*g.size+x] && i < 8*len(data) {
					g.dark[y*g.size+x] = data[i/8]>>(7-i%8)&1 == 1
					i++
				}
			}
		}
	}
}

func masked(mask, x, y int) bool {
	switch mask {
	case 0:
		return (x+y)%2 == 0
	case 1:
		return y%2 == 0
	case 2:
		return x%3 == 0
	case 3:
		return (x+y)%3 == 0
	case 4:
		return (x/3+y/2)%2 == 0
	case 5:
		return x*y%2+x*y%3 == 0
	case 6:
		return (x*y%2+x*y%3)%2 == 0
	}
	return ((x+y)%2+x*y%3)%2 == 0
}

// best puts on the mask that leaves the fewest long runs and full squares, which readers stumble over.
func (g grid) best() grid {
	best, least := grid{}, -1
	for mask := range 8 {
		m := grid{g.version, g.size, append([]bool(nil), g.dark...), g.fixed}
		for y := range g.size {
			for x := range g.size {
				if i := y*g.size + x; !g.fixed[i] && masked(mask, x, y) {
					m.dark[i] = !m.dark[i]
				}
			}
		}
		m.writeFormat(mask)
		if n := m.penalty(); least < 0 || n < least {
			best, least = m, n
		}
	}
	return best
}

func (g grid) penalty() (sum int) {
	for a := range g.size {
		for _, at := range []func(int) bool{func(b int) bool { return g.at(b, a) }, func(b int) bool { return g.at(a, b) }} {
			run := 0
			for b := range g.size {
				if b > 0 && at(b) == at(b-1) {
					run++
				} else {
					run = 1
				}
				if run == 5 {
					sum += 3
				} else if run > 5 {
					sum++
				}
			}
		}
	}
	for y := 1; y < g.size; y++ {
		for x := 1; x < g.size; x++ {
			if c := g.at(x, y); c == g.at(x-1, y) && c == g.at(x, y-1) && c == g.at(x-1, y-1) {
				sum += 3
			}
		}
	}
	return sum
}
