// Package embedded holds the stores for one machine: Memory, which forgets
// with its process, and File, which does not.
package embedded
