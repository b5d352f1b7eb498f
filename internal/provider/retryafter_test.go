package provider_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		ms, after string
		want      time.Duration
	}{
		{"nothing", "", "", 0},
		{"seconds", "", "7", 7 * time.Second},
		{"broken seconds", "", "1.5", 1500 * time.Millisecond},
		{"milliseconds win", "120", "7", 120 * time.Millisecond},
		{"broken milliseconds", "0.5", "", 500 * time.Microsecond},
		{"zero milliseconds leave the word to seconds", "0", "7", 7 * time.Second},
		{"negative milliseconds too", "-3", "7", 7 * time.Second},
		{"unreadable milliseconds too", "soon", "7", 7 * time.Second},
		{"negative", "", "-1", 0},
		{"zero", "", "0", 0},
		{"not a number", "", "NaN", 0},
		{"garbage", "", "soon", 0},
		{"too much", "", "1e12", 24 * time.Hour},
		{"too many milliseconds", "1e300", "", 24 * time.Hour},
		{"beyond a float", "", "1e999", 0},
		{"HTTP date", "", "Sun, 22 Nov 2026 09:00:42 GMT", 42 * time.Second},
		{"HTTP date of RFC 850", "", "Sunday, 22-Nov-26 09:00:42 GMT", 42 * time.Second},
		{"past date", "", "Sun, 22 Nov 2026 08:00:00 GMT", 0},
		{"far date", "", "Sun, 22 Nov 2099 08:00:00 GMT", 24 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set("retry-after-ms", tt.ms)
			h.Set("retry-after", tt.after)
			if got := provider.RetryAfter(h.Get, now); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "7")
	f.Add("", "Sun, 22 Nov 2026 09:00:42 GMT")
	f.Add("+Inf", "0x1p-2")
	f.Fuzz(func(t *testing.T, ms, after string) {
		get := func(h string) string {
			return map[string]string{"Retry-After-Ms": ms, "Retry-After": after}[h]
		}
		if got := provider.RetryAfter(get, now); got < 0 || got > provider.MaxRetryAfter {
			t.Errorf("got %v, want it within [0, %v]", got, provider.MaxRetryAfter)
		}
	})
}
