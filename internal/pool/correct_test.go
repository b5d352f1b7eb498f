package pool

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestCorrection(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		more          [dimensions]int64
		known, stands quota
		asks, won     bool
		at            [dimensions]int64 // ms after noon
	}{
		{"nothing", [dimensions]int64{}, perMinute(60).after(5), perMinute(60).after(5), false, false, [dimensions]int64{}},
		{"of an unknown limit", [dimensions]int64{0, 700}, perMinute(60), perMinute(60), false, false, [dimensions]int64{}},
		{"a charge on a busy bucket is added", [dimensions]int64{700}, perMinute(60).after(0), perMinute(60).after(9000), true, true, [dimensions]int64{9700, -noon, -noon}},
		{"a charge on an idle bucket is set", [dimensions]int64{700}, perMinute(60).after(-3001), perMinute(60).after(-3001), true, true, [dimensions]int64{700, -noon, -noon}},
		{"slightly idle counts as busy", [dimensions]int64{700}, perMinute(60).after(-3000), perMinute(60).after(-3000), true, true, [dimensions]int64{-2300, -noon, -noon}},
		{"a charge where nothing was booked", [dimensions]int64{700}, perMinute(60), perMinute(60), true, true, [dimensions]int64{700, -noon, -noon}},
		{"busy here, idle there", [dimensions]int64{700}, perMinute(60).after(1), perMinute(60).after(-3001), true, false, [dimensions]int64{-3001, -noon, -noon}},
		{"idle here, busy there", [dimensions]int64{700}, perMinute(60).after(-3001), perMinute(60).after(1), true, false, [dimensions]int64{1, -noon, -noon}},
		{"a refund is added whatever stands there", [dimensions]int64{-700}, perMinute(60).after(-1), perMinute(60).after(9000), true, true, [dimensions]int64{8300, -noon, -noon}},
		{"a refund on an idle bucket is harmless", [dimensions]int64{-700}, perMinute(60).after(9000), perMinute(60).after(-9000), true, true, [dimensions]int64{-9700, -noon, -noon}},
		{"a charge and a refund", [dimensions]int64{0, -500, 700}, perMinute(60, 60, 60).after(1, 2, 3), perMinute(60, 60, 60).after(1, 2, 3), true, true, [dimensions]int64{1, -498, 703}},
		{"a refund waits for its charge's branch", [dimensions]int64{0, -500, 700}, perMinute(60, 60, 60).after(1, 2, 3), perMinute(60, 60, 60).after(1, 2, -3001), true, false, [dimensions]int64{1, 2, -3001}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			change, asks := correction{now: noon, more: tt.more}.change(tt.known)
			if asks != tt.asks {
				t.Fatalf("asks the store: got %v, want %v", asks, tt.asks)
			}
			if !asks {
				return
			}
			item, won := apply(t, tt.stands.item(), change)
			got := quotaOf("g", item).at
			for d := range dimensions {
				got[d] -= noon
			}
			if won != tt.won || got != tt.at {
				t.Errorf("won %v, %v ms after noon; want %v, %v", won, got, tt.won, tt.at)
			}
		})
	}
}

func TestCorrectionCharges(t *testing.T) {
	t.Parallel()
	c := correction{now: noon, more: [dimensions]int64{-1, 2, 0}}
	if got, want := c.charges(), (correction{now: noon, more: [dimensions]int64{0, 2, 0}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCorrectionIsUrgent(t *testing.T) {
	t.Parallel()
	loose, tight := int64(records.FullBurst/relaxedPart), int64(records.FullBurst/tightPart)
	for _, tt := range []struct {
		name string
		more int64
		used int64 // ms of the burst
		want bool
	}{
		{"little where there is room", loose, 0, false},
		{"little back", -loose, 0, false},
		{"more than that", loose + 1, 0, true},
		{"more than that back", -loose - 1, 0, true},
		{"half used", loose, records.FullBurst / 2, false},
		{"more than half used", loose, records.FullBurst/2 + 1, true},
		{"very little there", tight, records.FullBurst/2 + 1, false},
		{"very little back there", -tight, records.FullBurst/2 + 1, false},
		{"not so little there", tight + 1, records.FullBurst/2 + 1, true},
	} {
		c := correction{now: noon, more: [dimensions]int64{0, tt.more}}
		if got := c.urgent(perMinute(0, 60).after(0, tt.used)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		c = correction{now: noon, more: [dimensions]int64{0, 0, tt.more}}
		if c.urgent(perMinute(0, 60).after(0, tt.used)) {
			t.Errorf("%s: urgent in a dimension without a limit", tt.name)
		}
	}
}

// scripted answers updates of a table as told, and keeps what was asked.
type scripted struct {
	store.Table
	script []string // "ok", "lost" (applied, its reply lost), "down"
	asked  []store.Change
}

var errScript = errors.New("no reply")

func (s *scripted) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	s.asked = append(s.asked, c)
	now := "ok"
	if len(s.script) > 0 {
		now, s.script = s.script[0], s.script[1:]
	}
	if now == "down" {
		return store.Result{}, errScript
	}
	r, err := s.Table.Update(ctx, key, c)
	if now == "lost" {
		return store.Result{}, errScript
	}
	return r, err
}

// booked is a pool of one key whose quota is 60 requests, 60,000 tokens in and
// 6,000 out a minute, with a booking of 10,000 tokens.
func booked(t *testing.T, table store.Table, set ...func(*Config)) *Booking {
	t.Helper()
	cfg := Config{
		Name: "p", Keys: []Key{{Name: "k", Weight: 1}}, Table: table,
		Now: func() time.Time { return time.UnixMilli(noon) }, Rand: func() float64 { return 0 },
	}
	for _, f := range set {
		f(&cfg)
	}
	_, err := table.Update(t.Context(), quotaKey, store.Change{Do: []store.Assign{
		store.Set("requests_limit", store.Num(60)), store.Set("input_limit", store.Num(60_000)),
		store.Set("output_limit", store.Num(6000)), store.Set("version", store.Num(1)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(cfg).Book(t.Context(), Want{Model: "f", Family: "f", Input: 10_000, Output: 2000})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var quotaKey = store.Key{Partition: "pool#p", Sort: "quota#k#f"}

// used are ms after noon of each dimension.
func used(t *testing.T, table store.Table) (ms [dimensions]int64) {
	t.Helper()
	item, _, err := table.Get(t.Context(), quotaKey)
	if err != nil {
		t.Fatal(err)
	}
	for d, at := range quotaOf("k", item).at {
		if at != 0 {
			ms[d] = at - noon
		}
	}
	return ms
}

func TestSettleCorrects(t *testing.T) {
	t.Parallel()
	prepaid := func(c *Config) { c.Prepaid = true }
	refused := func(status int, class upstream.Class) []Outcome {
		return []Outcome{{Fault: &upstream.Fault{Class: class, Status: status}}}
	}
	tests := []struct {
		name     string
		set      []func(*Config)
		outcomes []Outcome
		usage    upstream.Usage
		want     [dimensions]int64
	}{
		{"nothing is known of the usage", nil, nil, upstream.Usage{}, [dimensions]int64{1000, 10_000, 0}},
		{"as estimated, output as produced", nil, nil, upstream.Usage{InputTokens: 10_000, OutputTokens: 600}, [dimensions]int64{1000, 10_000, 6000}},
		{"estimated too low", nil, nil, upstream.Usage{InputTokens: 13_000}, [dimensions]int64{1000, 13_000, 0}},
		{"estimated too high", nil, nil, upstream.Usage{InputTokens: 4000}, [dimensions]int64{1000, 4000, 0}},
		{"cache writes count, reads do not", nil, nil, upstream.Usage{InputTokens: 1000, CacheWriteTokens: 2000, CacheReadTokens: 50_000}, [dimensions]int64{1000, 3000, 0}},
		{"prepaid books the output with the input", []func(*Config){prepaid}, nil, upstream.Usage{}, [dimensions]int64{1000, 12_000, 0}},
		{"prepaid gives back what was not produced", []func(*Config){prepaid}, nil, upstream.Usage{InputTokens: 8000, CacheReadTokens: 2000, OutputTokens: 500}, [dimensions]int64{1000, 10_500, 5000}},
		{"a refusal is not charged", nil, refused(429, upstream.Client), upstream.Usage{}, [dimensions]int64{0, 0, 0}},
		{"too little to be worth a write", nil, nil, upstream.Usage{InputTokens: 10_500}, [dimensions]int64{1000, 10_000, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := embedded.NewMemory()
			b := booked(t, table, tt.set...)
			for _, o := range tt.outcomes {
				b.Learn(t.Context(), o)
			}
			b.Settle(t.Context(), tt.usage)
			if got := used(t, table); got != tt.want {
				t.Errorf("got %v ms used, want %v", got, tt.want)
			}
		})
	}
}

// TestChargedThoughBroken: what began to be answered, or may have been, was
// taken in by the provider, whatever became of it.
func TestChargedThoughBroken(t *testing.T) {
	t.Parallel()
	for _, class := range []upstream.Class{upstream.Truncated, upstream.Timeout, upstream.Connect, upstream.Overload} {
		table := embedded.NewMemory()
		b := booked(t, table)
		b.Learn(t.Context(), Outcome{})
		b.Learn(t.Context(), Outcome{Fault: &upstream.Fault{Class: class}}) // within the stream: no status
		b.Settle(t.Context(), upstream.Usage{InputTokens: 10_000, OutputTokens: 300})
		if got, want := used(t, table), [dimensions]int64{1000, 10_000, 3000}; got != want {
			t.Errorf("%s after 200: got %v ms used, want %v", class, got, want)
		}
	}
}

// TestRefundsAtMostOnceChargesAtLeastOnce loses replies of a settlement that
// both takes back and charges.
func TestRefundsAtMostOnceChargesAtLeastOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		script []string
		want   [dimensions]int64
	}{
		{"all well", []string{"ok"}, [dimensions]int64{1000, 4000, 6000}},
		{"reply lost: the charge is made again, the refund is not", []string{"lost", "ok"}, [dimensions]int64{1000, 4000, 12_000}},
		{"never arrived: the refund is given up", []string{"down", "ok"}, [dimensions]int64{1000, 10_000, 6000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := &scripted{Table: embedded.NewMemory()}
			b := booked(t, table)
			table.script = slices.Clone(tt.script)
			b.pool.tally = map[string]*tally{"k": {flushed: time.UnixMilli(noon)}} // so that only the correction is written
			b.Settle(t.Context(), upstream.Usage{InputTokens: 4000, OutputTokens: 600})
			if got := used(t, table); got != tt.want {
				t.Errorf("got %v ms used, want %v", got, tt.want)
			}
		})
	}
}

// TestCorrectsFromTheExactState: the record has moved on since it was last seen.
func TestCorrectsFromTheExactState(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	b := booked(t, table)
	// Foreign knowledge put output far ahead: the branch for an idle bucket loses.
	if _, err := table.Update(t.Context(), quotaKey, drain(output, noon+9000)); err != nil {
		t.Fatal(err)
	}
	b.Settle(t.Context(), upstream.Usage{InputTokens: 10_000, OutputTokens: 600})
	if got, want := used(t, table), [dimensions]int64{1000, 10_000, 15_000}; got != want {
		t.Errorf("got %v ms used, want %v", got, want)
	}
}

// TestSmallChargesAddUp: corrections each too small to write must not let a
// dimension be used without end.
func TestSmallChargesAddUp(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	p := booked(t, table).pool
	more := store.Change{Do: []store.Assign{store.Set("requests_limit", store.Num(1_000_000))}} // these do not bind
	if _, _, err := p.update(t.Context(), records.GroupScope("k", "f"), more); err != nil {
		t.Fatal(err)
	}
	for range 80 { // of half a second of output each
		b, err := p.Book(t.Context(), Want{Model: "f", Family: "f"})
		if err != nil {
			t.Fatal(err)
		}
		b.Settle(t.Context(), upstream.Usage{OutputTokens: 50})
	}
	if got := used(t, table)[output]; got < records.FullBurst/2-records.FullBurst/relaxedPart {
		t.Errorf("40 s of output were used and %d ms are charged, want the bucket at least half used", got)
	}
}
