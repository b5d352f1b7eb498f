"""The official OpenAI SDK for Python, Chat Completions, against the gateway in
OPENAI_BASE_URL, with the model in MODEL.

Each check raises when something is off; the process then exits with 1.
"""
import json
import os

import openai
from openai import OpenAI

MODEL = os.environ["MODEL"]
TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Current weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
ASK = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "Say hello."}]
ASK_TOOL = [{"role": "user", "content": "What is the weather in Sydney? Use the tool."}]

client = OpenAI()


def whole():
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=ASK)
    answer = raw.parse()
    assert answer.choices[0].message.content, answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0, answer
    assert raw.headers["x-fallow-request-id"].startswith("req_"), raw.headers
    assert "/" in raw.headers["x-fallow-target"], raw.headers


def stream():
    text, usage, reason = "", None, None
    for chunk in client.chat.completions.create(model=MODEL, messages=ASK, stream=True,
                                                stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    assert text and reason == "stop", (text, reason)
    assert usage and usage.completion_tokens > 0, usage


def tool():
    answer = client.chat.completions.create(model=MODEL, messages=ASK_TOOL, tools=TOOLS)
    call = answer.choices[0].message.tool_calls[0]
    assert answer.choices[0].finish_reason == "tool_calls", answer
    assert "city" in json.loads(call.function.arguments), call
    history = ASK_TOOL + [answer.choices[0].message.model_dump(exclude_none=True),
                          {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"}]
    final = client.chat.completions.create(model=MODEL, messages=history, tools=TOOLS)
    assert final.choices[0].message.content, final


def tool_stream():
    with client.chat.completions.stream(model=MODEL, messages=ASK_TOOL, tools=TOOLS) as events:
        for _ in events:
            pass
        call = events.get_final_completion().choices[0].message.tool_calls[0]
    assert "city" in json.loads(call.function.arguments), call


def image():
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + pixel}}]}])
    assert answer.choices[0].message.content, answer


def structured():
    schema = {"name": "verdict", "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}},
                                            "required": ["ok"], "additionalProperties": False}}
    answer = client.chat.completions.create(model=MODEL, messages=ASK,
                                            response_format={"type": "json_schema", "json_schema": schema})
    assert isinstance(json.loads(answer.choices[0].message.content)["ok"], bool), answer


def bad_request():
    try:
        client.chat.completions.create(model=MODEL, messages=[{"role": "nobody", "content": "x"}])
    except openai.BadRequestError as error:
        assert error.param == "messages[0].role", error.body
    else:
        raise AssertionError("a bad role was accepted")


def models():
    assert any(m.id == MODEL for m in client.models.list()), "the model list lacks " + MODEL


for check in (whole, stream, tool, tool_stream, image, structured, bad_request, models):
    check()
    print("ok", check.__name__, flush=True)
