package testkit

import "syscall"

// EndWithParent has the kernel interrupt a program that a test starts when the test process dies.
func EndWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
