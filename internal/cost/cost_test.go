package cost_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/cost"
)

// review is the month of a team whose bot reviews pull requests.
var review = cost.Load{
	Requests: 1e6, Seconds: 10, Memory: 256, Writes: 1, Reads: 0.5, LogKB: 1.38, Metrics: 42, Secrets: 4, Tasks: 2, TaskGB: 2,
}

func month(t interface{ Fatal(...any) }, l cost.Load) cost.Estimate {
	e, err := cost.Month(l)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func find(t *testing.T, items []cost.Item, name string) cost.Item {
	t.Helper()
	for _, i := range items {
		if strings.HasPrefix(i.Name, name) {
			return i
		}
	}
	t.Fatalf("there is no %q in %v", name, items)
	return cost.Item{}
}

// TestMonth holds the figures to a reckoning by hand.
func TestMonth(t *testing.T) {
	t.Parallel()
	e := month(t, review)
	tests := []struct {
		items    []cost.Item
		name     string
		quantity float64
		usd      float64
	}{
		{e.Lambda, "Lambda duration", 2.5e6, 33.33},
		{e.Lambda, "Lambda requests", 1e6, 0.20},
		{e.Lambda, "Lambda, the scheduled job", 5475, 0.08},
		{e.Lambda, "DynamoDB write", 1e6, 0.625},
		{e.Lambda, "DynamoDB strongly", 5e5, 0.0625},
		{e.Lambda, "CloudWatch Logs", 1.38, 0.69},
		{e.Lambda, "CloudWatch custom", 42, 12.60},
		{e.Lambda, "Secrets Manager", 4, 1.60},
		{e.Containers, "Fargate vCPU", 1460, 59.10},
		{e.Containers, "Fargate memory", 2920, 12.98},
		{e.Containers, "Application Load", 730, 16.43},
		{e.Containers, "load balancer capacity", 730, 5.84},
		{e.Containers, "Secrets Manager", 4, 1.60},
	}
	for _, tt := range tests {
		i := find(t, tt.items, tt.name)
		if i.Quantity != tt.quantity || math.Abs(i.USD-tt.usd) > 0.006 {
			t.Errorf("%s: got %v %s for %.4f, want %v for %v", tt.name, i.Quantity, i.Unit, i.USD, tt.quantity, tt.usd)
		}
	}
	if math.Abs(e.LambdaUSD-49.20) > 0.01 || math.Abs(e.ContainersUSD-109.93) > 0.01 {
		t.Errorf("got %.2f and %.2f a month, want 49.20 and 109.93", e.LambdaUSD, e.ContainersUSD)
	}
	if math.Abs(e.BreakEven-2.81e6) > 1e4 || math.Abs(e.InFlight-e.BreakEven*10/2_628_000) > 1e-9 {
		t.Errorf("break-even: got %v requests, %v at once; want 2.81 million and as many at once as last 10 s each in 730 hours", e.BreakEven, e.InFlight)
	}
}

func TestMonthWithoutContainers(t *testing.T) {
	t.Parallel()
	l := review
	l.Tasks = 0
	if e := month(t, l); e.BreakEven != 0 || e.InFlight != 0 || len(e.Containers) != 5 {
		t.Errorf("got a break-even of %v with containers of %v", e.BreakEven, e.Containers)
	}
}

func TestARMTasksCostAFifthLess(t *testing.T) {
	t.Parallel()
	arm := review
	arm.ARM = true
	saved := month(t, review).ContainersUSD - month(t, arm).ContainersUSD
	if math.Abs(saved-72.08*0.2) > 0.1 {
		t.Errorf("saves %.2f a month, want a fifth of 72.08", saved)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit func(*cost.Load)
		want string
	}{
		{"negative requests", func(l *cost.Load) { l.Requests = -1 }, "requests is -1"},
		{"requests that are no number", func(l *cost.Load) { l.Requests = math.NaN() }, "requests is NaN"},
		{"requests without end", func(l *cost.Load) { l.Requests = math.Inf(1) }, "requests is +Inf"},
		{"no time", func(l *cost.Load) { l.Seconds = 0 }, "seconds must be more than 0"},
		{"time that is no number", func(l *cost.Load) { l.Seconds = math.NaN() }, "seconds must be"},
		{"longer than Lambda runs", func(l *cost.Load) { l.Seconds = 901 }, "at most 900"},
		{"too little memory", func(l *cost.Load) { l.Memory = 127 }, "memory is 127 MB"},
		{"too much memory", func(l *cost.Load) { l.Memory = 10241 }, "memory is 10241 MB"},
		{"negative tasks", func(l *cost.Load) { l.Tasks = -1 }, "tasks is -1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := review
			tt.edit(&l)
			if _, err := cost.Month(l); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q", err, tt.want)
			}
		})
	}
}

// TestBreakEvenIsWhereBothCostTheSame, and on either side the other is cheaper.
func TestBreakEvenIsWhereBothCostTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := cost.Load{
			Seconds: rapid.Float64Range(0.01, 900).Draw(t, "seconds"), Memory: rapid.IntRange(128, 10240).Draw(t, "memory"),
			Writes: rapid.Float64Range(0, 10).Draw(t, "writes"), Reads: rapid.Float64Range(0, 10).Draw(t, "reads"),
			LogKB: rapid.Float64Range(0, 100).Draw(t, "log"), Metrics: rapid.IntRange(0, 500).Draw(t, "metrics"),
			Tasks: rapid.IntRange(1, 50).Draw(t, "tasks"), TaskGB: rapid.Float64Range(1, 8).Draw(t, "gb"), ARM: rapid.Bool().Draw(t, "arm"),
		}
		even := month(t, l).BreakEven
		for _, side := range []float64{-1, 2} {
			l.Requests = max(0, even+side)
			if e := month(t, l); (e.LambdaUSD > e.ContainersUSD+1e-6) != (side > 0) && math.Abs(e.LambdaUSD-e.ContainersUSD) > 1e-6 {
				t.Errorf("%v requests: Lambda %v, containers %v, with a break-even at %v", l.Requests, e.LambdaUSD, e.ContainersUSD, even)
			}
		}
	})
}

// TestPublishedBreakEven holds the comparison with AWS's own gateway to the whole
// bill, on both sides of it.
func TestPublishedBreakEven(t *testing.T) {
	t.Parallel()
	p := month(t, review).Published
	if p.USD != 378.10 || !strings.Contains(p.Source, "README") || math.Abs(p.BreakEven-10.42e6) > 1e4 {
		t.Errorf("got %+v, want 378.10 from its README and 10.42 million requests", p)
	}
	for add, dearer := range map[float64]bool{-1: false, 2: true} {
		l := review
		l.Requests = p.BreakEven + add
		if usd := month(t, l).LambdaUSD; (usd > p.USD) != dearer {
			t.Errorf("%v requests cost %v on Lambda, want more than %v: %v", l.Requests, usd, p.USD, dearer)
		}
	}
	costly := review
	costly.Metrics = 2000 // dearer before the first request
	if even := month(t, costly).Published.BreakEven; even != 0 {
		t.Errorf("break-even = %v, want 0", even)
	}
}

// TestPricesHaveASource: a price without one is a guess.
func TestPricesHaveASource(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range cost.Prices() {
		if p.USD <= 0 || p.Unit == "" || p.Source == "" || seen[p.Item] {
			t.Errorf("%+v is not a price of its own with a source", p)
		}
		seen[p.Item] = true
	}
	for _, i := range append(month(t, review).Lambda, month(t, review).Containers...) {
		if !seen[i.Name] && i.Name != "Lambda, the scheduled job" {
			t.Errorf("%s is billed at a price that is not listed", i.Name)
		}
	}
}
