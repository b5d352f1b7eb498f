// Package cgroup gives processes a share of the processor, and measures what
// they take of it, by Linux control groups of version 1 or 2.
//
// A test bed needs no more than that, and no library: a handful of files. The
// usual alternative, to start a process and to move it after that, leaves its
// first milliseconds unlimited, which are all there is of a Go function's start.
// Here a process is in its group from its first instruction.
package cgroup
