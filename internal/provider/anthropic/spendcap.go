package anthropic

import (
	"regexp"
	"time"
)

// accessAgain finds the date in "You will regain access on 2026-12-01 at 00:00
// UTC" and its likes. The time of day may be missing; it is UTC in every text
// seen, so a zone is not read.
var accessAgain = regexp.MustCompile(`\b(\d{4}-\d{2}-\d{2})(?:(?:T| at |,? )(\d{2}:\d{2}))?`)

// longestSpendCap bounds what is believed of a date in a text: one that is
// further away is a misreading, and would bench an organisation for years.
const longestSpendCap = 366 * 24 * time.Hour

// spendCapEnd says when a spend limit ends: on the date its text names, else,
// for the cap of a tier, at the start of the next month (Anthropic docs,
// api/rate-limits, "Spend limits"). Zero when nobody knows.
func spendCapEnd(e refusal, now time.Time) time.Time {
	if m := accessAgain.FindStringSubmatch(e.message); m != nil {
		clock := m[2]
		if clock == "" {
			clock = "00:00"
		}
		end, err := time.Parse("2006-01-02 15:04", m[1]+" "+clock)
		if err == nil && end.After(now) && end.Before(now.Add(longestSpendCap)) {
			return end
		}
	}
	if e.code == "enforced_spend_limit_reached" {
		return nextMonth(now)
	}
	return time.Time{}
}

// nextMonth is 00:00 UTC on the first of the month after now.
func nextMonth(now time.Time) time.Time {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
}
