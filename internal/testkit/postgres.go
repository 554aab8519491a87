package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// SkipNoPostgres is the sentence with which a test skips on a machine without Postgres.
const SkipNoPostgres = "Postgres is not installed: on Debian, apt-get install postgresql"

type cluster struct {
	dir string
	cmd *exec.Cmd
}

func (c *cluster) url(db string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s&sslmode=disable", db, c.dir)
}

var (
	theCluster = sync.OnceValues(func() (*cluster, error) {
		return startCluster("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "shared_buffers=64MB")
	})
	copies atomic.Int64
)

// postgresCopy clones the migrated template, in tens of milliseconds. One server lives for the whole test
// process; the kernel ends it with the process (Pdeathsig), and the next start sweeps its folder.
func postgresCopy(t testing.TB) string {
	t.Helper()
	if binary("postgres") == "" {
		t.Skip(SkipNoPostgres)
	}
	c, err := theCluster()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t%d", copies.Add(1))
	if err := c.exec("create database " + name + " template template_sotto strategy file_copy"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.exec("drop database " + name + " with (force)"); err != nil {
			t.Log(err)
		}
	})
	return c.url(name)
}

func (c *cluster) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// binary finds a server program on the path or where Debian puts it. Debian's own entries on the path are
// wrappers, so a link is followed and must still have the program's name.
func binary(name string) string {
	if m, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(m) > 0 {
		slices.Sort(m)
		return m[len(m)-1]
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return p
}

// Server starts a Postgres of its own for one test or benchmark, with these settings ("fsync=on"), and gives the address of a
// migrated database, the folder of its socket and its log.
func Server(t testing.TB, settings ...string) (url, dir, log string) {
	t.Helper()
	if binary("postgres") == "" {
		t.Skip(SkipNoPostgres)
	}
	c, err := startCluster(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Signal(syscall.SIGINT)
		_ = c.cmd.Wait() // it says how it was stopped, which is no news
		_ = os.RemoveAll(c.dir)
	})
	return c.url("template_sotto"), c.dir, filepath.Join(c.dir, "log")
}

// Program finds a program of Postgres, e.g. pgbench or pg_dump; empty where it is not installed.
func Program(name string) string { return binary(name) }

func startCluster(settings ...string) (*cluster, error) {
	sweep()
	dir, err := os.MkdirTemp("", "sotto-pg-")
	if err != nil {
		return nil, err
	}
	attr := &syscall.SysProcAttr{}
	EndWithParent(attr)
	if os.Geteuid() == 0 { // the server refuses to be root
		if err := becomePostgres(attr, dir); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "d")
	c := exec.Command(binary("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	c.SysProcAttr, c.Dir = attr, dir
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	args := []string{"-D", data, "-k", dir, "-c", "listen_addresses="}
	for _, set := range settings {
		args = append(args, "-c", set)
	}
	s := exec.Command(binary("postgres"), args...)
	s.SysProcAttr, s.Dir, s.Stdout, s.Stderr = attr, dir, log, log
	if err := s.Start(); err != nil {
		return nil, err
	}
	cl := &cluster{dir: dir, cmd: s}
	deadline := time.Now().Add(30 * time.Second)
	for cl.exec("create database template_sotto") != nil {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("postgres did not start, see %s/log", dir)
		}
		time.Sleep(25 * time.Millisecond)
	}
	return cl, migrate(cl.url("template_sotto"))
}

func becomePostgres(attr *syscall.SysProcAttr, dir string) error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(dir, uid, gid)
}

// sweep removes the folders of servers whose test process has ended.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "sotto-pg-*"))
	for _, dir := range old {
		if _, err := os.Stat(filepath.Join(dir, "d", "postmaster.pid")); os.IsNotExist(err) {
			if st, err := os.Stat(dir); err == nil && time.Since(st.ModTime()) > time.Hour {
				_ = os.RemoveAll(dir)
			}
		}
	}
}
