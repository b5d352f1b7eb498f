package gemini

import (
	"regexp"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// quota is what a refusal says of the quotas that it met.
type quota struct {
	// daily: one of them is for a day. none: one of them is 0. perModel: all of
	// them are counted for each model of a project.
	daily, none, perModel bool
}

// noQuota is how the message says it. The structured part leaves a value of 0
// out, as protobuf does.
var noQuota = regexp.MustCompile(`\blimit: 0(?:\D|$)`)

// readQuota reads google.rpc.QuotaFailure out of an error, which the compatible
// endpoint puts into a list. Ids are such as
// "GenerateRequestsPerDayPerProjectPerModel-FreeTier".
func readQuota(body []byte) quota {
	doc := gjson.ParseBytes(body)
	if doc.IsArray() {
		doc = doc.Get("0")
	}
	e, q, seen := doc.Get("error"), quota{perModel: true}, false
	q.none = noQuota.MatchString(e.Get("message").Str)
	e.Get("details.#.violations|@flatten").ForEach(func(_, v gjson.Result) bool {
		id := v.Get("quotaId").Str
		seen = true
		q.daily = q.daily || strings.Contains(id, "PerDay")
		q.none = q.none || v.Get("quotaValue").String() == "0"
		q.perModel = q.perModel && strings.Contains(id, "PerModel")
		return true
	})
	q.perModel = q.perModel && seen
	return q
}

// judge gives a refusal its meaning.
//
// A quota of 0 is none at all, and no time will cure it: the project's tier has
// no such model, or, if the quota is not for a model, the project nothing.
//
// One for a day is whole again at midnight, whatever delay RetryInfo names. As
// long as it is counted for each model it stays a rate limit, which rests the
// model's family: the project may have room for its other models.
func (q quota) judge(f *upstream.Fault, now time.Time) {
	switch {
	case q.none && q.perModel:
		f.Class, f.RetryAfter = upstream.Permission, 0
	case q.none:
		f.Class, f.RetryAfter = upstream.Billing, 0
	case q.daily:
		f.Until = nextMidnight(now)
		f.RetryAfter = provider.ClampRetryAfter(f.Until.Sub(now))
		if !q.perModel {
			f.Class = upstream.SpendCap
		}
	}
}

// nextMidnight is when daily quotas are reset: midnight Pacific time.
//
// The rule of daylight saving time is here because a Lambda has no time-zone
// database, and to embed one would make every cold start larger by 450 KB.
func nextMidnight(now time.Time) time.Time {
	local := now.In(pacific(now))
	y, m, d := local.Date()
	// The zone at that midnight: clocks change at 2:00, so it is still the old one
	// on the day of the change, but may be the new one by the next midnight.
	midnight := time.Date(y, m, d+1, 0, 0, 0, 0, local.Location())
	return time.Date(y, m, d+1, 0, 0, 0, 0, pacific(midnight)).UTC()
}

var (
	standard = time.FixedZone("PST", -8*60*60)
	daylight = time.FixedZone("PDT", -7*60*60)
)

// pacific is the zone in force: daylight saving time begins on the second Sunday
// of March and ends on the first of November, at 2:00. (US Energy Policy Act of 2005.)
func pacific(now time.Time) *time.Location {
	year := now.In(standard).Year()
	begin := sunday(year, time.March, 2).Add(2 * time.Hour)
	end := sunday(year, time.November, 1).Add(time.Hour) // 2:00 of daylight time
	if now.Before(begin) || !now.Before(end) {
		return standard
	}
	return daylight
}

// sunday is the n-th one of a month, at midnight standard time.
func sunday(year int, month time.Month, n int) time.Time {
	first := time.Date(year, month, 1, 0, 0, 0, 0, standard)
	days := (7 - int(first.Weekday())) % 7
	return first.AddDate(0, 0, days+7*(n-1))
}
