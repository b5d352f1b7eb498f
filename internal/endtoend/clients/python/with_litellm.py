"""LiteLLM's client library against the gateway in OPENAI_BASE_URL and
ANTHROPIC_BASE_URL, with the model in MODEL: by Chat Completions, by Responses
and by Messages.

Each check raises when something is off; the process then exits with 1.
"""
import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it fetches a table of prices when imported

import litellm

TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Current weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
ASK = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "Say hello."}]
ASK_TOOL = [{"role": "user", "content": "What is the weather in Sydney? Use the tool."}]
MODEL = os.environ["MODEL"]
# What stands before the slash is the API that LiteLLM speaks.
APIS = {
    "chat": {"model": "openai/" + MODEL, "api_base": os.environ["OPENAI_BASE_URL"]},
    "responses": {"model": "openai/responses/" + MODEL, "api_base": os.environ["OPENAI_BASE_URL"], "store": False},
}
if not MODEL.startswith("gpt-"):  # for names that it knows to be OpenAI's, LiteLLM sends Messages to OpenAI's SDK
    APIS["messages"] = {"model": "anthropic/" + MODEL, "api_base": os.environ["ANTHROPIC_BASE_URL"], "max_tokens": 500}
# It imitates the streams of Responses, without tool calls, for models that it does not know to stream.
litellm.register_model({"openai/" + MODEL: {"litellm_provider": "openai", "mode": "responses", "supports_native_streaming": True}})


def whole(api):
    answer = litellm.completion(messages=ASK, **api)
    assert 'You wrote: "Say hello."' in answer.choices[0].message.content, answer
    assert answer.usage.completion_tokens > 0, answer


def stream(api):
    chunks = list(litellm.completion(messages=ASK, stream=True, **api))
    answer = litellm.stream_chunk_builder(chunks, messages=ASK)
    assert 'You wrote: "Say hello."' in answer.choices[0].message.content, answer


def tools(api):
    chunks = list(litellm.completion(messages=ASK_TOOL, tools=TOOLS, stream=True, **api))
    message = litellm.stream_chunk_builder(chunks, messages=ASK_TOOL).choices[0].message
    [call] = message.tool_calls
    assert "city" in json.loads(call.function.arguments), call
    result = {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"}
    final = litellm.completion(messages=ASK_TOOL + [message.model_dump(exclude_none=True), result], tools=TOOLS, **api)
    assert 'The tool answered: "22 degrees"' in final.choices[0].message.content, final


for name, api in APIS.items():
    for check in (whole, stream, tools):
        check(api)
        print("ok", name, check.__name__, flush=True)
