package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// TestChanges holds the writes to their rules against any record they may
// meet. Most of these never come up while an instance knows the record; they
// are for the moment in which it does not.
func TestChanges(t *testing.T) {
	t.Parallel()
	type attrs = map[string]store.Value
	num, text := store.Num, store.Text
	at := func(s int64) time.Time { return time.UnixMilli(s * 1000) }
	var (
		resting  = attrs{"until": num(60_000), "set_at": num(20_000), "class": text("billing"), "why": text("w"), "quarantine": num(1), "count": num(2), "ttl": num(60 + 86400)}
		probing  = with(resting, attrs{"probe_until": num(130_000), "probe_by": text("a/1")})
		ended    = attrs{"until": num(0), "set_at": num(70_000), "class": text(""), "why": text("recovered"), "quarantine": num(0), "count": num(0), "ttl": num(70 + 86400)}
		cleared  = with(ended, attrs{"why": text("cleared by an operator")})
		cooldown = with(resting, attrs{"quarantine": num(0)})
	)
	begin := func(now, set, until int64) store.Change {
		return beginChange(at(now), rest{Rest: records.Rest{Set: set * 1000, Until: until * 1000, Class: "auth", Why: "n", Count: 3, Quarantine: true}})
	}
	begun := func(set, until int64) attrs {
		return attrs{"until": num(until * 1000), "set_at": num(set * 1000), "class": text("auth"), "why": text("n"), "quarantine": num(1), "count": num(3), "ttl": num(until + 86400)}
	}
	extend := func(set, until int64, quarantine bool) store.Change {
		return extendChange(set*1000, rest{Rest: records.Rest{Until: until * 1000, Class: "concurrency", Why: "n", Quarantine: quarantine}})
	}
	extended := attrs{"until": num(90_000), "class": text("concurrency"), "why": text("n"), "ttl": num(90 + 86400)}
	tests := []struct {
		name   string
		before attrs
		change store.Change
		after  attrs // nil: refused
	}{
		{"begin on nothing", nil, begin(70, 70, 90), begun(70, 90)},
		{"begin while it rests", resting, begin(59, 59, 90), nil},
		{"begin at its end", resting, begin(60, 60, 90), begun(60, 90)},
		{"begin after its end", resting, begin(70, 70, 90), begun(70, 90)},
		{"begin takes the lease away", probing, begin(70, 70, 90), begun(70, 90)},
		{"begin again is refused", begun(70, 90), begin(70, 70, 90), nil},
		{"begin after an end", ended, begin(71, 71, 90), begun(71, 90)},
		{"begin before an end by a clock ahead", ended, begin(65, 65, 90), nil},
		{"begin at the fence", ended, begin(65, 70, 90), nil},
		{"begin behind the fence", ended, begin(65, 71, 90), begun(71, 90)},

		{"extend", resting, extend(20, 90, false), with(resting, extended)},
		{"extend makes a quarantine", cooldown, extend(20, 90, true), with(resting, extended)},
		{"extend to an earlier end", resting, extend(20, 50, true), nil},
		{"extend to the same end", resting, extend(20, 60, true), nil},
		{"extend another episode", resting, extend(19, 90, true), nil},
		{"extend what was ended", ended, extend(20, 90, true), nil},
		{"extend nothing", nil, extend(0, 90, true), nil},

		{"probe", resting, probeChange(at(70), "a/1"), probing},
		{"probe at the end", resting, probeChange(at(60), "a/1"), with(probing, attrs{"probe_until": num(120_000)})},
		{"probe before the end", resting, probeChange(at(59), "a/1"), nil},
		{"probe while another does", probing, probeChange(at(129), "b/1"), nil},
		{"probe when its lease is over", probing, probeChange(at(130), "b/1"), with(probing, attrs{"probe_until": num(190_000), "probe_by": text("b/1")})},
		{"probe a cooldown", cooldown, probeChange(at(70), "a/1"), nil},
		{"probe what was ended", ended, probeChange(at(80), "a/1"), nil},
		{"probe nothing", nil, probeChange(at(70), "a/1"), nil},

		{"success after the end", resting, endChange(at(70), at(61), ""), ended},
		{"success sent within the rest, back after it", resting, endChange(at(70), at(21), ""), ended},
		{"success sent when it began", resting, endChange(at(70), at(20), ""), nil},
		{"success sent before it began", resting, endChange(at(70), at(19), ""), nil},
		{"success before the end", resting, endChange(at(59), at(21), ""), nil},
		{"success of the probe, by a clock behind", probing, endChange(at(59), at(58), "a/1"), with(ended, attrs{"set_at": num(59_000), "ttl": num(59 + 86400)})},
		{"success before the end, of another", probing, endChange(at(59), at(58), "b/1"), nil},
		{"success after another", ended, endChange(at(71), at(61), ""), nil},
		{"success on nothing", nil, endChange(at(71), at(61), ""), nil},

		{"clear", probing, clearChange(70_000), cleared},
		{"clear at the fence", ended, clearChange(70_000), nil},
		{"clear nothing", nil, clearChange(70_000), cleared},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.change.Validate(); err != nil {
				t.Fatal(err)
			}
			got, err := store.Apply(store.Item{Attrs: tt.before}, tt.change)
			if err != nil {
				t.Fatal(err)
			}
			if got.Applied != (tt.after != nil) {
				t.Fatalf("applied: %v, want %v", got.Applied, tt.after != nil)
			}
			if diff := cmp.Diff(tt.after, got.Item.Attrs, cmp.AllowUnexported(store.Value{})); got.Applied && diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// with lays attributes over others.
func with(attrs ...map[string]store.Value) map[string]store.Value {
	out := map[string]store.Value{}
	for _, a := range attrs {
		for name, v := range a {
			out[name] = v
		}
	}
	return out
}
