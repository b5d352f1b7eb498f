package telemetry

// poolMetrics tell how the pools stand.
func poolMetrics() []Metric {
	return []Metric{
		{"booking", "Searches for room in a pool that found none in time.", by("Exhausted", Count, "Pool"), Prometheus{}},
		{"booking", "Searches for room in a pool: booked, exhausted or out_of_time.", CloudWatch{}, counter("fallow_bookings_total", "pool", "result")},
		{"cooldown", "Cooldowns that began, by what the provider refused for.", by("Cooldowns", Count, "Pool", "Class"), Prometheus{}},
		{"cooldown", "Changes of cooldowns: begun, extended, probed, ended or cleared.", CloudWatch{},
			counter("fallow_cooldown_changes_total", "pool", "class", "change")},
		{"rebalance", "Runs of the rebalancer. None for five minutes means that it does not run.", total("RebalanceRuns", Count), Prometheus{}},
		{"rebalance", "Runs of the rebalancer in this process, by result: ok or failed.", CloudWatch{}, counter("fallow_rebalance_runs_total", "result")},
		{"rebalance", "Runs of the rebalancer in which something did not work.", total("RebalanceFailures", Count), Prometheus{}},
		{"rebalance", "Length of a run of the rebalancer.", total("RebalanceTime", Milliseconds), Prometheus{}},
		{"rebalance", "When the rebalancer last ran in this process, in seconds since 1970.",
			CloudWatch{}, gauge("fallow_rebalance_last_run_timestamp_seconds")},
		{"rebalance", "Groups and keys in quarantine: used again only after a probe has succeeded.",
			total("Quarantined", Count), gauge("fallow_quarantined")},
		{"rebalance", "Free share of a group's tightest limit, where one is known.",
			by("Headroom", Percent, "Pool", "Group"), gauge("fallow_group_headroom_ratio", "pool", "group")},
		{"rebalance", "1 for a group of which no key can serve every model, else 0.",
			by("Resting", Count, "Pool", "Group"), gauge("fallow_group_resting", "pool", "group")},
		{"rebalance", "Part of a key's base weight in force, 0 to 1.",
			by("Weight", NoUnit, "Pool", "Key"), gauge("fallow_key_weight_ratio", "pool", "key")},
		{"store", "Calls to the shared state that failed; requests went on with local knowledge.",
			total("StoreFailures", Count), counter("fallow_store_failures_total", "operation")},
	}
}

// processMetrics tell of the process itself.
func processMetrics() []Metric {
	return []Metric{
		{"process", "First requests of new processes.", total("ColdStarts", Count), Prometheus{}},
		{"process", "Events that telemetry had no room for.", CloudWatch{}, counter("fallow_telemetry_dropped_events_total")},
		{"process", "Always 1; its label tells the version.", CloudWatch{}, gauge("fallow_build_info", "version")},
		{"process", "Number of the config revision that is served; 0 for the deployed file.", CloudWatch{}, gauge("fallow_config_revision")},
	}
}
