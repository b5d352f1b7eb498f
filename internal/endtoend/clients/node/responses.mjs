// The official OpenAI SDK for Node, Responses, against the gateway in
// OPENAI_BASE_URL, with the model in MODEL.
// Each check throws when something is off; the process then exits with 1.
import assert from "node:assert/strict";
import OpenAI from "openai";

const ask = { model: process.env.MODEL, input: "Say hello.", store: false };
const askTool = {
  ...ask,
  input: [{ role: "user", content: "What is the weather in Sydney? Use the tool." }],
  tools: [{ type: "function", name: "get_weather", description: "Current weather of a city", strict: false,
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }],
};
const client = new OpenAI();

function callOf(answer) {
  const call = answer.output.find((item) => item.type === "function_call");
  assert.equal(call?.name, "get_weather");
  assert.ok("city" in JSON.parse(call.arguments));
  return call;
}

const checks = {
  async whole() {
    const answer = await client.responses.create({ ...ask, instructions: "You are terse." });
    assert.ok(answer.output_text.includes('You wrote: "Say hello."'), answer.output_text);
    assert.equal(answer.status, "completed");
    assert.ok(answer.usage.output_tokens > 0);
  },
  async stream() {
    let text = "", last;
    for await (const event of await client.responses.create({ ...ask, stream: true })) {
      if (event.type === "response.output_text.delta") text += event.delta;
      last = event;
    }
    assert.equal(last.type, "response.completed");
    assert.ok(text.includes('You wrote: "Say hello."'), text);
  },
  async tool() {
    const answer = await client.responses.create(askTool);
    const result = { type: "function_call_output", call_id: callOf(answer).call_id, output: "22 degrees" };
    const final = await client.responses.create({ ...askTool, input: [...askTool.input, ...answer.output, result] });
    assert.ok(final.output_text.includes('The tool answered: "22 degrees"'), final.output_text);
  },
  async toolStream() {
    callOf(await client.responses.stream(askTool).finalResponse());
  },
  async badRequest() {
    const input = [{ role: "nobody", content: "x" }];
    await assert.rejects(client.responses.create({ ...ask, input }),
      (e) => e instanceof OpenAI.BadRequestError && e.type === "invalid_request_error");
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log("ok", name);
}
