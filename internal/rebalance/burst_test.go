package rebalance

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/estimate/ratios"
	"github.com/fallow-dev/fallow/internal/records"
)

func TestGrow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		quota attrs
		want  int64 // 0: as it was
	}{
		{"shrunk long ago", attrs{records.AttrBurst: 10_000, records.AttrBurstAt: after(-10 * time.Minute)}, 11_000},
		{"shrunk lately", attrs{records.AttrBurst: 10_000, records.AttrBurstAt: after(-10*time.Minute + time.Millisecond)}, 0},
		{"shrunk by a clock ahead", attrs{records.AttrBurst: 10_000, records.AttrBurstAt: after(time.Minute)}, 0},
		{"nobody says when", attrs{records.AttrBurst: 10_000}, 11_000},
		{"up to the whole", attrs{records.AttrBurst: 53_000}, 54_000},
		{"whole", attrs{records.AttrBurst: 54_000}, 0},
		{"more than the whole", attrs{records.AttrBurst: 60_000}, 0},
		{"never shrunk", attrs{records.AttrRequestsLimit: 10}, 0},
		{"too small for a tenth", attrs{records.AttrBurst: 5}, 6},
		{"grown in this minute", attrs{records.AttrBurst: 10_000, records.AttrGrownAt: after(-30 * time.Second)}, 0},
		{"grown in the minute before", attrs{records.AttrBurst: 10_000, records.AttrGrownAt: after(-31 * time.Second)}, 11_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			tt.quota[records.AttrVersion] = 7
			put(t, table, "quota#a#"+sonnet, tt.quota)
			report := run(t, table, nine, "a")
			if tt.want == 0 {
				want(t, table, "quota#a#"+sonnet, tt.quota)
				return
			}
			want(t, table, "quota#a#"+sonnet, attrs{records.AttrBurst: tt.want, records.AttrVersion: 8, records.AttrGrownAt: nine})
			if report.Grown != 1 {
				t.Errorf("report %+v, want one grown", report)
			}
		})
	}
}

// TestGrowsBackWithinHalfAnHour from the least there is, and stays.
func TestGrowsBackWithinHalfAnHour(t *testing.T) {
	t.Parallel()
	table := newTable()
	put(t, table, "quota#a#"+sonnet, attrs{records.AttrBurst: 3_000})
	minutes := 0
	for ; get(t, table, "quota#a#"+sonnet).Int(records.AttrBurst) < records.FullBurst; minutes++ {
		run(t, table, after(time.Duration(minutes)*time.Minute), "a")
		if minutes > 60 {
			t.Fatal("it does not grow back")
		}
	}
	if minutes < 25 || minutes > 35 {
		t.Errorf("took %d minutes, want about half an hour", minutes)
	}
	version := get(t, table, "quota#a#"+sonnet).Int(records.AttrVersion)
	run(t, table, after(2*time.Hour), "a")
	want(t, table, "quota#a#"+sonnet, attrs{records.AttrBurst: records.FullBurst, records.AttrVersion: version})
}

func TestLearn(t *testing.T) {
	t.Parallel()
	table := newTable()
	family := estimate.Start()
	family.Text = estimate.Ratio{PerToken: 4, Seen: 20}
	if err := ratios.Publish(t.Context(), table, "claude", nine, nil, map[string]estimate.Family{sonnet: family}); err != nil {
		t.Fatal(err)
	}
	if report := run(t, table, nine, "a"); report.Learned != 1 {
		t.Errorf("report %+v, want one model learned", report)
	}
	items, err := table.Query(t.Context(), records.Partition("claude"))
	if got := ratios.Of(items)[sonnet]; err != nil || got.Text.PerToken != 4 {
		t.Errorf("got %v, %v; want 4 bytes a token", got, err)
	}
	if report := run(t, table, after(time.Minute), "a"); report.Learned != 0 {
		t.Errorf("report %+v, want nothing to learn", report)
	}
}
