package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/cost"
)

func TestCost(t *testing.T) {
	t.Parallel()
	out, errs, code := command(t, nil, "cost", "--requests", "576000", "--seconds", "11")
	want(t, out, errs, code, 0, "576,000 requests of 11 s a month", "Lambda, 256 MB\n", "1,584,000 GB-seconds", "21.12",
		"2 Fargate tasks, 1 vCPU, 2 GB each\n", "59.10", "Here Lambda is cheaper. Break-even: 2,556,861 requests a month of this kind, 10.7 at once",
		"LiteLLM on ECS", ": 378.10 a month", "Lambda costs as much at 9,446,877 requests")
	if strings.Contains(out, "READ AT") {
		t.Errorf("the sources were not asked for:\n%s", out)
	}
	out, errs, code = command(t, nil, "cost", "--requests", "1e7", "--seconds", "11", "--sources")
	want(t, out, errs, code, 0, "Here the containers are cheaper", "READ AT", "signoz.io", "Sample Cost tables")
	out, errs, code = command(t, nil, "cost", "--requests", "1", "--seconds", "1", "--tasks", "0")
	want(t, out, errs, code, 0, "Lambda, 256 MB")
	if strings.Contains(out, "Fargate") || strings.Contains(out, "cheaper") {
		t.Errorf("containers are compared with though there are none:\n%s", out)
	}
	out, errs, code = command(t, nil, "cost", "--requests", "1", "--seconds", "901")
	want(t, out, errs, code, 1, "at most 900")
	out, errs, code = command(t, nil, "cost", "--seconds", "1")
	want(t, out, errs, code, 2, "--requests")
}

// TestCostInTheDocs: the page on server mode shows what the command prints.
func TestCostInTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/server-mode.md")
	if err != nil {
		t.Fatal(err)
	}
	out, _, _ := command(t, nil, "cost", "--requests", "576000", "--seconds", "11")
	for _, figure := range []string{"36.09", "109.12", "378.10", "2,556,861 requests", "10.7 at once around the clock", "9,446,877 requests"} {
		if !strings.Contains(out, figure) || !strings.Contains(string(page), figure) {
			t.Errorf("%s is not both in docs/server-mode.md and in what the command prints:\n%s", figure, out)
		}
	}
}

func TestCostAsJSON(t *testing.T) {
	t.Parallel()
	out, errs, code := command(t, nil, "cost", "--requests", "1e6", "--seconds", "10", "--json")
	var e cost.Estimate
	if err := json.Unmarshal([]byte(out), &e); err != nil || code != 0 || e.BreakEven < 2e6 || len(e.Prices) == 0 || e.Load.Memory != 256 {
		t.Errorf("got %d, %v, %s%s", code, err, out, errs)
	}
}

func TestGrouped3(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 0.8352: "0.84", 42: "42", 999: "999", 999.5: "999.50", 1000: "1,000", 12345.6: "12,346", 1e6: "1,000,000", 123456789: "123,456,789",
	} {
		if got := grouped3(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}
