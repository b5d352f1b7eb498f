package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// openTerminal makes a terminal: a person has the first end, a program the
// second.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	var number, unlocked uint32
	for request, at := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(at))); errno != 0 {
			t.Fatal(errno)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := termios(f)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&syscall.ECHO != 0
}

// awaitSilence returns once the terminal no longer shows what is typed.
func awaitSilence(t *testing.T, program *os.File) {
	t.Helper()
	for begin := time.Now(); echoes(t, program); runtime.Gosched() {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("nobody reads from the terminal")
		}
	}
}

type typed struct {
	text string
	err  error
}

func readInBackground(ctx context.Context, program *os.File) chan typed {
	got := make(chan typed, 1)
	go func() {
		text, err := readHidden(ctx, program)
		got <- typed{text, err}
	}()
	return got
}

// TestReadHidden: what is typed is read and not shown, and the terminal is
// afterwards as it was.
func TestReadHidden(t *testing.T) {
	t.Parallel()
	person, program := openTerminal(t)
	if !isTerminal(program) {
		t.Error("a terminal was not recognised")
	}
	got := readInBackground(t.Context(), program)
	awaitSilence(t, program)
	if _, err := io.WriteString(person, "sk-ant-canary\n"); err != nil {
		t.Fatal(err)
	}
	if g := <-got; g.err != nil || g.text != "sk-ant-canary" {
		t.Errorf("got %q, %v", g.text, g.err)
	}
	if !echoes(t, program) {
		t.Error("the terminal was left silent")
	}
	if _, err := io.WriteString(program, "end\n"); err != nil {
		t.Fatal(err)
	}
	shown := make([]byte, 256)
	n, err := person.Read(shown)
	if err != nil || strings.Contains(string(shown[:n]), "canary") || !strings.Contains(string(shown[:n]), "end") {
		t.Errorf("the person saw %q, %v; want only what the program wrote", shown[:n], err)
	}
}

// TestInterruptGivesTheTerminalBack: a person who gives up must not be left
// with a shell that seems dead.
func TestInterruptGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	_, program := openTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	got := readInBackground(ctx, program)
	awaitSilence(t, program)
	cancel()
	if g := <-got; !errors.Is(g.err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", g.err)
	}
	if !echoes(t, program) {
		t.Error("the terminal was left silent")
	}
}

// TestKeysAreAskedFor: each named key in turn; an empty line leaves one as it is.
func TestKeysAreAskedFor(t *testing.T) {
	t.Parallel()
	manager.Put("asked/keys", `{"one":"","two":"old","three":""}`)
	doc := keyDocument(t, "asked")
	person, program := openTerminal(t)
	var out, errs strings.Builder
	c := setKeysCmd{Names: []string{"key-1", "key-2", "p/key-3"}, keyPlaces: keyPlaces{Config: doc}, in: program}
	done := make(chan error, 1)
	go func() { done <- c.Run(&terminal{ctx: t.Context(), stdout: &out, stderr: &errs}) }()
	awaitSilence(t, program)
	// A fast typist: each line is for the question whose turn it is.
	if _, err := io.WriteString(person, "sk-canary-1\n\n  sk-canary-3 \n"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, want := manager.Text("asked/keys"), `{"one":"sk-canary-1","three":"sk-canary-3","two":"old"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if all := out.String() + errs.String(); strings.Contains(all, "canary") || !strings.Contains(all, "p/key-2 stays as it is") {
		t.Errorf("said\n%s", all)
	}
}

func TestNothingTyped(t *testing.T) {
	t.Parallel()
	doc := keyDocument(t, "untouched")
	for _, tt := range []struct {
		name, line string
		names      []string
		says       string
	}{
		{"nothing at all", "\n", []string{"key-1"}, "nothing was given; nothing was changed"},
		{"two things", "one two\n", []string{"key-1"}, "blanks or control characters within"},
		{"end of input", "\x04", []string{"key-1"}, "EOF; nothing was changed"},
		{"no names", "", nil, "which keys?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			person, program := openTerminal(t)
			c := setKeysCmd{Names: tt.names, keyPlaces: keyPlaces{Config: doc}, in: program}
			done := make(chan error, 1)
			go func() { done <- c.Run(&terminal{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard}) }()
			if tt.line != "" {
				awaitSilence(t, program)
				if _, err := io.WriteString(person, tt.line); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-done; err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error about %q", err, tt.says)
			}
		})
	}
}

func TestReadLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"a\nb": "a", "a\r\n": "a", "\n": ""} {
		if got, err := readLine(strings.NewReader(in)); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{"": "EOF", "cut": "EOF", strings.Repeat("x", 9000): "too long"} {
		if got, err := readLine(strings.NewReader(in)); err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%d characters: got %q, %v; want an error about %q", len(in), got, err, want)
		}
	}
	if _, err := readHidden(t.Context(), os.Stdout); isTerminal(os.Stdout) == (err != nil) {
		t.Errorf("reading from what is no terminal: %v", err)
	}
}
