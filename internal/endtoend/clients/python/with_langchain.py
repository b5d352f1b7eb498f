"""LangChain against the gateway in OPENAI_BASE_URL and ANTHROPIC_BASE_URL, with
the model in MODEL: by Chat Completions, by Responses and by Messages.

Each check raises when something is off; the process then exits with 1.
"""
import os

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

MODEL = os.environ["MODEL"]
ASK = [("system", "You are terse."), ("human", "Say hello.")]
APIS = {
    "chat": ChatOpenAI(model=MODEL, use_responses_api=False, stream_usage=True),
    "responses": ChatOpenAI(model=MODEL, use_responses_api=True, store=False),
    "messages": ChatAnthropic(model=MODEL, max_tokens=500),
}


@tool
def get_weather(city: str) -> str:
    """Current weather of a city."""
    return "22 degrees"


def whole(llm):
    answer = llm.invoke(ASK)
    assert 'You wrote: "Say hello."' in answer.text, answer
    assert answer.usage_metadata["output_tokens"] > 0, answer


def stream(llm):
    answer = None
    for chunk in llm.stream(ASK):
        answer = chunk if answer is None else answer + chunk
    assert 'You wrote: "Say hello."' in answer.text, answer
    assert answer.usage_metadata["output_tokens"] > 0, answer


def tools(llm):
    llm = llm.bind_tools([get_weather])
    history = [HumanMessage("What is the weather in Sydney? Use the tool.")]
    answer = None
    for chunk in llm.stream(history):
        answer = chunk if answer is None else answer + chunk
    [call] = answer.tool_calls
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    final = llm.invoke(history + [answer, result])
    assert 'The tool answered: "22 degrees"' in final.text, final


for name, llm in APIS.items():
    for check in (whole, stream, tools):
        check(llm)
        print("ok", name, check.__name__, flush=True)
