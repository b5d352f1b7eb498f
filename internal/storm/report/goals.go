package report

import (
	"fmt"
	"strings"

	"github.com/fallow-dev/fallow/internal/storm"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// goals writes the verdicts as a table, or why there are none.
func goals(b *strings.Builder, r *storm.Result) {
	switch why := r.Unjudged(); {
	case r.Scenario.Goals == scenarios.Goals{}:
	case why != "":
		fmt.Fprintf(b, "\nThe goals were not judged: %s.\n", why)
	default:
		b.WriteByte('\n')
		rows := [][]string{{"goal for fallow", "at most", "got", "met"}}
		for _, v := range r.Verdicts {
			rows = append(rows, []string{v.Goal, brief(v.AtMost), brief(v.Got), met(v)})
		}
		markdown(b, rows)
	}
}

func met(v storm.Verdict) string {
	if v.Met {
		return "yes"
	}
	return "NO"
}

// goalRow is a verdict on the page.
type goalRow struct {
	storm.Verdict
	AtMost, Got, Word string
}

func newGoalRows(r *storm.Result) []goalRow {
	var rows []goalRow
	for _, v := range r.Verdicts {
		rows = append(rows, goalRow{v, brief(v.AtMost), brief(v.Got), map[bool]string{true: "met", false: "missed"}[v.Met]})
	}
	return rows
}
