//go:build !linux

package cgroup

import "os/exec"

// Start fails with ErrUnavailable.
func (g *Group) Start(*exec.Cmd) error { return ErrUnavailable }
