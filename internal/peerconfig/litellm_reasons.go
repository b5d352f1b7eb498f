package peerconfig

// litellmReasons are for what is left of a LiteLLM configuration.
var litellmReasons = map[string]reason{
	"rpm": ownLimits, "tpm": ownLimits, "max_parallel_requests": ownLimits, "default_max_parallel_requests": ownLimits,
	"enable_pre_call_checks": ownLimits, "routing_strategy": other("Fallow takes the key with the most room left, by its weight"),
	"routing_strategy_args": other("Fallow takes the key with the most room left, by its weight"),

	"num_retries": ownRetries, "max_retries": ownRetries, "retry_policy": ownRetries, "retry_after": ownRetries,
	"model_group_retry_policy": ownRetries, "max_fallbacks": ownRetries,
	"cooldown_time": ownRests, "allowed_fails": ownRests, "allowed_fails_policy": ownRests, "disable_cooldowns": ownRests,

	"context_window_fallbacks": lost("Fallow does not fail over when a request is too long for a model"),
	"content_policy_fallbacks": lost("Fallow does not fail over when a provider refuses the content"),
	"timeout":                  lost("it is no number of seconds"),
	"stream_timeout":           lost("it is no number of seconds"),
	"request_timeout":          lost("it is no number of seconds"),
	"weight":                   lost("it is no number"),

	"cache": noCache, "cache_params": noCache, "cache_responses": noCache, "cache_kwargs": noCache,
	"key_management_system":   lost("Fallow reads secrets from the environment, files and AWS Secrets Manager"),
	"key_management_settings": lost("Fallow reads secrets from the environment, files and AWS Secrets Manager"),
	"mcp_servers":             noMCP, "guardrails": noGuards, "prompts": lost("Fallow keeps no prompts"),
	"max_budget": noBudgets, "budget_duration": noBudgets, "provider_budget_config": noBudgets, "max_internal_user_budget": noBudgets,
	"default_team_settings": noBudgets, "default_internal_user_params": noBudgets, "max_user_budget": noBudgets,
	"pass_through_endpoints": lost("Fallow passes calls through to a provider's own API only, below the name of a pool with passthrough: true"),

	"redis_host": noStore, "redis_port": noStore, "redis_password": noStore, "redis_url": noStore,
	"database_url": noStore, "store_model_in_db": noStore, "database_connection_pool_limit": noStore,
	"callbacks": ownLogs, "success_callback": ownLogs, "failure_callback": ownLogs, "service_callbacks": ownLogs,
	"set_verbose": ownLogs, "json_logs": ownLogs, "debug_level": ownLogs, "alerting": ownLogs, "alerting_threshold": ownLogs,
	"turn_off_message_logging": ownLogs,

	"credential_info": nothing,
	"hidden":          lost("GET /v1/models lists every route"),
	"drop_params":     other("Fallow lists parameters that it could not honour in x-fallow-dropped-params"),
	"model_info":      other("Fallow has a table of prices and context windows of its own"),
	"salt_key":        other("Fallow stores no secrets"), "environment_variables": other("set these variables where Fallow runs"),
	"api_version":  other("the API that Azure offers in OpenAI's own form needs no version"),
	"organization": other("Fallow learns which keys share an organisation; name it as quota of the key if you know it"),

	"temperature": noParams, "max_tokens": noParams, "top_p": noParams, "extra_body": noParams, "thinking": noParams,
	"reasoning_effort": noParams, "default_litellm_params": noParams, "modify_params": noParams, "seed": noParams,
	"extra_headers": noHeaders, "default_headers": noHeaders, "headers": noHeaders,
	"tags": lost("Fallow has no routing by tags"), "enable_tag_filtering": lost("Fallow has no routing by tags"),
	"input_cost_per_token":  lost("Fallow has a table of prices of its own and takes none from the configuration"),
	"output_cost_per_token": lost("Fallow has a table of prices of its own and takes none from the configuration"),
}
