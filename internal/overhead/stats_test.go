package overhead

import (
	"testing"
	"time"
)

func TestQuantiles(t *testing.T) {
	t.Parallel()
	all := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %g = %g, want %g", q, got, want)
		}
	}
	if all[0] != 5 {
		t.Error("quantile has sorted what it was given")
	}
	if got := quantile([]time.Duration(nil), 0.5); got != 0 {
		t.Errorf("quantile of nothing = %v, want 0", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median = %g, want 2.5", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("median of nothing = %g, want 0", got)
	}
}

func TestReadStat(t *testing.T) {
	t.Parallel()
	const line = "4242 (a (b) c) S 1 777 777 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 8 0 12345 1000000 300 18446744073709551615 1 1"
	u, of, ok := readStat(line)
	if !ok || of != 777 || u.cpu != 2*time.Second || u.rss <= 0 || u.rss%300 != 0 {
		t.Errorf("readStat = %+v, group %d, %v, want 2 s and 300 pages of group 777", u, of, ok)
	}
	for _, bad := range []string{"", "no brackets", "1 (x) S 1 2", "1 (x) S 1 x 777 0 -1 0 1 0 0 0 1 5 0 0 2 0 8 0 1 1 3 1 1 1"} {
		if _, _, ok := readStat(bad); ok {
			t.Errorf("readStat(%q) was taken", bad)
		}
	}
}
