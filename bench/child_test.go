package bench

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto.chat/internal/testkit"
)

const (
	// roleVariable makes a child of this test binary one of the servers; addressVariable and urlVariable tell where.
	roleVariable    = "BENCH_ROLE"
	addressVariable = "BENCH_ADDRESS"
	urlVariable     = "BENCH_DATABASE"

	roleFloor = "floor"
	roleHooks = "hooks"
)

// child is a server in a process of its own.
type child struct {
	cmd   *exec.Cmd
	addr  string
	ready time.Duration // from the start of the process to its first good answer
	log   string
}

// launch starts a server that will listen on addr and waits until it answers.
func launch(b testing.TB, exe, addr string, env []string, args ...string) *child {
	b.Helper()
	file, err := os.CreateTemp(b.TempDir(), "log")
	must(b, err)
	c := &child{cmd: exec.Command(exe, args...), addr: addr, log: file.Name()}
	c.cmd.Dir = b.TempDir()
	c.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.cmd.Dir}, env...)
	c.cmd.Stdout, c.cmd.Stderr = file, file
	c.cmd.SysProcAttr = &syscall.SysProcAttr{}
	testkit.EndWithParent(c.cmd.SysProcAttr)
	start := time.Now()
	must(b, c.cmd.Start())
	must(b, file.Close())
	b.Cleanup(c.stop)
	for url := "http://" + addr + "/readyz"; ; pause(time.Millisecond) {
		res, err := http.Get(url)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				c.ready = time.Since(start)
				return c
			}
		}
		if time.Since(start) > 60*time.Second {
			b.Fatalf("%s does not answer\n%s", filepath.Base(exe), c.tail())
		}
	}
}

// stop kills the process; it may have ended.
func (c *child) stop() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func (c *child) tail() string {
	text, _ := os.ReadFile(c.log)
	return string(text[max(0, len(text)-3000):])
}

// resident gives the megabytes of memory that the kernel counts for the process; zero where there is no /proc.
func (c *child) resident() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	kb, _, _ := strings.Cut(strings.TrimSpace(string(rest[:min(len(rest), 40)])), " ")
	n, _ := strconv.ParseFloat(kb, 64) // nothing found reads as nothing used
	return n / 1024
}

// freeAddress gives an address of this machine that nobody listens on.
func freeAddress(b testing.TB) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// role starts this test binary as one of its servers.
func role(b testing.TB, name, url string) *child {
	b.Helper()
	exe, err := os.Executable()
	must(b, err)
	addr := freeAddress(b)
	return launch(b, exe, addr, []string{roleVariable + "=" + name, addressVariable + "=" + addr, urlVariable + "=" + url})
}

// serve is the whole life of such a child.
func serve(role string) error {
	l, err := net.Listen("tcp", os.Getenv(addressVariable))
	if err != nil {
		return err
	}
	url := os.Getenv(urlVariable)
	switch role {
	case roleFloor:
		return serveFloor(l, url)
	case roleHooks:
		return serveHooks(l, url)
	}
	return fmt.Errorf("there is no such server")
}

// shipped builds the binary as it is shipped, once for all goals.
func (l *lab) shipped(b testing.TB) string {
	b.Helper()
	if l.exe == "" {
		say("  building the binary")
		exe := filepath.Join(l.dir, "sotto")
		cmd := exec.Command("go", "build", "-tags", "nomsgpack", "-trimpath", "-ldflags", "-s -w", "-o", exe, "./cmd/sotto")
		cmd.Dir, cmd.Env = testkit.ModuleRoot(b), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("build: %v\n%s", err, out)
		}
		l.exe = exe
	}
	return l.exe
}

// product starts the shipped binary on a database that newWorld has filled.
func (l *lab) product(b testing.TB, url string) *child {
	b.Helper()
	addr := freeAddress(b)
	return launch(b, l.shipped(b), addr, []string{"SOTTO_DATABASE_URL=" + url, "SOTTO_LISTEN=" + addr, "SOTTO_MASTER_KEY=" + masterText(),
		"SOTTO_TRUSTED_PROXIES=127.0.0.1", "SOTTO_PUBLIC_URL=http://" + addr}, "serve")
}
