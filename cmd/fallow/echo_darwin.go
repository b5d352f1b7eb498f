package main

import "syscall"

// The requests that read and set how a terminal behaves.
const (
	ioctlGet = syscall.TIOCGETA
	ioctlSet = syscall.TIOCSETA
)
