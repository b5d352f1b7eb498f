package rebalance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func digestOf(t testing.TB, text string) Digest {
	t.Helper()
	var d Digest
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

// TestDigest: a golden one, with all that there is to say.
func TestDigest(t *testing.T) {
	t.Parallel()
	table := newTable()
	put(t, table, "key#a", attrs{records.AttrOK: 90, records.AttrRefused: 10, records.AttrOwner: "org-a"})
	put(t, table, "key#b", used(attrs{records.AttrOwner: "org-a", records.AttrTriedAt: after(-time.Minute), records.AttrTriedWhy: "lists its models"}))
	put(t, table, "rest#key#b#*", quarantined(upstream.Auth, after(-time.Hour), after(time.Minute)))
	put(t, table, "quota#org-a#"+sonnet, attrs{records.AttrRequestsLimit: 50, records.AttrInputLimit: 1000, records.AttrBurst: 20_000, records.AttrBurstAt: nine, records.AttrInputAt: after(15 * time.Second)})
	put(t, table, "quota#org-a#claude-haiku-4-5", resting(upstream.RateLimit, nine, after(30*time.Second)))
	put(t, table, "rest#group#c#*", quarantined(upstream.Billing, nine, after(time.Minute)))
	run(t, table, nine, "a", "b", "c")
	record := get(t, table, "digest")
	if record.Int(records.AttrAt) != nine.UnixMilli() || record.Key != DigestRecord("claude") {
		t.Errorf("record %v at %d", record.Key, record.Int(records.AttrAt))
	}
	var got, expected any
	if err := json.Unmarshal([]byte(record.Str(records.AttrDigest)), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(golden(t, "digest.json"), &expected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("(-golden +got):\n%s\n%s", diff, record.Str(records.AttrDigest))
	}
	digestOf(t, record.Str(records.AttrDigest))
}

// TestDigestIsBounded: whatever stands in the records, it fits and counts what
// it leaves out, and trouble comes first.
func TestDigestIsBounded(t *testing.T) {
	t.Parallel()
	many := rapid.SampledFrom([]int{0, 1, 3, 40, 300})
	rapid.Check(t, func(t *rapid.T) {
		d := Digest{Pool: "claude", At: nine}
		long := strings.Repeat("é", rapid.IntRange(0, longText).Draw(t, "length"))
		keys, quotas := 0, 0
		groups := many.Draw(t, "groups")
		for i := range groups {
			g := GroupDigest{Name: fmt.Sprint(i), Text: clip(long)}
			for k := range min(many.Draw(t, "keys"), 600/(groups+1)) {
				g.Keys = append(g.Keys, KeyDigest{Name: fmt.Sprint(k), WeightWhy: clip(long)})
				keys++
			}
			for range min(many.Draw(t, "quotas"), 600/(groups+1)) {
				g.Quotas = append(g.Quotas, QuotaDigest{Family: clip(long)})
				quotas++
			}
			if rapid.Bool().Draw(t, "rests") {
				g.Rests = []RestDigest{{Covers: "*"}}
			}
			d.Groups = append(d.Groups, g)
		}
		for range many.Draw(t, "notes") {
			d.Notes = append(d.Notes, clip(long))
		}
		text := d.encode(maxDigest)
		if len(text) > maxDigest {
			t.Fatalf("%d bytes", len(text))
		}
		var back Digest
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		well := false
		for _, g := range back.Groups {
			keys -= len(g.Keys)
			quotas -= len(g.Quotas)
			if well && len(g.Rests) > 0 {
				t.Fatal("a group that is well stands before one that rests")
			}
			well = len(g.Rests) == 0
		}
		if groups -= len(back.Groups); (back.LeftOut != LeftOut{groups, keys, quotas}) {
			t.Fatalf("says that %+v are left out; it is %d groups, %d keys, %d quotas", back.LeftOut, groups, keys, quotas)
		}
	})
}

func TestDigestKeepsKeysThatRest(t *testing.T) {
	t.Parallel()
	g := GroupDigest{Name: "g", Text: strings.Repeat("x", 200)}
	for i := range 500 {
		g.Keys = append(g.Keys, KeyDigest{Name: fmt.Sprint(i), WeightWhy: strings.Repeat("x", 200)})
	}
	g.Keys[499].Rests = []RestDigest{{Covers: "*"}}
	d := digestOf(t, string(Digest{Groups: []GroupDigest{g}}.encode(maxDigest)))
	if len(d.Groups) != 1 || d.Groups[0].Keys[0].Name != "499" || d.LeftOut.Keys != 500-len(d.Groups[0].Keys) {
		t.Errorf("got %+v, left out %+v", d.Groups, d.LeftOut)
	}
}

func TestHeadroom(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		quota attrs
		want  int64 // -1: unknown
	}{
		{"no limit known", attrs{records.AttrRequestsAt: after(time.Hour)}, -1},
		{"full", attrs{records.AttrRequestsLimit: 50, records.AttrRequestsAt: after(-time.Hour)}, 100},
		{"half", attrs{records.AttrRequestsLimit: 50, records.AttrRequestsAt: after(27 * time.Second)}, 50},
		{"booked into the future", attrs{records.AttrRequestsLimit: 50, records.AttrRequestsAt: after(time.Hour)}, 0},
		{"the tightest", attrs{records.AttrRequestsLimit: 50, records.AttrOutputLimit: 9, records.AttrOutputAt: after(13500 * time.Millisecond)}, 75},
		{"of a smaller bucket", attrs{records.AttrInputLimit: 50, records.AttrInputAt: after(5 * time.Second), records.AttrBurst: 10_000}, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			put(t, table, "quota#a#m", tt.quota)
			got := headroom(get(t, table, "quota#a#m"), nine.UnixMilli())
			if (got == nil) != (tt.want < 0) || got != nil && *got != tt.want {
				t.Errorf("got %v, want %d", got, tt.want)
			}
		})
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	if got := clip(strings.Repeat("é", 200)); len(got) != longText+len("…") || !strings.HasSuffix(got, "é…") {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
	if got := clip("a" + strings.Repeat("é", 200)); len(got) != longText-1+len("…") {
		t.Errorf("got %d bytes, want the broken character left out: %s", len(got), got)
	}
}
