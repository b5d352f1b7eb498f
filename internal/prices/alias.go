package prices

import (
	"iter"
	"slices"
	"strings"
)

// A shortening makes an id less specific, or returns it as it is. Regular
// expressions lost: compiling them would cost every cold start more than all
// look-ups of a day.
type shortening struct {
	provider string // empty for every one
	apply    func(id string) string
}

// places are the parts before the model, which say where it runs.
var places = []shortening{
	// An inference profile's ARN ends in its id (AWS docs, Bedrock user guide).
	{"bedrock", afterARN},
	// Some models have a price per region, as in eu-west-1/… and eu/….
	{"bedrock", withoutRegion},
	{"azure", withoutRegion},
	// Profiles across regions begin with the area they stay in.
	{"bedrock", withoutArea},
	{"gemini", func(id string) string { return strings.TrimPrefix(id, "models/") }},
	// ft:gpt-4o-2024-08-06:org:name:id is priced as ft:gpt-4o-2024-08-06.
	{"openai", fineTuned},
}

// versions are the parts after it: …-v1:0, …@20250929, …-2024-08-06,
// …-20250929, …-latest.
var versions = []shortening{
	{"bedrock", func(id string) string { return before(id, ":") }},
	{"bedrock", withoutVersion},
	{"", func(id string) string { return before(id, "@") }},
	{"", withoutDate},
	{"", func(id string) string { return strings.TrimSuffix(id, "-latest") }},
}

// aliases yields the ids under which a model may be listed, itself first. What
// has a price of its own is found before anything less specific; where a model
// runs weighs more than its version, since places differ in price and versions
// of one model hardly do.
func aliases(provider, model string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for placed := range shortened(places, provider, model) {
			for id := range shortened(versions, provider, placed) {
				if !yield(id) {
					return
				}
			}
		}
	}
}

// shortened yields id and what the rules make of it, one after the other.
func shortened(rules []shortening, provider, id string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(id) {
			return
		}
		for _, s := range rules {
			if s.provider != "" && s.provider != provider {
				continue
			}
			shorter := s.apply(id)
			if shorter == "" || shorter == id {
				continue
			}
			if id = shorter; !yield(id) {
				return
			}
		}
	}
}

func before(id, separator string) string {
	id, _, _ = strings.Cut(id, separator)
	return id
}

func afterARN(id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id[strings.LastIndexByte(id, '/')+1:]
	}
	return id
}

// withoutRegion leaves ids alone whose first part is no region, as in
// meta-llama/….
func withoutRegion(id string) string {
	first, rest, ok := strings.Cut(id, "/")
	if ok && isRegion(first) {
		return rest
	}
	return id
}

var areas = []string{"global", "us", "eu", "apac", "jp", "au", "ca", "us-gov"}

// isRegion knows areas and regions such as us-east-1 and us-gov-west-1.
func isRegion(s string) bool {
	n := len(s)
	return slices.Contains(areas, s) ||
		n > 6 && s[2] == '-' && s[n-2] == '-' && allDigits(s[n-1:]) && !strings.Contains(s, ".")
}

func withoutArea(id string) string {
	first, rest, ok := strings.Cut(id, ".")
	if ok && slices.Contains(areas, first) {
		return rest
	}
	return id
}

func fineTuned(id string) string {
	if parts := strings.SplitN(id, ":", 3); len(parts) == 3 && parts[0] == "ft" {
		return "ft:" + parts[1]
	}
	return id
}

func withoutVersion(id string) string {
	if i := strings.LastIndex(id, "-v"); i >= 0 && allDigits(id[i+2:]) {
		return id[:i]
	}
	return id
}

// withoutDate knows both forms that providers end ids in.
func withoutDate(id string) string {
	if rest, date, ok := cutEnd(id, len("-2024-08-06")); ok &&
		date[5] == '-' && date[8] == '-' && isDate(date[1:5]+date[6:8]+date[9:]) {
		return rest
	}
	if rest, date, ok := cutEnd(id, len("-20250929")); ok && isDate(date[1:]) {
		return rest
	}
	return id
}

// cutEnd takes off the last n bytes, which must begin with a hyphen.
func cutEnd(id string, n int) (rest, end string, ok bool) {
	if i := len(id) - n; i > 0 && id[i] == '-' {
		return id[:i], id[i:], true
	}
	return id, "", false
}

// isDate is enough to tell 20250929 from a number of parameters.
func isDate(digits string) bool {
	return allDigits(digits) && "2020" <= digits[:4] && digits[:4] < "2100" && digits[4:6] <= "12" && digits[6:] <= "31"
}

func allDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
