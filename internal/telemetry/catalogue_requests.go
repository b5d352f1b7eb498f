package telemetry

// requestMetrics tell what clients saw.
func requestMetrics() []Metric {
	return []Metric{
		{"request", "Requests that reached Fallow, however they ended.", total("Requests", Count), Prometheus{}},
		{"request", "Requests that reached Fallow, by how they ended.", CloudWatch{}, counter("fallow_requests_total", "route", "outcome")},
		{"request", "Requests whose client took a complete answer.", total("Answered", Count), Prometheus{}},
		{"request", "Answers that broke off after their status was out.", total("Broken", Count), Prometheus{}},
		{"request", "Requests whose client left before it had its answer (499).", total("Abandoned", Count), Prometheus{}},
		{"request", "429s seen by clients: no room in time, or no budget.", total("Limited", Count), Prometheus{}},
		{"request", "Requests refused without a call, because the provider has no capacity.", total("Shed", Count), Prometheus{}},
		{"request", "Requests refused for a fault of the client's.", total("Rejected", Count), Prometheus{}},
		{"request", "Requests that failed by a fault of the provider's.", total("ProviderFaults", Count), Prometheus{}},
		{"request", "Requests that failed by our own fault, or one that only the operator can cure.", total("GatewayFaults", Count), Prometheus{}},
		{"request", "Time from a request's arrival to the end of its answer; answered requests only.", total("Latency", Milliseconds), Prometheus{}},
		{"request", "Time from a request's arrival to its end; error_type is its outcome, and empty for one that was answered.", CloudWatch{},
			genAI("gen_ai.server.request.duration", "gen_ai_server_request_duration_seconds", "error_type")},
		{"request", "Time from a request's arrival to the first content of its answer; answered streams only.",
			total("FirstToken", Milliseconds),
			genAI("gen_ai.server.time_to_first_token", "gen_ai_server_time_to_first_token_seconds")},
		{"request", "Time that a request waited for room in a quota, 0 included; requests that looked for room only.",
			total("Wait", Milliseconds), histogram("fallow_wait_seconds", "route")},
		{"request", "What Fallow itself added to the time to the first content, waits left out; requests answered by their first call.",
			total("Overhead", Milliseconds), histogram("fallow_overhead_seconds")},
		{"request", "Input tokens that came from no cache and went to none.", total("InputTokens", Count), Prometheus{}},
		{"request", "Output tokens, reasoning included.", total("OutputTokens", Count), Prometheus{}},
		{"request", "Input tokens read from a provider's prompt cache.", total("CacheReadTokens", Count), Prometheus{}},
		{"request", "Input tokens written to a provider's prompt cache.", total("CacheWriteTokens", Count), Prometheus{}},
		{"request", "Tokens by type: cache_read, cache_write, input (all other input) or output.", CloudWatch{}, counter("fallow_tokens_total", "pool", "type")},
		{"request", "What the tokens cost in US dollars, at list prices; models with a known price only.",
			total("Cost", NoUnit), counter("fallow_cost_dollars_total", "pool")},
	}
}

// upstreamMetrics tell what Fallow saw of providers.
func upstreamMetrics() []Metric {
	return []Metric{
		{"request", "Calls made to providers.", total("UpstreamCalls", Count), Prometheus{}},
		{"request", "429s met upstream: calls that met a limit of a quota.", total("UpstreamLimits", Count), Prometheus{}},
		{"attempt", "Calls to providers that failed, by why they did.", by("UpstreamFailures", Count, "Pool", "Class"), Prometheus{}},
		{"attempt", "Calls to providers, by why they failed; class answered stands for success.", CloudWatch{}, counter("fallow_attempts_total", "pool", "class")},
		{"attempt", "Length of a call to a provider, to the end of its answer; error_type is its class, and empty for one that was answered.", CloudWatch{},
			genAI("gen_ai.client.operation.duration", "gen_ai_client_operation_duration_seconds", "error_type")},
		{"attempt", "Time from sending a call to the first content of its stream.", CloudWatch{},
			genAI("gen_ai.client.operation.time_to_first_chunk", "gen_ai_client_operation_time_to_first_chunk_seconds")},
		{"attempt", "Tokens of a call, by gen_ai_token_type: input (cached ones included) or output.", CloudWatch{},
			genAI("gen_ai.client.token.usage", "gen_ai_client_token_usage", "gen_ai_token_type")},
	}
}
