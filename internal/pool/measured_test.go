package pool

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestMeasured: what the beginning of an answer says of the input counts at
// once, and its end corrects only the rest. Booked are 10,000 ms.
func TestMeasured(t *testing.T) {
	t.Parallel()
	prepaid := func(c *Config) { c.Prepaid = true }
	tests := []struct {
		name    string
		set     []func(*Config)
		begins  []upstream.Usage
		then    [dimensions]int64
		ends    upstream.Usage
		finally [dimensions]int64
	}{
		{"a prompt read from the cache frees room", nil, []upstream.Usage{{InputTokens: 1000, CacheReadTokens: 9000, OutputTokens: 1}},
			[dimensions]int64{1000, 1000, 0}, upstream.Usage{InputTokens: 1000, CacheReadTokens: 9000, OutputTokens: 600}, [dimensions]int64{1000, 1000, 6000}},
		{"a larger one is charged", nil, []upstream.Usage{{InputTokens: 8000, CacheWriteTokens: 6000}},
			[dimensions]int64{1000, 14_000, 0}, upstream.Usage{InputTokens: 8000, CacheWriteTokens: 6000, OutputTokens: 600}, [dimensions]int64{1000, 14_000, 6000}},
		{"it grows on the way", nil, []upstream.Usage{{InputTokens: 1000}},
			[dimensions]int64{1000, 1000, 0}, upstream.Usage{InputTokens: 9000, OutputTokens: 600}, [dimensions]int64{1000, 9000, 6000}},
		{"a little can wait", nil, []upstream.Usage{{InputTokens: 10_500}},
			[dimensions]int64{1000, 10_000, 0}, upstream.Usage{InputTokens: 10_500, OutputTokens: 600}, [dimensions]int64{1000, 10_500, 6000}},
		{"twice is as good as once", nil, []upstream.Usage{{InputTokens: 1000}, {InputTokens: 1000}},
			[dimensions]int64{1000, 1000, 0}, upstream.Usage{InputTokens: 1000, OutputTokens: 600}, [dimensions]int64{1000, 1000, 6000}},
		{"nothing is said", nil, []upstream.Usage{{}},
			[dimensions]int64{1000, 10_000, 0}, upstream.Usage{}, [dimensions]int64{1000, 10_000, 0}},
		{"the end says nothing", nil, []upstream.Usage{{InputTokens: 1000}},
			[dimensions]int64{1000, 1000, 0}, upstream.Usage{}, [dimensions]int64{1000, 1000, 0}},
		{"prepaid: the output is in it", []func(*Config){prepaid}, []upstream.Usage{{InputTokens: 1000}},
			[dimensions]int64{1000, 12_000, 0}, upstream.Usage{InputTokens: 1000, OutputTokens: 500}, [dimensions]int64{1000, 1500, 5000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := embedded.NewMemory()
			b := booked(t, table, tt.set...)
			b.Learn(t.Context(), Outcome{})
			for _, u := range tt.begins {
				b.Measured(t.Context(), u)
				b.pending.Wait()
			}
			if got := used(t, table); got != tt.then {
				t.Errorf("while it is answered %v ms are used, want %v", got, tt.then)
			}
			b.Settle(t.Context(), tt.ends)
			if got := used(t, table); got != tt.finally {
				t.Errorf("in the end %v ms are used, want %v", got, tt.finally)
			}
		})
	}
}

// TestMeasuredFreesRoom: somebody who would have had to wait starts at once.
func TestMeasuredFreesRoom(t *testing.T) {
	t.Parallel()
	b := booked(t, embedded.NewMemory())
	large := Want{Model: "f", Family: "f", Input: 50_000} // of 54,000, of which 10,000 are booked
	if _, err := b.pool.Book(t.Context(), large); err == nil {
		t.Fatal("there is room before anything is measured")
	}
	b.Measured(t.Context(), upstream.Usage{InputTokens: 500, CacheReadTokens: 9500})
	b.pending.Wait()
	if _, err := b.pool.Book(t.Context(), large); err != nil {
		t.Errorf("no room for 50,000 after 500 of 10,000 were measured: %v", err)
	}
}

// TestMeasuredThenBroken: an answer that breaks off was charged for.
func TestMeasuredThenBroken(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	b := booked(t, table)
	b.Learn(t.Context(), Outcome{})
	b.Measured(t.Context(), upstream.Usage{InputTokens: 4000})
	b.Learn(t.Context(), Outcome{Fault: &upstream.Fault{Class: upstream.Truncated}})
	b.Settle(t.Context(), upstream.Usage{InputTokens: 4000, OutputTokens: 300})
	if got, want := used(t, table), [dimensions]int64{1000, 4000, 3000}; got != want {
		t.Errorf("%v ms are used, want %v", got, want)
	}
}
