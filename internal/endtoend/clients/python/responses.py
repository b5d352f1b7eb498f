"""The official OpenAI SDK for Python, Responses, against the gateway in
OPENAI_BASE_URL, with the model in MODEL.

Each check raises when something is off; the process then exits with 1.
"""
import json
import os

import openai
from openai import OpenAI
from pydantic import BaseModel

MODEL = os.environ["MODEL"]
TOOLS = [{"type": "function", "name": "get_weather", "description": "Current weather of a city", "strict": False,
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}]
ASK_TOOL = [{"role": "user", "content": "What is the weather in Sydney? Use the tool."}]

client = OpenAI()


def whole():
    answer = client.responses.create(model=MODEL, instructions="You are terse.", input="Say hello.", store=False)
    assert 'You wrote: "Say hello."' in answer.output_text, answer
    assert answer.status == "completed" and answer.usage.output_tokens > 0, answer


def stream():
    kinds, text = [], ""
    for event in client.responses.create(model=MODEL, input="Say hello.", stream=True, store=False):
        kinds.append(event.type)
        if event.type == "response.output_text.delta":
            text += event.delta
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed", kinds
    assert event.response.output_text == text != "", (event, text)
    assert event.response.usage.total_tokens > 0, event


def call_of(answer):
    [call] = [item for item in answer.output if item.type == "function_call"]
    assert call.name == "get_weather" and "city" in json.loads(call.arguments), call
    return call


def tool():
    answer = client.responses.create(model=MODEL, input=ASK_TOOL, tools=TOOLS, store=False)
    call = call_of(answer)
    history = ASK_TOOL + [item.model_dump(exclude_none=True) for item in answer.output]
    history.append({"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"})
    final = client.responses.create(model=MODEL, input=history, tools=TOOLS, store=False)
    assert 'The tool answered: "22 degrees"' in final.output_text, final


def tool_stream():
    with client.responses.stream(model=MODEL, input=ASK_TOOL, tools=TOOLS, store=False) as events:
        for _ in events:
            pass
        call_of(events.get_final_response())


def structured():
    class Verdict(BaseModel):
        ok: bool

    answer = client.responses.parse(model=MODEL, input="Judge.", text_format=Verdict, store=False)
    assert isinstance(answer.output_parsed, Verdict), answer


def bad_request():
    try:
        client.responses.create(model=MODEL, input=[{"role": "nobody", "content": "x"}], store=False)
    except openai.BadRequestError as error:
        assert error.type == "invalid_request_error", error.body
    else:
        raise AssertionError("a bad role was accepted")


for check in (whole, stream, tool, tool_stream, structured, bad_request):
    check()
    print("ok", check.__name__, flush=True)
