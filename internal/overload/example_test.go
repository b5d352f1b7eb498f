package overload_test

import (
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// The loop over the calls of one request to one target. A provider that is out
// of capacity is asked again, a limited key is the caller's own business.
func ExampleGuard() {
	answers := []upstream.Class{upstream.Overload, upstream.RateLimit, upstream.Connect, ""}
	guard := overload.NewGuard(overload.Config{Rand: func() float64 { return .5 }})

	try, err := guard.Begin(overload.Target{Pool: "claude", Model: "claude-sonnet-5"}, 0)
	if err != nil {
		fmt.Println("next target:", err)
		return
	}
	for _, class := range answers {
		switch class {
		case "":
			try.Accepted()
			fmt.Println("answered")
			return
		case upstream.RateLimit:
			fmt.Println("another key, at once")
			continue
		}
		wait, again, why := try.Next(&upstream.Fault{Class: class}, 30*time.Second)
		if !again {
			fmt.Println("next target:", why)
			return
		}
		fmt.Println(class, "- again in", wait)
	}
	// Output:
	// overload - again in 250ms
	// another key, at once
	// connect - again in 500ms
	// answered
}
