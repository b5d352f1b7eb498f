package rebalance

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

func TestEvent(t *testing.T) {
	t.Parallel()
	thirty, ninety := int64(30), int64(90)
	digests := []Digest{{Pool: "p", Groups: []GroupDigest{
		{Name: "a", Keys: []KeyDigest{{Name: "k1", Weight: 0.5}}, Quotas: []QuotaDigest{{Headroom: &ninety}, {Headroom: &thirty}, {}}},
		{Name: "b", Keys: []KeyDigest{{Name: "k2", Weight: 1, Rests: []RestDigest{{Quarantine: true}}}}, Rests: []RestDigest{{Covers: records.Everything, Quarantine: true}}},
	}}}
	got := event(Report{Moved: 1, Restored: 2, Refused: 3}, errors.New("no table"), time.Second, digests)
	want := telemetry.Rebalance{
		Took: time.Second, Failure: "no table", Moved: 1, Restored: 2, Refused: 3,
		Groups: []telemetry.GroupState{
			{Pool: "p", Name: "a", Headroom: 0.3, HeadroomKnown: true},
			{Pool: "p", Name: "b", Headroom: 1, Resting: true, Quarantined: true},
		},
		Keys: []telemetry.KeyState{{Pool: "p", Name: "k1", Weight: 0.5}, {Pool: "p", Name: "k2", Weight: 1, Quarantined: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
}
