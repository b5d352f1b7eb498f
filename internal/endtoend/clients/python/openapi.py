"""Answers of the gateway in OPENAI_BASE_URL, with the model in MODEL, against
OpenAI's published OpenAPI description, pruned in ../../openapi/openai.json.

Each check raises when something is off; the process then exits with 1.
"""
import json
import os
import pathlib

import httpx
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

MODEL = os.environ["MODEL"]
SCHEMAS = json.loads((pathlib.Path(__file__).parents[2] / "openapi/openai.json").read_text())
http = httpx.Client(base_url=os.environ["OPENAI_BASE_URL"], timeout=30,
                    headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STRICT = {"name": "verdict", "strict": True, "schema": {
    "type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}}
CHAT_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
TOOL = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}
CUSTOM_TOOL = {"type": "custom", "name": "run_code", "description": "Runs code"}
HELLO, WEATHER = "Say hello.", "What is the weather in Sydney? Use the tool."

CHATS = {
    "words": {},
    "bounded": {"max_completion_tokens": 20, "service_tier": "auto"},
    "reasoning": {"reasoning_effort": "high"},
    "structured": {"response_format": {"type": "json_schema", "json_schema": STRICT}},
    "tool": {"messages": [{"role": "user", "content": WEATHER}], "tools": [CHAT_TOOL]},
    "parallel tools": {"messages": [{"role": "user", "content": WEATHER + " Twice, in parallel."}], "tools": [CHAT_TOOL]},
}
RESPONSES = {
    "words": {"instructions": "You are terse.", "metadata": {"a": "b"}},
    "bounded": {"max_output_tokens": 20, "temperature": 1},
    "reasoning": {"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
    "structured": {"text": {"format": {"type": "json_schema", **STRICT}}},
    "tool": {"input": WEATHER, "tools": [TOOL]},
    "parallel tools": {"input": WEATHER + " Twice, in parallel.", "tools": [TOOL], "tool_choice": "auto"},
    "custom tool": {"input": "Run some code with the tool.", "tools": [CUSTOM_TOOL]},
}


def validate(name, value):
    fault = best_match(Draft202012Validator({"$ref": "#/$defs/" + name, **SCHEMAS}).iter_errors(value))
    assert fault is None, f"{name}: {fault.json_path}: {fault.message} in {json.dumps(value)[:2000]}"


# Events by their type: the choice of all of them would say only that none fits.
EVENTS = {}
for ref in SCHEMAS["$defs"]["ResponseStreamEvent"]["anyOf"]:
    name = ref["$ref"].removeprefix("#/$defs/")
    [kind] = SCHEMAS["$defs"][name]["properties"]["type"]["enum"]
    EVENTS[kind] = name


def post(path, body, status=200):
    answer = http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer


def data_of(answer):
    return [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]


def chat(extra):
    body = {"model": MODEL, "messages": [{"role": "user", "content": HELLO}], **extra}
    validate("CreateChatCompletionResponse", post("chat/completions", body).json())
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, end = data_of(post("chat/completions", {**body, **options}))
    assert end == "[DONE]" and len(chunks) > 2, chunks
    for chunk in chunks:
        validate("CreateChatCompletionStreamResponse", json.loads(chunk))


def responses(extra):
    body = {"model": MODEL, "input": HELLO, "store": False, **extra}
    validate("Response", post("responses", body).json())
    events = [json.loads(data) for data in data_of(post("responses", {**body, "stream": True}))]
    assert [e["sequence_number"] for e in events] == list(range(len(events))), events
    for event in events:
        validate(EVENTS[event["type"]], event)
    assert events[-1]["type"] in ("response.completed", "response.incomplete"), events[-1]


def errors():
    for path in ("chat/completions", "responses"):
        validate("ErrorResponse", post(path, {"model": MODEL}, status=400).json())


def models():
    validate("ListModelsResponse", http.get("models").json())


for name, extra in CHATS.items():
    chat(extra)
    print("ok chat", name, flush=True)
for name, extra in RESPONSES.items():
    responses(extra)
    print("ok responses", name, flush=True)
for check in (errors, models):
    check()
    print("ok", check.__name__, flush=True)
