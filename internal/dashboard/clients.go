package dashboard

import "slices"

// CloudWatch is the stack's dashboard, from what a client notices at the top to
// what the gateway itself costs at the bottom.
func CloudWatch() Board {
	return Board{Rows: slices.Concat([]Row{title()}, clients(), pools(), money(), platform())}
}

func title() Row {
	return Row{Height: 2, Widgets: []Widget{{Width: Columns, Text: "# ${AWS::StackName}\n" +
		"What clients see, why, and what it costs. Alarms and what to do about each: [runbook](${Runbook}) · " +
		"saved queries: Logs Insights, folder `${AWS::StackName}`"}}}
}

// clients shows what those who call see: the figures that make somebody put a
// gateway in between, over the whole time shown, and then how they went.
func clients() []Row {
	return []Row{
		{Height: 3, Widgets: []Widget{
			number("Requests", own("Requests", "Sum", "requests")),
			number("Answered", percent("percent", "Answered", "Requests")),
			number("429s seen by clients", percent("percent", "Limited", "Requests")),
			number("Abandoned", percent("percent", "Abandoned", "Requests")),
			number("Latency", percentiles("Latency", "", "p50", "p95")...),
			number("First token", percentiles("FirstToken", "", "p50", "p95")...),
			number("429s met upstream", percent("percent of calls", "UpstreamLimits", "UpstreamCalls")),
			number("Cache reads", cacheRead()),
		}},
		{Height: 6, Widgets: []Widget{
			{Title: "Latency of whole answers, and time to the first token", Width: 12, Unit: "ms", Series: slices.Concat(
				percentiles("Latency", "answer", "p50", "p95"), percentiles("FirstToken", "first token", "p50", "p95"))},
			{Title: "Requests by how they ended", Width: 12, Unit: "requests a minute", Stack: true, Series: sums(
				"Answered", "answered", "Limited", "limited (429)", "Shed", "shed", "Abandoned", "abandoned",
				"Broken", "broken off", "Rejected", "client's fault", "ProviderFaults", "provider's fault", "GatewayFaults", "ours")},
		}},
		{Height: 6, Widgets: []Widget{
			{Title: "429s: seen by clients, and met upstream", Width: 8, Unit: "a minute", Series: sums(
				"Limited", "seen by clients", "UpstreamLimits", "met upstream")},
			{Title: "Waits for room in a quota", Width: 8, Unit: "ms", Series: percentiles("Wait", "", "p50", "p95", "p99")},
			{Title: "What Fallow added before the first content, waits left out", Width: 8, Unit: "ms",
				Series: percentiles("Overhead", "", "p50", "p95", "p99")},
		}},
	}
}

// number is a field of the top row, of which there are eight.
func number(title string, series ...Series) Widget {
	return Widget{Title: title, Width: Columns / 8, Number: true, Series: series}
}

func cacheRead() Formula {
	return percent("percent of input", "CacheReadTokens", "InputTokens", "CacheReadTokens", "CacheWriteTokens")
}
