package peerconfig

// bifrostReasons are for what is left of a Bifrost configuration.
var bifrostReasons = map[string]reason{
	"$schema": nothing, "id": nothing, "description": nothing, "name": nothing, "priority": nothing, "is_active": nothing,
	"enabled": nothing, "from_env": nothing, "version": nothing,

	"max_retries": ownRetries, "retry_backoff_initial": ownRetries, "retry_backoff_max": ownRetries,
	"retry_backoff_initial_ms": ownRetries, "retry_backoff_max_ms": ownRetries,
	"concurrency_and_buffer_size": ownLimits, "max_conns_per_host": ownLimits,
	"default_request_timeout_in_seconds": lost("it is no number of seconds"),
	"stream_idle_timeout_in_seconds":     lost("it is no number of seconds"),
	"weight":                             lost("it is no number"),

	"extra_headers": noHeaders, "beta_header_overrides": noHeaders,
	"proxy_config":         other("Fallow uses the proxy that HTTPS_PROXY names"),
	"insecure_skip_verify": lost("Fallow always checks certificates"), "ca_cert_pem": lost("Fallow trusts the system's certificates only"),
	"allow_private_network": nothing, "allowed_requests": other("Fallow offers the APIs that the provider's dialect has"),
	"api_version":        other("the API that Azure offers in OpenAI's own form needs no version"),
	"blacklisted_models": lost("Fallow has no list of models that a key must not serve"),
	"use_for_batch_api":  other("Fallow passes files and batches to OpenAI pools, by any of their keys"),
	"vertex_key_config":  lost("this version does not reach Vertex AI"), "bedrock_key_config": lost(byHand),

	"provider_configs": lost("in this version every client may ask for every model"),
	"mcp_configs":      noMCP, "mcp": noMCP, "budget_id": noBudgets, "budgets": noBudgets, "budget": noBudgets,
	"rate_limit_id": noBudgets, "rate_limits": noBudgets, "rate_limit": noBudgets, "model_configs": noBudgets,
	"teams": noBudgets, "customers": noBudgets, "team_id": noBudgets, "customer_id": noBudgets,
	"auth_config":       other("the admin token is admin.secret; there is no user name"),
	"guardrails_config": noGuards,

	"client": other("these settings are about Bifrost's own process"), "server": other("these settings are about Bifrost's own process"),
	"framework":    other("Fallow has a table of prices of its own"),
	"config_store": noStore, "logs_store": ownLogs, "vector_store": noCache,
	"plugins": lost("Fallow has no plugins"), "encryption_key": other("Fallow stores no secrets"),
}
