package dashboard

// pools shows how the quotas behind the keys stand, and what providers said.
func pools() []Row {
	return []Row{
		{Height: 6, Widgets: []Widget{
			{Title: "Free share of each quota group's tightest limit", Width: 8, Unit: "%", Max: 100,
				Series: []Series{Search{"Headroom", []string{"Pool", "Group"}, "Average"}}},
			{Title: "Quota groups that rest, and what waits for a probe", Width: 8, Unit: "1 = rests", Series: []Series{
				Search{"Resting", []string{"Pool", "Group"}, "Maximum"}, own("Quarantined", "Maximum", "in quarantine")}},
			{Title: "Weights of the keys", Width: 8, Unit: "share of base weight", Max: 1,
				Series: []Series{Search{"Weight", []string{"Pool", "Key"}, "Average"}}},
		}},
		{Height: 6, Widgets: []Widget{
			{Title: "Cooldowns that began, by cause", Width: 8, Unit: "a minute",
				Series: []Series{Search{"Cooldowns", []string{"Pool", "Class"}, "Sum"}}},
			{Title: "Calls that failed upstream, by class", Width: 8, Unit: "a minute",
				Series: []Series{Search{"UpstreamFailures", []string{"Pool", "Class"}, "Sum"}}},
			{Title: "Calls upstream, and searches that found no room in time", Width: 8, Unit: "a minute", Series: []Series{
				own("UpstreamCalls", "Sum", "calls"), Search{"Exhausted", []string{"Pool"}, "Sum"}}},
		}},
	}
}

// money shows tokens and what they cost at the providers.
func money() []Row {
	return []Row{{Height: 6, Widgets: []Widget{
		{Title: "Tokens", Width: 12, Unit: "tokens a minute", Stack: true, Series: sums("InputTokens", "input, not cached",
			"CacheReadTokens", "read from cache", "CacheWriteTokens", "written to cache", "OutputTokens", "output")},
		{Title: "Input read from prompt caches", Width: 6, Unit: "%", Max: 100, Series: []Series{cacheRead()}},
		{Title: "Tokens at list prices", Width: 6, Unit: "US dollars a minute", Series: []Series{own("Cost", "Sum", "dollars")}},
	}}}
}
