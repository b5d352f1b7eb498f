package peerconfig

var (
	ownCodes  = other("Fallow fails over by what an answer means, not by its status")
	noPortkey = lost("it is a service of Portkey's")
)

// portkeyReasons are for what is left of a Portkey config.
var portkeyReasons = map[string]reason{
	"name": nothing, "weight": nothing, "version": nothing, "id": nothing, "slug": nothing, "success": nothing,
	"created_at": nothing, "last_updated_at": nothing, "organisation_id": nothing, "workspace_id": nothing,

	"retry": ownRetries, "on_status_codes": ownCodes, "onStatusCodes": ownCodes,
	"request_timeout": lost("it is no number of milliseconds"), "requestTimeout": lost("it is no number of milliseconds"),
	"cache": noCache, "override_params": noParams, "overrideParams": noParams,
	"input_guardrails": noGuards, "output_guardrails": noGuards, "inputGuardrails": noGuards, "outputGuardrails": noGuards,
	"before_request_hooks": noGuards, "after_request_hooks": noGuards, "beforeRequestHooks": noGuards, "afterRequestHooks": noGuards,
	"default_input_guardrails": noGuards, "default_output_guardrails": noGuards,
	"cb_config": ownRests, "cbConfig": ownRests,

	"forward_headers": noHeaders, "forwardHeaders": noHeaders, "openai_organization": noHeaders, "openai_project": noHeaders,
	"anthropic_beta": noHeaders, "anthropic_version": noHeaders,
	"sticky_session": other("a conversation stays with one quota group by itself"),
	"prompt_id":      noPortkey, "trace_id": noPortkey, "metadata": noPortkey,
	"api_version": other("the API that Azure offers in OpenAI's own form needs no version"),
	"apiVersion":  other("the API that Azure offers in OpenAI's own form needs no version"),
	"model":       noParams, "temperature": noParams, "max_tokens": noParams, "top_p": noParams,
}
