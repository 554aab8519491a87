//go:build !linux

package testkit

import "syscall"

// endWithParent does nothing: only Linux can promise it.
func endWithParent(*syscall.SysProcAttr) {}
