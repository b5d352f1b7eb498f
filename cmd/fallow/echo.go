//go:build linux || darwin

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// isTerminal reports whether somebody types there.
func isTerminal(f *os.File) bool {
	_, err := termios(f)
	return err == nil
}

func termios(f *os.File) (syscall.Termios, error) {
	var t syscall.Termios
	return t, ioctl(f, ioctlGet, &t)
}

func ioctl(f *os.File, request uintptr, t *syscall.Termios) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(t)))
	if errno != 0 {
		return errno
	}
	return nil
}

// readHidden reads a line from a terminal without showing it. The terminal
// shows what is typed again when it returns, also when ctx ends: an interrupt
// must not leave somebody with a terminal that seems dead. The reading itself
// cannot be interrupted; it is left behind, since the process is about to end.
func readHidden(ctx context.Context, f *os.File) (string, error) {
	shown, err := termios(f)
	if err != nil {
		return "", err
	}
	hidden := shown
	hidden.Lflag &^= syscall.ECHO
	hidden.Lflag |= syscall.ICANON | syscall.ISIG
	if err := ioctl(f, ioctlSet, &hidden); err != nil {
		return "", err
	}
	defer func() { _ = ioctl(f, ioctlSet, &shown) }() // it worked a moment ago
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := readLine(f)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLine reads byte by byte, so that what follows the line stays for the
// next one.
func readLine(f io.Reader) (string, error) {
	var line strings.Builder
	for b := make([]byte, 1); line.Len() <= maxTyped; {
		n, err := f.Read(b)
		if n > 0 && b[0] == '\n' {
			return strings.TrimSuffix(line.String(), "\r"), nil
		}
		line.Write(b[:n])
		if err != nil {
			return "", err
		}
	}
	return "", errors.New("the line is too long for a credential")
}

// maxTyped bounds a line. A terminal passes on 4096 bytes at most.
const maxTyped = 8 << 10
