// Package overhead measures what a gateway costs: latency it adds, requests it
// carries, processor time and memory it takes, and how soon it is there after
// its start. Contestants stand in front of the same upstream, whose answers are
// always the same and cost next to nothing, and meet the same workloads in
// turn. A bare reverse proxy and no gateway at all are contestants too: what
// they cost belongs to the machine, and the others are held to them.
//
// It runs on Linux, whose /proc it reads.
package overhead
