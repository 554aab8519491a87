package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// latencies turns what each worker measured into a rate and quantiles in milliseconds.
func latencies(took [][]time.Duration, whole time.Duration) figures {
	all := slices.Concat(took...)
	slices.Sort(all)
	f := figures{"rate": float64(len(all)) / whole.Seconds()}
	if len(all) > 0 {
		at := func(q float64) float64 { return all[int(q*float64(len(all)-1))].Seconds() * 1000 }
		f["p50"], f["p99"] = at(0.5), at(0.99)
	}
	return f
}

// caller is one keep-alive connection. It does less than net/http's client, so that the load costs little of the
// processor that it shares with the server.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
	out  bytes.Buffer
	addr string
}

func call(addr string) (*caller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), addr: addr}, nil
}

// do sends one request, demands the status and gives the body. Headers are whole lines without their ends.
func (c *caller) do(want int, method, path string, body []byte, headers ...string) ([]byte, error) {
	c.out.Reset()
	fmt.Fprintf(&c.out, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, c.addr)
	for _, h := range headers {
		c.out.WriteString(h)
		c.out.WriteString("\r\n")
	}
	if method != http.MethodGet {
		fmt.Fprintf(&c.out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	c.out.WriteString("\r\n")
	c.out.Write(body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s %s answered %d: %.300s", method, path, res.StatusCode, got)
	}
	return got, err
}
