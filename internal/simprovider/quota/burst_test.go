package quota

import (
	"testing"
	"time"
)

// TestBurst: ten times the limit in a tenth of the time holds as much, and is
// full again ten times as soon.
func TestBurst(t *testing.T) {
	t.Parallel()
	g := NewGroup(Limits{InputTokens: 600_000, Burst: 6 * time.Second}, noon)
	if _, ok := g.Admit(Need{InputTokens: 60_000}, noon); !ok {
		t.Fatal("a full bucket refused what it holds")
	}
	short, ok := g.Admit(Need{InputTokens: 30_000}, noon)
	if ok || short.Wait != 3*time.Second {
		t.Errorf("got %v, %v; want a wait of 3 s", short.Wait, ok)
	}
	l := g.Levels(noon)[0]
	if l.PerMinute != 600_000 || !l.FullAt.Equal(noon.Add(6*time.Second)) {
		t.Errorf("level %+v, want 600,000 a minute, full in 6 s", l)
	}
	if _, ok := g.Admit(Need{InputTokens: 60_001}, noon.Add(time.Hour)); ok {
		t.Error("more passed at once than the bucket holds")
	}
	g.Scale(0.5, noon.Add(time.Hour))
	if _, ok := g.Admit(Need{InputTokens: 30_001}, noon.Add(time.Hour)); ok {
		t.Error("a halved bucket held more than half")
	}
}
