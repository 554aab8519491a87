//go:build !linux

package testkit

import "syscall"

// EndWithParent does nothing: only Linux can promise it.
func EndWithParent(*syscall.SysProcAttr) {}
