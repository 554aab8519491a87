package testkit

import "syscall"

// endWithParent has the kernel stop the server when the test process dies.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
