package lambdabed

import "syscall"

// isolated keeps the terminal's Ctrl-C from the process, and has the kernel
// kill it when this one dies, however it dies. The kernel means the thread
// that started it, which is why only spawner starts processes.
func isolated() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
