//go:build !linux

package dynamotest

import "syscall"

func dieWithParent() *syscall.SysProcAttr { return nil }
