package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/rebalance"
	"github.com/fallow-dev/fallow/internal/revision"
)

// revisions compares the deployed file with the newest revision.
func (x *examination) revisions(ctx context.Context) []Finding {
	if x.Table == nil {
		return nil
	}
	const about = "config revisions"
	followed := x.Document.Admin.Config.Source == config.SourceTable
	head, err := revision.New(revision.Config{Table: x.Table}).Head(ctx)
	switch {
	case errors.Is(err, revision.ErrNone) && followed:
		return []Finding{{about, Warn, "there is none, so instances keep to the deployed file", "fallow config apply FILE"}}
	case errors.Is(err, revision.ErrNone):
		return []Finding{good(about, "there is none; instances keep to the deployed file")}
	case err != nil:
		return []Finding{{about, Fail, err.Error(), "allow dynamodb:GetItem on the table; if the revision is damaged, apply a good document"}}
	}
	doc, err := head.Parse()
	if err != nil {
		return []Finding{{about, Fail, fmt.Sprintf("%s cannot be used by this version: %v", head, err), "fallow config rollback REV, or upgrade"}}
	}
	return []Finding{drift(about, head, len(revision.Diff(x.Document, doc)), followed)}
}

func drift(about string, head revision.Entry, changes int, followed bool) Finding {
	inForce := "the file"
	if followed {
		inForce = "the revision"
	}
	if changes == 0 {
		return good(about, fmt.Sprintf("%s says the same as the file", head))
	}
	return Finding{about, Warn, fmt.Sprintf("%s differs from the file in %s; %s is in force", head, plural(changes, "place"), inForce),
		"look with `fallow config diff FILE`; then apply the file, or take the revision's changes over into it"}
}

// The scheduled job runs every minute. One run may fail or be late.
const (
	late    = 3 * time.Minute
	stopped = 5 * time.Minute
)

// schedule looks when the scheduled job last wrote how each pool stands.
func (x *examination) schedule(ctx context.Context) []Finding {
	if x.Table == nil {
		return nil
	}
	var found []Finding
	for _, pool := range slices.Sorted(maps.Keys(x.Document.Pools)) {
		found = append(found, x.lastRun(ctx, pool))
	}
	return found
}

func (x *examination) lastRun(ctx context.Context, pool string) Finding {
	about := "schedule, pool " + pool
	const fix = "look at the rebalance function's log and its schedule in EventBridge Scheduler; `fallow serve` runs the job by itself"
	item, ok, err := x.Table.Get(ctx, rebalance.DigestRecord(pool))
	if err != nil {
		return Finding{about, Fail, "cannot be looked at: " + err.Error(), "allow dynamodb:GetItem on the table"}
	}
	if !ok {
		return Finding{about, Warn, "the scheduled job has not run yet", "wait two minutes after a deployment; then " + fix}
	}
	age := x.Now().Sub(time.UnixMilli(item.Int("at"))).Round(time.Second)
	switch {
	case age > stopped:
		return Finding{about, Fail, fmt.Sprintf("the scheduled job last ran %s ago: weights stand still and keys that rest are not tried", age), fix}
	case age > late:
		return Finding{about, Warn, fmt.Sprintf("the scheduled job last ran %s ago", age), fix}
	}
	return good(about, fmt.Sprintf("the scheduled job ran %s ago", max(age, 0)))
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
