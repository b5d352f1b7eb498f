package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// traffic writes a log of a request a second, for two minutes.
func traffic(t *testing.T, more string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("time,input_tokens,output_tokens\n")
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range 120 {
		fmt.Fprintf(&b, "%s,1000,100\n", at.Add(time.Duration(i)*time.Second).Format(time.RFC3339))
	}
	path := filepath.Join(t.TempDir(), "traffic.csv")
	if err := os.WriteFile(path, []byte(b.String()+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlan(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "plan.html")
	var stdout, stderr strings.Builder
	log := traffic(t, strings.Repeat("x,1,1\n", 7))
	if code := run(t.Context(), []string{"plan", log, "--input", "20000", "--out", page}, nil, &stdout, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	if !strings.Contains(stdout.String(), "120 requests from 2026-11-23 09:00:00") || !strings.Contains(stdout.String(), "enough") {
		t.Errorf("answer:\n%s", stdout.String())
	}
	for _, text := range []string{log + ":122: time \"x\"", "and 2 more", page + " is written"} {
		if !strings.Contains(stderr.String(), text) {
			t.Errorf("%q is not in\n%s", text, stderr.String())
		}
	}
	if data, err := os.ReadFile(page); err != nil || !strings.Contains(string(data), "<svg") {
		t.Errorf("page: %v", err)
	}
}

func TestPlanAsJSON(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := run(t.Context(), []string{"plan", traffic(t, ""), "--requests", "100", "--groups", "1", "--json"}, nil, &stdout, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	if !strings.Contains(stdout.String(), `"schema": "fallow-plan/1"`) {
		t.Errorf("got %s", stdout.String())
	}
}

func TestPlanRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"no file", []string{"/nowhere.log", "--input", "1"}, "/nowhere.log"},
		{"no limits", []string{traffic(t, "")}, "a group needs limits"},
		{"no wait", []string{traffic(t, ""), "--input", "1", "--wait", "0s"}, "must be more than 0"},
		{"nothing cached", []string{traffic(t, ""), "--input", "1", "--cached", "0"}, "must be more than 0"},
		{"bad lines", []string{traffic(t, "x,1,1\n"), "--max-bad", "0", "--input", "1"}, "at most 0 are let pass"},
		{"nowhere to write", []string{traffic(t, ""), "--requests", "100", "--out", "/nowhere/plan.html"}, "the page was not written"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if code := run(t.Context(), append([]string{"plan"}, tt.args...), nil, &out, &out); code != 1 || !strings.Contains(out.String(), tt.says) {
				t.Errorf("exit %d, %q; want 1 and %q", code, out.String(), tt.says)
			}
		})
	}
}

func TestProgressGoesToAFileNowAndThen(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := newLine(&out)
	l.show("one")
	l.last = l.last.Add(-plainEvery)
	l.show("two")
	l.show("three")
	l.end()
	if out.String() != "two\n" {
		t.Errorf("wrote %q", out.String())
	}
	out.Reset()
	l.live = true
	l.show("four")
	l.end()
	if out.String() != "\rfour\x1b[K\r\x1b[K" {
		t.Errorf("a terminal gets %q", out.String())
	}
}
