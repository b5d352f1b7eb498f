//go:build unix && !linux

package lambdabed

import "syscall"

// isolated keeps the terminal's Ctrl-C from the process. Only Linux can tie
// its life to ours.
func isolated() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
