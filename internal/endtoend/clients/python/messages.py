"""The official Anthropic SDK for Python against the gateway in
ANTHROPIC_BASE_URL, with the model in MODEL.

Each check raises when something is off; the process then exits with 1.
"""
import os

import anthropic
from anthropic import Anthropic

MODEL = os.environ["MODEL"]
TOOLS = [{"name": "get_weather", "description": "Current weather of a city",
          "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}]
ASK = [{"role": "user", "content": "Say hello."}]
ASK_TOOL = [{"role": "user", "content": "What is the weather in Sydney? Use the tool."}]

client = Anthropic()


def text_of(answer):
    """Models that think put their thoughts before it."""
    return "".join(block.text for block in answer.content if block.type == "text")


def whole():
    raw = client.messages.with_raw_response.create(model=MODEL, max_tokens=500, system="You are terse.", messages=ASK)
    answer = raw.parse()
    assert 'You wrote: "Say hello."' in text_of(answer), answer
    assert answer.stop_reason == "end_turn" and answer.usage.output_tokens > 0, answer
    assert raw.headers["x-fallow-request-id"].startswith("req_"), raw.headers


def stream():
    with client.messages.stream(model=MODEL, max_tokens=500, messages=ASK) as events:
        text = "".join(events.text_stream)
        answer = events.get_final_message()
    assert text == text_of(answer) != "", (text, answer)
    assert answer.stop_reason == "end_turn" and answer.usage.output_tokens > 0, answer


def call_of(answer):
    [call] = [block for block in answer.content if block.type == "tool_use"]
    assert answer.stop_reason == "tool_use" and call.name == "get_weather" and "city" in call.input, answer
    return call


def tool():
    answer = client.messages.create(model=MODEL, max_tokens=500, messages=ASK_TOOL, tools=TOOLS)
    result = {"type": "tool_result", "tool_use_id": call_of(answer).id, "content": "22 degrees"}
    history = ASK_TOOL + [{"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    final = client.messages.create(model=MODEL, max_tokens=500, messages=history, tools=TOOLS)
    assert 'The tool answered: "22 degrees"' in text_of(final), final


def tool_stream():
    with client.messages.stream(model=MODEL, max_tokens=500, messages=ASK_TOOL, tools=TOOLS) as events:
        call_of(events.get_final_message())


def count():
    counted = client.messages.count_tokens(model=MODEL, messages=ASK)
    assert counted.input_tokens > 0, counted


def bad_request():
    try:
        client.messages.create(model=MODEL, max_tokens=5, messages=[{"role": "nobody", "content": "x"}])
    except anthropic.BadRequestError as error:
        assert error.body["type"] == "error" and error.body["error"]["type"] == "invalid_request_error", error.body
    else:
        raise AssertionError("a bad role was accepted")


def models():
    assert any(m.id == MODEL for m in client.models.list()), "the model list lacks " + MODEL


for check in (whole, stream, tool, tool_stream, count, bad_request, models):
    check()
    print("ok", check.__name__, flush=True)
