package storm

import (
	"container/heap"
	"time"
)

// agenda is what will happen, the soonest first, as a heap.
type agenda []item

type item struct {
	at time.Duration
	do func()
}

func (a *agenda) add(at time.Duration, do func()) { heap.Push(a, item{at, do}) }

func (a *agenda) next() item { return heap.Pop(a).(item) }

// Len implements heap.Interface.
func (a agenda) Len() int { return len(a) }

// Less implements heap.Interface.
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }

// Swap implements heap.Interface.
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(item)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = item{}
	*a = (*a)[:last]
	return x
}

var _ heap.Interface = (*agenda)(nil)
