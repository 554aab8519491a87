package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"sotto.chat/internal/testkit"
)

// The system tests of this folder start the real binary as a process of its own and speak to it over HTTP alone.

// buildDir holds the binary; TestMain removes it.
const buildDir = "SOTTO_TEST_BUILD_DIR"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sotto-system-")
	if err == nil {
		err = os.Setenv(buildDir, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // a folder that stays in the temporary ones hurts nobody
	os.Exit(code)
}

// builtOnce builds the binary as it is shipped, once for all tests.
var builtOnce = sync.OnceValues(func() (string, error) {
	file := filepath.Join(os.Getenv(buildDir), "sotto")
	out, err := exec.Command("go", "build", "-tags", "nomsgpack", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return file, nil
})

func binaryFile(t testing.TB) string {
	t.Helper()
	file, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// tail keeps what a process writes. It may be read while the process writes on.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps b.
func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// process is one run of the binary.
type process struct {
	cmd   *exec.Cmd
	log   *tail // stderr
	lines *bufio.Reader
	ended chan struct{} // closed when it has ended
	err   error         // how; read it after ended
}

// start runs the binary with these settings alone: nothing of the tester's own environment but PATH reaches it.
func start(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(binaryFile(t), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	testkit.EndWithParent(cmd.SysProcAttr)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, log: &tail{}, lines: bufio.NewReader(r), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = w, p.log
	if err := errors.Join(cmd.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	go func() { p.err = cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.kill()
		_ = r.Close()
		if t.Failed() {
			text := p.log.String()
			t.Logf("the log of sotto %s:\n%s", args[0], text[max(0, len(text)-6000):])
		}
	})
	return p
}

// kill is kill -9: nothing is tidied up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// stop asks the process to end, as Ctrl-C does, and gives how it ended.
func (p *process) stop(t testing.TB) error {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the process does not end when it is asked to")
	}
	return p.err
}

// run runs a command of the binary to its end.
func run(t testing.TB, env []string, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binaryFile(t), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, env...)
	cmd.Stdin = bytes.NewBufferString(stdin)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("sotto %v: %v\n%s", args, err, problems.String())
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed and gives what it printed.
func must(t testing.TB, env []string, stdin string, args ...string) string {
	t.Helper()
	out, problems, code := run(t, env, stdin, args...)
	if code != 0 {
		t.Fatalf("sotto %v ended with %d\n%s%s", args, code, out, problems)
	}
	return out
}

var portsInUse sync.Map

// freePort gives a port below those that the kernel lends to clients: while a killed server is away, no connection of
// ours may sit down on its port.
func freePort(t testing.TB) string {
	t.Helper()
	for range 200 {
		port := 20_000 + rand.IntN(12_000)
		address := "127.0.0.1:" + strconv.Itoa(port)
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		_ = l.Close() // only asked whether it is free
		if _, taken := portsInUse.LoadOrStore(port, true); !taken {
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// ready waits until the server answers that it is, or fails when the process ends.
func (p *process) ready(t testing.TB, base string) {
	t.Helper()
	testkit.Eventually(t, base+" is ready", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("the server ended: %v\n%s", p.err, p.log.String())
		default:
		}
		res, err := http.Get(base + "/readyz")
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, res.Body) // for the connection's next use
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}
