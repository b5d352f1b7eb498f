package openai_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// trio returns the three headers of one limit.
func trio(what, limit, remaining, reset string) []string {
	return []string{"x-ratelimit-limit-" + what, limit, "x-ratelimit-remaining-" + what, remaining, "x-ratelimit-reset-" + what, reset}
}

// tokens is one limit of tokens; full below 0 is unknown.
func tokens(limit, remaining int64, full time.Duration) []upstream.Limit {
	l := upstream.Limit{Dimension: upstream.Tokens, PerMinute: limit, Remaining: remaining}
	if full >= 0 {
		l.FullAt = now.Add(full)
	}
	return []upstream.Limit{l}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header http.Header
		want   upstream.Signals
	}{
		{"nothing", headers(), upstream.Signals{}},
		{"all of it", headers(append(append(trio("requests", "60", "59", "1s"), trio("tokens", "150000", "149984", "6m0s")...),
			"openai-organization", "org-a", "openai-project", "proj_b")...),
			upstream.Signals{Owner: "org-a/proj_b", Limits: []upstream.Limit{
				{Dimension: upstream.Requests, PerMinute: 60, Remaining: 59, FullAt: now.Add(time.Second)},
				{Dimension: upstream.Tokens, PerMinute: 150000, Remaining: 149984, FullAt: now.Add(6 * time.Minute)},
			}}},
		{"organisation alone", headers("openai-organization", "user-a"), upstream.Signals{Owner: "user-a"}},
		{"project alone names nobody", headers("openai-project", "proj_b"), upstream.Signals{}},
		{"milliseconds", headers(trio("tokens", "9", "8", "120ms")...), upstream.Signals{Limits: tokens(9, 8, 120*time.Millisecond)}},
		{"broken seconds", headers(trio("tokens", "9", "8", "7.66s")...), upstream.Signals{Limits: tokens(9, 8, 7660*time.Millisecond)}},
		{"plain seconds", headers(trio("tokens", "9", "8", "12")...), upstream.Signals{Limits: tokens(9, 8, 12*time.Second)}},
		{"nothing left is true", headers(trio("tokens", "9", "0", "60s")...), upstream.Signals{Limits: tokens(9, 0, time.Minute)}},
		{"no reset", headers(trio("tokens", "9", "8", "")...), upstream.Signals{Limits: tokens(9, 8, -1)}},
		{"negative reset", headers(trio("tokens", "9", "8", "-1s")...), upstream.Signals{Limits: tokens(9, 8, -1)}},
		{"reset as a date in Unix seconds", headers(trio("tokens", "9", "8", "1795000000")...), upstream.Signals{Limits: tokens(9, 8, -1)}},
		{"Azure's -1 and 0", headers(append(trio("requests", "-1", "0", ""), trio("tokens", "0", "0", "0")...)...), upstream.Signals{}},
		{"remaining -1", headers(trio("tokens", "9", "-1", "1s")...), upstream.Signals{}},
		{"limit alone", headers("x-ratelimit-limit-tokens", "9"), upstream.Signals{}},
		{"remaining alone", headers("x-ratelimit-remaining-tokens", "9"), upstream.Signals{}},
		{"not a number", headers(trio("tokens", "many", "8", "1s")...), upstream.Signals{}},
		{"the project's limit binds", headers(append(trio("tokens", "900", "800", "1s"), trio("project-tokens", "90", "10", "2s")...)...),
			upstream.Signals{Limits: tokens(90, 10, 2*time.Second)}},
		{"the organisation's limit binds", headers(append(trio("tokens", "900", "5", "1s"), trio("project-tokens", "90", "10", "2s")...)...),
			upstream.Signals{Limits: tokens(900, 5, time.Second)}},
		{"the project's limit alone", headers(trio("project-tokens", "90", "10", "2s")...), upstream.Signals{Limits: tokens(90, 10, 2*time.Second)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := openai.New(openai.Config{}).Signals(tt.header, now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("signals differ (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzSignals(f *testing.F) {
	f.Add("60", "59", "6m0s")
	f.Add("-1", "0", "1e9")
	f.Fuzz(func(t *testing.T, limit, remaining, reset string) {
		for _, l := range openai.New(openai.Config{}).Signals(headers(trio("tokens", limit, remaining, reset)...), now).Limits {
			if l.PerMinute <= 0 || l.Remaining < 0 {
				t.Errorf("got %+v, want a limit that counts something", l)
			}
			if !l.FullAt.IsZero() && (l.FullAt.Before(now) || l.FullAt.After(now.Add(24*time.Hour))) {
				t.Errorf("full at %v, now is %v", l.FullAt, now)
			}
		}
	})
}
