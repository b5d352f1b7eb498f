//go:build e2e

package endtoend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// modes are the two ways to run the gateway; each test runs in both.
var modes = map[string]func(*testing.T, *rig) string{
	"server": func(t *testing.T, r *rig) string { return r.serve(t) },
	"lambda": func(t *testing.T, r *rig) string { return r.lambdas(t, 40).URL() },
}

func inBothModes(t *testing.T, orgs int, test func(t *testing.T, r *rig, url string)) {
	t.Helper()
	t.Parallel()
	for name, start := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newDurableRig(t, orgs, always(100*time.Millisecond))
			r.exportTraces(t, 0.25)
			url := start(t, r)
			// Warm every environment there can be: one that starts while Secrets
			// Manager is away has nothing to fall back on.
			mustSucceed(t, wave(url, 0, 40))
			test(t, r, url)
		})
	}
}

// TestDynamoStops: the table goes away in the middle, and comes back; a key is
// stuck meanwhile, so that there is something to coordinate.
func TestDynamoStops(t *testing.T) {
	inBothModes(t, 4, func(t *testing.T, r *rig, url string) {
		r.sim.Inject(simprovider.Fault{Effect: fault.Stuck, Key: providerKey(3), For: time.Minute, RetryAfter: 5 * time.Second})
		for n := range 9 {
			switch n {
			case 3:
				r.dynamo.Stop()
			case 6:
				r.dynamo.Restart()
			}
			mustSucceed(t, wave(url, 100*n, 20))
		}
		if !strings.Contains(r.logs.String(), "store unavailable") {
			t.Error("no instance noticed that the table was gone: the test broke nothing")
		}
	})
}

// TestSecretsManagerStops: what was read stays in use.
func TestSecretsManagerStops(t *testing.T) {
	inBothModes(t, 4, func(t *testing.T, r *rig, url string) {
		r.secrets.Down(true)
		for n := range 5 {
			mustSucceed(t, wave(url, 100*n, 20))
		}
	})
}

// TestKeysAreRotated: all four keys are replaced and the old ones revoked while
// requests run.
func TestKeysAreRotated(t *testing.T) {
	inBothModes(t, 4, func(t *testing.T, r *rig, url string) {
		fresh := func(n int) string { return planted.Plant(fmt.Sprintf("rotated key %d", n), "sk-ant-api03-") }
		for n := range 4 {
			if err := r.sim.Accept(organisation(n+1), fresh(n+1)); err != nil {
				t.Fatal(err)
			}
		}
		r.putKeys(fresh)
		mustSucceed(t, wave(url, 100, 20))
		for n := range 4 {
			r.sim.Revoke(providerKey(n + 1))
		}
		for n := range 3 {
			mustSucceed(t, wave(url, 200+100*n, 20))
		}
	})
}

// TestOneOrganisationIsOneGroup: the headers tell, nobody configured it.
func TestOneOrganisationIsOneGroup(t *testing.T) {
	inBothModes(t, 1, func(t *testing.T, r *rig, url string) {
		mustSucceed(t, wave(url, 300, 20))
		req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/admin/v1/pools", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+adminToken)
		resp, err := httpClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var state struct {
			Pools []struct {
				Summary string
				Groups  []struct {
					Name  string
					Known bool
					Keys  []struct{ Name string }
				}
			}
		}
		if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
			t.Fatal(err)
		}
		if len(state.Pools) != 1 || len(state.Pools[0].Groups) != 1 || len(state.Pools[0].Groups[0].Keys) != 4 || !state.Pools[0].Groups[0].Known {
			t.Errorf("state = %+v, want one known group of four keys", state)
		}
	})
}

// TestRebalanceFunction: the scheduled function reads its event and decides
// the weights of the keys that were used.
func TestRebalanceFunction(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, always(0))
	url := r.serve(t)
	for i := range 10 { // so many that each key's counts have been written
		mustSucceed(t, wave(url, 40*i, 40))
	}
	event, err := os.ReadFile(filepath.Join("..", "..", "events", "rebalance.json"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.function(t, "rebalance", 1).Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ Decided, Moved, Fenced int }
	if err := json.Unmarshal(out, &report); err != nil || report.Decided != 4 {
		t.Errorf("report = %s (%v), want 4 decided", out, err)
	}
}
