package overload_test

import (
	"fmt"
	"testing"

	"github.com/fallow-dev/fallow/internal/overload"
)

// full is a throttle that knows as many targets as it can.
func full() *overload.Throttle {
	t := overload.NewThrottle(overload.Config{})
	for i := range 127 {
		t.Note(overload.Target{Pool: "claude", Model: fmt.Sprint(i)}, true)
	}
	note(t, sonnet, 100, 10)
	return t
}

func BenchmarkAllow(b *testing.B) {
	t := full()
	b.ReportAllocs()
	for b.Loop() {
		t.Allow(sonnet)
	}
}

func BenchmarkNote(b *testing.B) {
	t := full()
	b.ReportAllocs()
	for b.Loop() {
		t.Note(sonnet, true)
	}
}

func BenchmarkAllowParallel(b *testing.B) {
	t := full()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			t.Allow(sonnet)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	budget := overload.NewBudget(overload.Config{})
	b.ReportAllocs()
	for b.Loop() {
		budget.Earn()
		budget.Take()
	}
}

// BenchmarkRequest is what the guard costs a request that is accepted at once.
func BenchmarkRequest(b *testing.B) {
	g := overload.NewGuard(overload.Config{})
	b.ReportAllocs()
	for b.Loop() {
		try, err := g.Begin(sonnet, 0)
		if err != nil {
			b.Fatal(err)
		}
		try.Accepted()
	}
}
