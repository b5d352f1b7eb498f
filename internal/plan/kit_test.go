package plan

import (
	"math/rand/v2"
	"time"
)

// morning is a log of so many seconds with calls of 5,000 to 12,000 tokens,
// about one each gap.
func morning(seconds int, gap time.Duration) *Log {
	r := rand.New(rand.NewPCG(1, 1))
	log := &Log{}
	for at := time.Duration(0); at < time.Duration(seconds)*time.Second; at += time.Duration(r.ExpFloat64() * float64(gap)) {
		log.Calls = append(log.Calls, Call{
			At: nine.Add(at), Input: 5000 + r.Int64N(7000), Output: 200 + r.Int64N(800), Latency: time.Duration(5+r.IntN(20)) * time.Second,
		})
	}
	return log
}
